"""Every container and codec gives the same frames by the same numbers: in one run, from the middle, scattered, and damaged."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.errors import BadRange, UnreadableMedia, UnsupportedMedia
from heygem_core.media.packets import DecodingOrder
from heygem_core.media.pixels import alpha_view, component_views
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames, read_scattered

from ..matrices import matrix
from .make import SIZE, number_of, remux, still, video
from .vfw import vfw_matroska

FRAMES = 40
X264 = {"preset": "ultrafast", "crf": "10"}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "h264 with B frames": (".mp4", {"options": {**X264, "g": "12", "bf": "3"}}),
    "h264 with open GOPs": (".mp4", {"options": {**X264, "g": "8", "bf": "3", "x264-params": "open-gop=1"}}),
    "h264 with open GOPs in Matroska": (".mkv", {"options": {**X264, "g": "8", "bf": "3", "x264-params": "open-gop=1"}}),
    "h264 intra refresh": (".mp4", {"options": {**X264, "g": "12", "x264-params": "intra-refresh=1"}}),
    "h264 transport stream": (".ts", {"options": {**X264, "g": "12", "bf": "2"}}),
    "h264 far from zero": (".mp4", {"pts": list(range(1000, 1000 + FRAMES)), "time_base": Fraction(1, 25)}),
    "hevc": (".mp4", {"codec": "libx265"}),
    "prores": (".mov", {"codec": "prores_ks", "pix_fmt": "yuv422p10le"}),
    "mpeg1 program stream": (".mpg", {"codec": "mpeg1video", "bitrate": 4_000_000, "options": {"g": "9", "bf": "2"}}),
    "mpeg2 transport stream": (".ts", {"codec": "mpeg2video", "bitrate": 4_000_000, "options": {"g": "9", "bf": "2"}}),
    "h264 in AVI": (".avi", {"options": {**X264, "g": "12", "bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0"}}),
    "h264 in ASF": (".asf", {"options": {**X264, "g": "12", "bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0"}}),
    "h264 elementary stream": (".h264", {"options": {**X264, "g": "12", "bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0"}}),
    "h264 in Matroska as Video for Windows": (".vfw.mkv", {"options": {**X264, "g": "12", "bf": "3", "x264-params": "b-adapt=0"}}),
    "mpeg4 in AVI": (".avi", {"codec": "mpeg4", "bitrate": 4_000_000, "options": {"g": "9", "bf": "2"}}),
    "mjpeg in AVI": (".avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p", "bitrate": 4_000_000, "options": {}}),
    "vp9": (".webm", {"codec": "libvpx-vp9", "bitrate": 2_000_000, "options": {"g": "10", "cpu-used": "8"}}),
    "vp8 with hidden frames": (
        ".webm",
        {
            "codec": "libvpx",
            "bitrate": 2_000_000,
            "options": {"auto-alt-ref": "1", "lag-in-frames": "16", "arnr-maxframes": "5", "g": "20"},
        },
    ),
    "ffv1": (".mkv", {"codec": "ffv1", "options": {"g": "1"}}),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("reader")

    def get(kind: str) -> Path:
        suffix, settings = KINDS[kind]
        path = folder / (kind.replace(" ", "-") + suffix)
        if path.exists():
            return path
        if suffix == ".vfw.mkv":
            return vfw_matroska(path, video(path.with_suffix(".avi"), frames=FRAMES, **settings))
        return video(path, frames=FRAMES, **settings)

    return get


@pytest.mark.parametrize("kind", KINDS)
def test_all_frames_come_once_and_in_order(kind: str, files: Callable[[str], Path]) -> None:
    info = probe(files(kind))
    frames = list(read_frames(info))
    assert info.frame_count == FRAMES
    assert (info.rate, info.variable, info.duration) == (25, False, Fraction(FRAMES, 25))
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [number_of(frame.picture) for frame in frames] == list(range(FRAMES))
    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(FRAMES)]
    assert not any(frame.damaged for frame in frames)


@pytest.mark.parametrize(("start", "kind"), matrix([1, 7, 8, 11, 12, 13, 23, 31, FRAMES - 1], KINDS))
def test_a_range_from_the_middle_gives_the_same_pixels(kind: str, start: int, files: Callable[[str], Path]) -> None:
    info = probe(files(kind))
    run = list(read_frames(info, start, min(start + 3, FRAMES)))
    assert [number_of(frame.picture) for frame in run] == list(range(start, min(start + 3, FRAMES)))
    whole = next(frame for frame in read_frames(info) if frame.index == start)
    assert np.array_equal(component_views(whole.picture)[0], component_views(run[0].picture)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_scattered_frames_are_the_ones_asked_for(kind: str, files: Callable[[str], Path]) -> None:
    wanted = [0, 3, 4, 12, 13, 29, 39]
    frames = list(read_scattered(probe(files(kind)), wanted))
    assert [frame.index for frame in frames] == wanted
    assert [number_of(frame.picture) for frame in frames] == wanted


def test_frames_of_variable_rate_carry_their_own_times(tmp_path: Path) -> None:
    pts = np.cumsum([0, *[1001, 2002, 1001, 3003, 1500] * 4]).tolist()[:20]
    info = probe(video(tmp_path / "variable.mp4", rate=Fraction(30), pts=pts, time_base=Fraction(1, 30000)))
    assert info.variable
    assert info.frame_count == 20
    assert [frame.time for frame in read_frames(info)] == [Fraction(value, 30000) for value in pts]
    assert [number_of(frame.picture) for frame in read_frames(info, 9, 14)] == list(range(9, 14))
    assert info.frame_at(Fraction(pts[7] + 1, 30000)) == 7


def test_a_clip_cut_by_an_edit_list_starts_at_its_first_visible_frame(tmp_path: Path) -> None:
    """A phone or an editor trims without encoding again: the frames before the cut are in the file but not in the film."""
    cut = remux(video(tmp_path / "whole.mp4", frames=40), tmp_path / "cut.mp4", shift_s=-Fraction(5, 25))
    info = probe(cut)
    assert info.frame_count == 35
    assert [number_of(frame.picture) for frame in read_frames(info)] == list(range(5, 40))
    assert [number_of(frame.picture) for frame in read_frames(info, 14, 18)] == list(range(19, 23))


def test_a_stream_that_begins_within_a_group_of_pictures_counts_from_its_first_decodable_frame(tmp_path: Path) -> None:
    whole = video(tmp_path / "whole.ts", frames=40, options={**X264, "g": "8", "bf": "3", "x264-params": "open-gop=1"})
    data = whole.read_bytes()
    info_whole = probe(whole)
    cut = tmp_path / "cut.ts"
    cut.write_bytes(data[len(data) // 188 // 3 * 188 :])
    info = probe(cut)
    numbers = [number_of(frame.picture) for frame in read_frames(info)]
    assert 0 < info.frame_count < info_whole.frame_count
    assert numbers == list(range(40 - info.frame_count, 40))


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_a_clock_that_starts_again_goes_on(suffix: str, tmp_path: Path) -> None:
    """Recorders cut a programme into files, and people put them together again with `cat`. Half of the frames were lost."""
    codec = {"options": {**X264, "g": "12", "bf": "2"}} if suffix == ".ts" else {"codec": "mpeg2video", "bitrate": 4_000_000}
    parts = [
        video(tmp_path / f"{name}{suffix}", frames=12, start_number=begin, **codec)  # type: ignore[arg-type]
        for name, begin in (("a", 0), ("b", 12), ("c", 24))
    ]
    later = remux(parts[1], tmp_path / f"later{suffix}", shift_s=Fraction(3600), muxer={".ts": "mpegts", ".mpg": "mpeg"}[suffix])
    joined = tmp_path / f"joined{suffix}"
    joined.write_bytes(b"".join(part.read_bytes() for part in (parts[0], later, parts[2])))
    info = probe(joined)
    frames = list(read_frames(info))
    assert [number_of(frame.picture) for frame in frames] == list(range(36))
    assert not any(frame.damaged for frame in frames)
    assert (info.rate, info.variable, info.duration) == (25, False, Fraction(36, 25))
    assert [number_of(frame.picture) for frame in read_frames(info, 20, 26)] == list(range(20, 26))


@pytest.mark.parametrize("reordered", ["0", "2"])
@pytest.mark.parametrize("suffix", [".flv", ".ts", ".mpg"])
def test_a_pause_of_the_picture_is_a_pause(suffix: str, reordered: str, tmp_path: Path) -> None:
    """A recorder wrote no picture for twenty seconds, and its sound went on: the pause was cut out, and picture and sound went apart."""
    mpeg = suffix in (".ts", ".mpg")
    times = [number + 500 * (number >= 25) for number in range(50)]
    plain = video(
        tmp_path / "plain.mp4",
        frames=50,
        pts=times,
        time_base=Fraction(1, 25),
        codec="mpeg2video" if mpeg else "libx264",
        options={"g": "12", "bf": reordered} if mpeg else {**X264, "bf": reordered},
        samples=np.zeros((2, 22 * 44_100), np.float32),
        sound_codec="mp2" if mpeg else "libmp3lame",
        sound_rate=44_100,
    )
    info = probe(_interleaved(plain, tmp_path / f"paused{suffix}", {".flv": "flv", ".ts": "mpegts", ".mpg": "mpeg"}[suffix]))
    assert (info.frame_count, info.variable) == (50, True)
    assert float(info.duration) == pytest.approx(22, abs=0.05)
    if suffix != ".mpg":  # which has no times for most of such small pictures
        assert [round(float(frame.time * 25)) for frame in read_frames(info)] == times


def _interleaved(source: Path, target: Path, muxer: str) -> Path:
    """The same packets in another container, picture and sound in the order of their times."""
    with av.open(str(source)) as reading, av.open(str(target), "w", format=muxer) as writing:
        streams: dict[int, Any] = {stream.index: writing.add_stream_from_template(stream) for stream in reading.streams}
        packets: list[Any] = [packet for packet in reading.demux() if packet.dts is not None]
        for packet in sorted(packets, key=lambda each: each.dts * each.time_base):
            packet.stream = streams[packet.stream_index]
            writing.mux(packet)
    return target


def test_a_picture_that_never_comes_keeps_its_number_free() -> None:
    """Order of decoding 0 P3 b1 b2 P6 b4 b5: the second packet, picture 3, is lost."""
    order = DecodingOrder()
    assert [order.number(packet, 1) for packet in (0, 2, 3, 5, 6, 4)] == [0, 1, 2, 4, 5, 6]
    assert [DecodingOrder().number(4, 2)] == [0]  # what lies before the first picture that comes was cut away


@pytest.mark.parametrize("kind", ["prores", "h264 with B frames", "h264 with open GOPs"])
def test_frames_that_an_edit_list_hides_are_not_missing(kind: str, files: Callable[[str], Path], tmp_path: Path) -> None:
    """QuickTime Player trims so. The report said that the file breaks off and promises as many frames more as were cut away."""
    whole = files(kind)
    cut = remux(whole, tmp_path / f"cut{whole.suffix}", shift_s=-Fraction(9, 25))
    info = probe(cut)
    assert (info.frame_count, info.missing_frames) == (31, 0)
    assert [number_of(frame.picture) for frame in read_frames(info)] == list(range(9, 40))


def test_empty_chunks_of_an_avi_hold_the_picture_before(tmp_path: Path) -> None:
    """Capture programs write an empty chunk where a frame was dropped. They were called missing frames."""
    info = probe(video(tmp_path / "held.avi", frames=6, codec="mpeg4", bitrate=1_000_000, options={}, pts=[0, 1, 2, 5, 6, 7]))
    assert (info.frame_count, info.missing_frames, info.variable) == (6, 0, True)
    assert info.frame_at(Fraction(4, 25)) == 2
    assert info.frame_at(Fraction(5, 25)) == 3


@pytest.mark.parametrize("kind", ["h264 with B frames", "prores", "ffv1", "mpeg1 program stream", "mjpeg in AVI", "h264 in AVI"])
def test_damage_in_the_middle_shifts_no_other_frame(kind: str, files: Callable[[str], Path], tmp_path: Path) -> None:
    """Packets that vanish altogether (a program stream) leave a longer frame; every picture keeps its time."""
    path = files(kind)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 60] = bytes(len(data) // 60)
    broken = tmp_path / path.name
    broken.write_bytes(data)
    frames = list(read_frames(probe(broken)))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    right = [number_of(frame.picture) == frame.time * 25 for frame in frames]
    assert right[:10] == [True] * 10
    assert right[-4:] == [True] * 4
    assert round(frames[-1].time * 25) == FRAMES - 1


def test_a_file_that_is_mostly_damage_is_refused(tmp_path: Path) -> None:
    path = video(tmp_path / "broken.mov", codec="prores_ks", pix_fmt="yuv422p10le", frames=80)
    pictures = path.read_bytes().split(b"icpf")  # each picture begins with these letters
    path.write_bytes(b"icpf".join(pictures[:21]) + b"".join(b"xxxx" + rest for rest in pictures[21:]))
    info = probe(path)
    assert info.frame_count == 80
    with pytest.raises(UnreadableMedia, match="26 of the first 46 frames"):
        list(read_frames(info))


def test_a_second_of_damage_is_bridged_and_marked(tmp_path: Path) -> None:
    path = video(tmp_path / "broken.mov", codec="prores_ks", pix_fmt="yuv422p10le", frames=60)
    pictures = path.read_bytes().split(b"icpf")
    path.write_bytes(
        b"icpf".join(pictures[:31]) + b"".join((b"xxxx" if n < 10 else b"icpf") + rest for n, rest in enumerate(pictures[31:]))
    )
    frames = list(read_frames(probe(path)))
    assert [frame.index for frame in frames if frame.damaged] == list(range(30, 40))
    assert [number_of(frame.picture) for frame in frames] == [*range(30), *[29] * 10, *range(40, 60)]


def test_a_truncated_file_gives_what_is_left_and_says_how_much_is_missing(tmp_path: Path) -> None:
    with_index_first = remux(video(tmp_path / "whole.mp4", frames=40), tmp_path / "index first.mp4", options={"movflags": "+faststart"})
    data = with_index_first.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 6 // 10])
    info = probe(cut)
    numbers = [number_of(frame.picture) for frame in read_frames(info)]
    assert 10 < info.frame_count < 40
    assert info.missing_frames == 40 - info.frame_count
    assert numbers[: len(numbers) - 4] == list(range(len(numbers) - 4))


def test_a_still_gives_its_one_picture(tmp_path: Path) -> None:
    info = probe(still(tmp_path / "portrait.png"))
    assert (info.kind, info.frame_count, info.rate, info.duration) == ("still", 1, None, 0)
    (frame,) = read_frames(info)
    assert (frame.index, frame.time, number_of(frame.picture)) == (0, 0, 5)


def test_a_palette_picture_becomes_plain_colours(tmp_path: Path) -> None:
    path = tmp_path / "palette.png"
    path.write_bytes(_palette_png(16, 8))
    info = probe(path)
    (read,) = read_frames(info)
    assert (info.pix_fmt, info.has_alpha, read.picture.format.name) == ("rgba", False, "rgba")
    assert [int(view[3, 3]) for view in component_views(read.picture)] == [200, 30, 40]


def _palette_png(width: int, height: int) -> bytes:
    """A PNG of colour type 3, all of one entry (PNG specification, sections 5 and 11)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 3, 0, 0, 0])
    rows = zlib.compress((b"\0" + b"\1" * width) * height)
    palette = chunk(b"PLTE", bytes([0, 0, 0, 200, 30, 40]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 4), (0, FRAMES + 1), (FRAMES, FRAMES + 1)])
def test_a_range_outside_the_file_is_refused(start: int, end: int, files: Callable[[str], Path]) -> None:
    with pytest.raises(BadRange, match=f"frames 0 to {FRAMES}"):
        read_frames(probe(files("ffv1")), start, end)


def test_a_picture_that_changes_its_size_is_refused(tmp_path: Path) -> None:
    small, large = (video(tmp_path / f"{size[0]}.ts", size=size, frames=10) for size in (SIZE, (128, 96)))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(UnsupportedMedia, match="changes from 96×64 to 128×96"):
        list(read_frames(probe(joined)))


def test_real_clips_are_counted_and_found_again(clips: Path) -> None:
    for name, count in (("german_512x512_25fps.mp4", 500), ("grid/bbaf2n.mpg", 75), ("talking/talk17.mp4", 75)):
        info = probe(clips / name)
        assert info.frame_count == count
        wanted = [0, 17, 40, 41, 70]
        whole = {frame.index: frame.picture for frame in read_frames(info, 0, 71)}
        for frame in read_scattered(info, wanted):
            assert np.array_equal(component_views(frame.picture)[0], component_views(whole[frame.index])[0])


@pytest.mark.parametrize(("codec", "suffix"), [("libvpx-vp9", ".webm"), ("libvpx", ".webm"), ("libvpx-vp9", ".mkv")])
def test_transparency_that_webm_keeps_beside_the_picture_is_read(codec: str, suffix: str, tmp_path: Path) -> None:
    """FFmpeg's own decoders leave it out without a word: takes were opaque."""
    options = {"auto-alt-ref": "0", "cpu-used": "8", "deadline": "realtime", "g": "8"}
    info = probe(video(tmp_path / f"clear{suffix}", codec=codec, pix_fmt="yuva420p", frames=20, bitrate=2_000_000, options=options))
    assert (info.has_alpha, info.pix_fmt, info.frame_count) == (True, "yuva420p", 20)
    wanted = np.linspace(0, 255, SIZE[0])
    for frames in (read_frames(info, 11, 14), read_scattered(info, [0, 9, 19])):
        for frame in frames:
            assert number_of(frame.picture) == frame.index
            alpha = alpha_view(frame.picture)
            assert alpha is not None
            assert np.abs(alpha.mean(axis=0) - wanted).mean() < 4
    opaque = probe(video(tmp_path / f"opaque{suffix}", codec=codec, frames=4, bitrate=2_000_000, options=options))
    assert (opaque.has_alpha, opaque.pix_fmt) == (False, "yuv420p")
