"""What is delivered shows the source's colours: ramps and bars through every format, its tags as other programs read them."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.errors import UnsupportedMedia
from heygem_core.media import interlace
from heygem_core.media.colour import ColourTags, write_tags
from heygem_core.media.deinterlace import deinterlaced
from heygem_core.media.deliverables import DELIVERABLES, DeliverableName
from heygem_core.media.formats import format_for, hdr_is_lost, siting_is_lost
from heygem_core.media.hdr import read_static_hdr
from heygem_core.media.interlace import FieldSearch
from heygem_core.media.joiner import join_pieces
from heygem_core.media.pixels import component_views, pixel_format
from heygem_core.media.planes import copy_frame
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.take_timing import timing_of
from heygem_core.media.writer import TakeWriter

from ..matrices import matrix
from .make import BT709, video
from .test_takes import SUFFIX, copy

SIZE = (512, 256)
BARS = [
    (180, 128, 128),
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
    (16, 128, 128),
]  # 75 %
LOSSLESS = {"ffv1"}
INTRA = {"prores", "prores4444", "dnxhr", "dnxhr-hq", "dnxhr-hqx"}
TAGS = {
    "709": BT709,
    "601 525": ColourTags(primaries=6, transfer=6, matrix=6, range=1),
    "601 625": ColourTags(primaries=5, transfer=6, matrix=5, range=1),
    "2020 PQ": ColourTags(primaries=9, transfer=16, matrix=9, range=1),
    "2020 HLG": ColourTags(primaries=9, transfer=18, matrix=9, range=1),
    "log": ColourTags(primaries=9, transfer=9, matrix=9, range=1),
    "camera log, transfer unknown": ColourTags(primaries=9, matrix=9, range=1),
}


def chart(path: Path, pix_fmt: str, tags: ColourTags, *, codec: str = "ffv1", count: int = 4) -> Path:
    """A horizontal ramp over all legal codes at the format's depth, colour bars below it, and a square that moves."""
    form = pixel_format(pix_fmt)
    assert form is not None
    unit = 1 << (form.bits - 8)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=Fraction(25), options={"profile": "4"} if codec == "prores_ks" else {})
        stream.width, stream.height, stream.pix_fmt = *SIZE, pix_fmt
        write_tags(stream.codec_context, tags)
        for number in range(count):
            frame = av.VideoFrame(*SIZE, pix_fmt)
            for place, view in enumerate(component_views(frame)):
                rows, columns = view.shape
                ramp = 16 * unit + np.arange(columns) / (columns - 1) * 219 * unit if not place else np.full(columns, 128 * unit)
                view[: rows // 2] = np.rint(ramp)
                view[rows // 2 :] = np.repeat([bar[place] * unit for bar in BARS], columns // 8)[None]
                view[: rows // 16, columns * number // 8 : columns * (number + 1) // 8] = 90 * unit
            write_tags(frame, tags)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("pix_fmt", "name"), matrix(["yuv420p", "yuv422p10le"], DELIVERABLES.names()))
def test_a_ramp_and_bars_keep_their_codes(name: DeliverableName, pix_fmt: str, tmp_path: Path) -> None:
    """To the code where the format has no loss, else within the codec's own error; in no format with an offset."""
    source = probe(chart(tmp_path / "chart.mkv", pix_fmt, BT709))
    take = copy(source.path, tmp_path / f"take{SUFFIX[name]}", name)
    for old, new in zip(read_frames(source), read_frames(take), strict=True):
        before, after = component_views(old.picture)[0], component_views(new.picture)[0]
        error = after / (1 << (take.bit_depth - 8)) - before / (1 << (source.bit_depth - 8))  # codes of 8 bits
        if name in LOSSLESS:
            assert not error.any()
            continue
        flat = error[32:-32]  # away from the square
        assert abs(flat.mean()) < 0.1, "an offset"
        assert np.abs(flat).mean() < (0.15 if name in INTRA and take.bit_depth > 8 else 0.6)
        assert np.quantile(np.abs(flat), 0.99) <= (1.0 if name in INTRA else 2.5)


@pytest.mark.parametrize(("codec", "suffix"), [("ffv1", ".mkv"), ("prores_ks", ".mov")])
def test_twelve_bits_go_through_without_a_step_of_eight(codec: str, suffix: str, tmp_path: Path) -> None:
    """FFV1 keeps every code of twelve bits; ProRes 4444 rounds them to the ten that its encoder here has."""
    source = probe(chart(tmp_path / f"chart{suffix}", "yuv444p12le" if codec == "ffv1" else "yuv444p10le", BT709, codec=codec))
    assert source.bit_depth == 12, "ProRes 4444 is decoded to twelve bits"
    ramps = {}
    for name in ("ffv1", "prores4444"):
        take = copy(source.path, tmp_path / f"take{SUFFIX[name]}", name)  # type: ignore[arg-type]
        assert take.bit_depth == 12
        ramps[name] = [component_views(frame.picture)[0][100].astype(int) for frame in read_frames(take)]
    wanted = [component_views(frame.picture)[0][100].astype(int) for frame in read_frames(source)]
    np.testing.assert_array_equal(ramps["ffv1"], wanted)
    error = np.abs(np.array(ramps["prores4444"]) - wanted)
    assert error.mean() < 2.5, "eight bits would be wrong by four on average, ten by one"
    assert len(np.unique(ramps["prores4444"])) > 400, "of 512 columns; eight bits have 220"


@pytest.mark.parametrize(("label", "name"), matrix(TAGS, DELIVERABLES.names()))
def test_tags_are_the_source_s_as_pyav_and_ffprobe_read_them(label: str, name: DeliverableName, tmp_path: Path) -> None:
    tags = TAGS[label]
    source = chart(tmp_path / "chart.mkv", "yuv422p10le", tags, count=2)
    assert probe(source).colour == tags
    take = copy(source, tmp_path / f"take{SUFFIX[name]}", name)
    assert (take.colour.primaries, take.colour.transfer, take.colour.matrix) == (tags.primaries, tags.transfer, tags.matrix)
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_streams", "-of", "json"]
    (said,), (wanted,) = (
        json.loads(subprocess.run([*command, str(path)], capture_output=True, check=True, timeout=60).stdout)["streams"]
        for path in (take.path, source)
    )
    for key in ("color_primaries", "color_transfer", "color_space"):
        assert said.get(key) == wanted.get(key)
    assert said.get("color_range", "tv") == "tv"
    assert (said["r_frame_rate"], said["width"], said["height"]) == ("25/1", *SIZE)
    if name == "hevc":
        assert said["codec_tag_string"] == "hvc1"


def test_hevc_pieces_join_and_stay_hvc1(tmp_path: Path) -> None:
    source = probe(chart(tmp_path / "chart.mkv", "yuv420p10le", BT709, count=18))
    row = format_for("take.mp4", "hevc", source)
    pieces = []
    for start, end in ((0, 8), (8, 16), (16, 18)):
        pieces.append(tmp_path / f"{start}.mp4")
        with TakeWriter(pieces[-1], row, source, timing_of(source, range(start, end))) as take:
            for frame in read_frames(source, start, end):
                take.write(frame.picture)
    assert list(join_pieces(tmp_path / "whole.mp4", row, source, timing_of(source, range(18)), pieces)) == [8, 16, 18]
    with av.open(str(tmp_path / "whole.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p10le"
        joined = [component_views(frame)[0].copy() for frame in container.decode(video=0)]
    apart = [component_views(frame.picture)[0].copy() for piece in pieces for frame in read_frames(probe(piece))]
    assert np.array_equal(joined, apart), "packets are copied"


@pytest.mark.parametrize("name", ["prores4444", "prores", "dnxhr"])
def test_changed_and_untouched_frames_are_converted_alike(name: DeliverableName, tmp_path: Path) -> None:
    """The decoder told where chroma lies and our own frames did not, so colours beside the mouth moved by a quarter of a sample."""
    source = probe(chart(tmp_path / "chart.mp4", "yuv420p", BT709, codec="libx264"))
    takes = []
    for own in (False, True):
        with TakeWriter(tmp_path / f"{own}.mov", format_for("take.mov", name, source), source, timing_of(source, range(4))) as take:
            for frame in read_frames(source):
                take.write(copy_frame(frame.picture) if own else frame.picture)
        takes.append([[view.copy() for view in component_views(f.picture)] for f in read_frames(probe(tmp_path / f"{own}.mov"))])
    for one, other in zip(*takes, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_so_few_frames_of_hevc_have_times_all_the_same(count: int, tmp_path: Path) -> None:
    """The encoder gives packets of takes shorter than three frames a decoding time out of memory it never wrote to."""
    source = chart(tmp_path / "chart.mkv", "yuv420p", BT709, count=count)
    for turn in range(3):
        take = copy(source, tmp_path / f"take{turn}.mp4", "hevc")
        assert (take.frame_count, take.duration) == (count, Fraction(count, 25))


def _woven(path: Path, *, top: bool = True, count: int = 12) -> Path:
    """Interlaced: a bar that moves eight pixels from field to field over a still background."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg2video", rate=Fraction(25), options={"top": str(int(top)), "qscale": "2", "b": "20M"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        stream.codec_context.flags |= 1 << 18 | 1 << 29  # interlaced DCT and motion
        for number in range(count):
            frame = av.VideoFrame(320, 240, "yuv420p")
            luma, *chroma = component_views(frame)
            luma[...] = 60 + np.arange(320)[None] // 8
            for field in (0, 1):
                left = 16 * number + 8 * (field if top else 1 - field)
                luma[field::2, left : left + 40] = 200
            for plane in chroma:
                plane[...] = 128
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _combing(luma: np.ndarray) -> float:
    """How much neighbouring lines differ where the lines next to them agree."""
    lines = luma.astype(int)
    return float(np.abs(2 * lines[1:-1] - lines[:-2] - lines[2:]).mean())


def test_interlaced_pictures_are_deinterlaced_by_choice_alone(tmp_path: Path) -> None:
    path = _woven(tmp_path / "woven.mpg")
    with pytest.raises(UnsupportedMedia, match="--deinterlace"):
        probe(path)
    info = probe(path, deinterlace=True)
    assert (info.interlaced, info.rate, info.frame_count) == (True, 25, 12)
    smooth = [component_views(frame.picture)[0].copy() for frame in read_frames(info)]
    with av.open(str(path)) as container:
        raw = [component_views(frame)[0].copy() for frame in container.decode(video=0)]
    assert len(smooth) == len(raw) == 12
    assert _combing(smooth[5]) < 0.15 * _combing(raw[5])
    assert np.abs(smooth[5][:, 200:].astype(int) - raw[5][:, 200:]).mean() < 1, "what stands still stays sharp"


def test_any_range_of_interlaced_frames_gives_the_same_pictures(tmp_path: Path) -> None:
    info = probe(_woven(tmp_path / "woven.mpg"), deinterlace=True)
    whole = [component_views(frame.picture)[0].copy() for frame in read_frames(info)]
    for start, end in ((0, 3), (3, 7), (5, 6), (11, 12)):
        part = [(frame.index, component_views(frame.picture)[0]) for frame in read_frames(info, start, end)]
        assert [index for index, _ in part] == list(range(start, end))
        for index, luma in part:
            np.testing.assert_array_equal(luma, whole[index])


def test_a_deinterlaced_take_is_progressive(tmp_path: Path) -> None:
    info = probe(_woven(tmp_path / "woven.mpg"), deinterlace=True)
    with TakeWriter(tmp_path / "take.mov", format_for("take.mov", None, info), info, timing_of(info, range(12))) as take:
        for frame in read_frames(info):
            take.write(frame.picture)
    written = probe(tmp_path / "take.mov")
    assert (written.frame_count, written.rate, written.interlaced) == (12, 25, False)


def _interlaced_later(folder: Path) -> Path:
    """A programme of 30 progressive frames and 12 interlaced ones."""
    begin = video(folder / "begin.ts", codec="mpeg2video", size=(320, 240), frames=30, bitrate=4_000_000, options={"g": "10"})
    path = folder / "programme.ts"
    path.write_bytes(begin.read_bytes() + _woven(folder / "woven.ts").read_bytes())
    return path


def test_pictures_that_are_interlaced_later_are_found(tmp_path: Path) -> None:
    """Three frames were looked at, and fifty interlaced ones rendered with their lines torn."""
    path = _interlaced_later(tmp_path)
    with pytest.raises(UnsupportedMedia, match="--deinterlace"):
        probe(path)


def test_what_nobody_looked_at_is_refused_when_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _interlaced_later(tmp_path)
    monkeypatch.setattr(FieldSearch, "look_at", lambda self, packet: None)
    info = probe(path)
    assert len(list(read_frames(info, 0, 28))) == 28
    with pytest.raises(UnsupportedMedia, match="from frame 30 on"):
        list(read_frames(info))


def test_some_pictures_all_over_a_file_with_an_index_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = video(tmp_path / "long.mov", codec="prores_ks", pix_fmt="yuv422p10le", frames=240)
    looks: list[float] = []
    monkeypatch.setattr(FieldSearch, "look_at", lambda self, packet: looks.append(float(packet.pts * packet.time_base)))
    probe(path)
    assert looks == sorted(looks)
    assert 24 <= len(looks) <= 30
    assert looks[0] == 0
    assert looks[-1] > 9


@pytest.mark.parametrize("pixels", ["yuv411p", "yuv444p"])  # one is named before what the filter makes, one after it
def test_what_the_filter_would_convert_is_refused(pixels: str, tmp_path: Path) -> None:
    info = probe(_woven(tmp_path / "woven.mpg"), deinterlace=True)
    pictures = [copy_frame(frame.picture) for frame in read_frames(info, 0, 6)]
    assert pictures[0].format.name == "yuv420p"
    with pytest.raises(UnsupportedMedia, match=f"as {pixels}"):
        list(deinterlaced(replace(info, pixels=replace(info.pixels, name=pixels)), iter(pictures)))


@pytest.mark.parametrize("deinterlace", [False, True])
def test_a_stray_field_flag_of_what_is_never_interlaced_ends_nothing(
    deinterlace: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UHD with such a flag was refused in the middle of a render, whatever was chosen."""
    path = _interlaced_later(tmp_path)
    monkeypatch.setattr(interlace, "_TALLEST", 200)
    info = probe(path, deinterlace=deinterlace)
    assert len(list(read_frames(info))) == 42


@pytest.mark.parametrize("found", [True, False])
def test_only_the_interlaced_part_is_deinterlaced(found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _interlaced_later(tmp_path)
    if not found:
        monkeypatch.setattr(FieldSearch, "look_at", lambda self, packet: None)
    info = probe(path, deinterlace=True)
    assert (info.interlaced, info.frame_count, info.rate) == (found, 42, 25)
    smooth = [component_views(frame.picture)[0].copy() for frame in read_frames(info)]
    with av.open(str(path)) as container:
        raw = [component_views(frame)[0].copy() for frame in container.decode(video=0)]
    assert len(raw) == 41, "FFmpeg's decoder loses the last picture before such a change"
    assert all(np.array_equal(one, other) for one, other in zip(smooth[:29], raw[:29], strict=True))
    assert _combing(smooth[36]) < 0.15 * _combing(raw[35])
    for start, end in ((27, 31), (30, 33), (38, 42)):
        for frame in read_frames(info, start, end):
            np.testing.assert_array_equal(component_views(frame.picture)[0], smooth[frame.index])


MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"


def _hdr10(path: Path) -> Path:
    tags = ColourTags(primaries=9, transfer=16, matrix=9, range=1)
    said = f"log-level=none:master-display={MASTERING}:max-cll=1000,400"
    options = {"preset": "ultrafast", "x265-params": said, "chroma_sample_location": "topleft"}
    return video(path, codec="libx265", pix_fmt="yuv420p10le", tags=tags, frames=6, options=options)


@pytest.mark.parametrize("name", ["hevc", "h264"])
def test_static_hdr_metadata_and_siting_are_carried(name: str, tmp_path: Path) -> None:
    """Both were lost without a word."""
    source = _hdr10(tmp_path / "source.mp4")
    info = probe(source)
    assert (info.hdr.mastering, info.hdr.light_levels, info.siting) == (MASTERING, (1000, 400), "topleft")
    take = copy(source, tmp_path / "take.mp4", name)
    assert (take.hdr, take.siting, take.colour) == (info.hdr, info.siting, info.colour)
    assert not hdr_is_lost(DELIVERABLES.get(name), info)


@pytest.mark.parametrize("name", ["prores", "dnxhr", "ffv1", "webm"])
def test_where_hdr_metadata_cannot_be_written_that_is_known(name: str, tmp_path: Path) -> None:
    row = DELIVERABLES.get(name)
    assert hdr_is_lost(row, probe(_hdr10(tmp_path / "source.mp4")))
    plain = probe(video(tmp_path / "plain.mp4", frames=2))
    assert not hdr_is_lost(row, plain)
    assert (bool(plain.hdr), plain.siting) == (False, None)


def test_an_unusual_siting_is_carried_without_loss(tmp_path: Path) -> None:
    source = video(tmp_path / "source.mkv", frames=2, codec="ffv1", options={"chroma_sample_location": "top"})
    assert probe(source).siting == copy(source, tmp_path / "take.mkv", "ffv1").siting == "top"


SITINGS = {"topleft": 0.0, "left": 0.5}  # rows of luma below the first of its two


def _sited(path: Path, siting: str) -> Path:
    """A ramp of chroma from top to bottom, three codes a row of it, whose samples lie there."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=Fraction(25), options={"chroma_sample_location": siting})
        stream.width, stream.height, stream.pix_fmt = 256, 128, "yuv420p"
        write_tags(stream.codec_context, BT709)
        frame = av.VideoFrame(256, 128, "yuv420p")
        for place, view in enumerate(component_views(frame)):
            view[...] = 40 + (3 * np.arange(view.shape[0])[:, None] if place else 60)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["prores", "prores4444", "dnxhr-hq"])
def test_chroma_moves_to_where_the_format_has_it(name: DeliverableName, tmp_path: Path) -> None:
    """Formats with a sample of chroma in every row cannot say that it lies elsewhere: colours were half a row off, without a word."""
    for siting, down in SITINGS.items():
        source = _sited(tmp_path / f"{siting}.mkv", siting)
        assert not siting_is_lost(DELIVERABLES.get(name), probe(source))
        take = copy(source, tmp_path / f"{siting}.mov", name)
        (frame,) = read_frames(take)
        chroma = component_views(frame.picture)[1].astype(float) / (1 << (take.bit_depth - 8))
        wanted = 40 + 3 * (np.arange(128) - down) / 2
        assert np.abs(chroma[8:-8].mean(1) - wanted[8:-8]).max() < 0.6, siting


@pytest.mark.parametrize("name", ["h264", "hevc", "ffv1", "webm"])
def test_formats_that_can_say_where_chroma_lies_do(name: DeliverableName, tmp_path: Path) -> None:
    source = _sited(tmp_path / "source.mkv", "topleft")
    assert copy(source, tmp_path / f"take{SUFFIX[name]}", name).siting == "topleft"
    low = video(tmp_path / "source.mp4", frames=2, options={"chroma_sample_location": "bottomleft"})
    assert probe(low).siting == "bottomleft"
    take = copy(low, tmp_path / f"low-take{SUFFIX[name]}", name)
    assert siting_is_lost(DELIVERABLES.get(name), probe(low)) == (take.siting != "bottomleft")
    assert not siting_is_lost(DELIVERABLES.get(name), probe(source))


def test_metadata_of_each_scene_is_known_to_be_there() -> None:
    """FFmpeg here writes none, so a frame is made up."""
    frame: Any = SimpleNamespace(side_data=[_Entry("DYNAMIC_HDR_PLUS")])
    assert read_static_hdr(frame).dynamic


class _Entry:
    def __init__(self, name: str) -> None:
        self.type = SimpleNamespace(name=name)

    def __bytes__(self) -> bytes:
        return b""
