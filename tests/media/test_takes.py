"""A copy made by reader, identity blend and writer keeps everything that an editor conforms by, in every format."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from heygem_core.errors import BadRange, OutputError
from heygem_core.media.colour import ColourTags
from heygem_core.media.deliverables import DELIVERABLES, DeliverableName
from heygem_core.media.formats import format_for
from heygem_core.media.info import MediaInfo
from heygem_core.media.pixels import alpha_view, component_views
from heygem_core.media.planes import align_box, blend_planes, crop_planes
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.sound import take_layout, take_sound
from heygem_core.media.sound_tracks import SoundTrack
from heygem_core.media.take_timing import steady_timing, timing_of
from heygem_core.media.upright import Upright
from heygem_core.media.writer import TakeWriter

from ..matrices import matrix
from .make import BT709, RATES, clicks, flashes, heard, number_of, remux, still, video

SUFFIX: dict[DeliverableName, str] = {name: row.suffixes[0] for name, row in DELIVERABLES.all().items()}
BT601 = ColourTags(primaries=6, transfer=6, matrix=6, range=1)
HLG = ColourTags(primaries=9, transfer=18, matrix=9, range=1)
FULL = ColourTags(primaries=1, transfer=1, matrix=1, range=2)
LARGE = (256, 144)  # DNxHR has a smallest size
FOR_EDITORS: list[DeliverableName] = ["prores", "prores4444", "dnxhr", "dnxhr-hq", "dnxhr-hqx"]
ALL: list[DeliverableName] = ["h264", "hevc", "prores", "dnxhr", "webm", "ffv1"]  # the others are the same encoders


def copy(
    source: Path, target: Path, name: DeliverableName | None = None, *, start: int = 0, end: int | None = None, rate: Fraction | None = None
) -> MediaInfo:
    """The range of a file as a take: every frame's middle cropped, blended back over itself, and written."""
    info = probe(source)
    timing = timing_of(info, range(start, info.frame_count if end is None else end), rate=rate)
    sounds = (
        [SoundTrack(samples=take_sound(source, info.time_of(start), timing.duration), layout=take_layout(source))] if info.sound else []
    )
    with TakeWriter(target, format_for(target, name, info), info, timing, sounds=sounds) as take:
        for frame in read_frames(info, start, end):
            box = align_box(frame.picture, 10, 8, 50, 40)
            crop = crop_planes(frame.picture, box)
            take.write(blend_planes(frame.picture, box, crop, torch.ones(crop.shape[1:])))
    return probe(target)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Sources, each made once."""
    folder = tmp_path_factory.mktemp("takes")

    def get(name: str, **settings: Any) -> Path:
        path = folder / name
        return path if path.exists() else video(path, **settings)

    return get


def test_sound_begins_at_the_first_frame_to_the_sample(made: Callable[..., Path], tmp_path: Path) -> None:
    """Chunks of any length follow each other, so none is moved, silent or left out."""
    info = probe(made("sound.mp4", frames=25))
    chunks = [np.full((1, count), 0.25, np.float32) for count in (1, 1600, 700, 48_000)]
    take = tmp_path / "take.mov"
    sound = SoundTrack(samples=iter(chunks), layout="mono")
    with TakeWriter(take, format_for(take, "prores", info), info, timing_of(info, range(25)), sounds=[sound]) as writer:
        for frame in read_frames(info):
            writer.write(frame.picture)
    with av.open(str(take)) as container:
        stream = container.streams.audio[0]
        assert stream.start_time == 0
        frames = list(container.decode(stream))
    assert frames[0].pts == 0
    assert sum(frame.samples for frame in frames) == 50_301


@pytest.mark.parametrize(("label", "name"), matrix(RATES, ALL))
def test_count_rate_duration_and_order_are_kept(label: str, name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    rate = RATES[label]
    take = copy(made(f"rate{label}.mp4", rate=rate, size=LARGE), tmp_path / f"take{SUFFIX[name]}", name, start=4, end=15)
    assert (take.frame_count, take.rate, take.variable, take.duration) == (11, rate, False, 11 / rate)
    assert [number_of(frame.picture) for frame in read_frames(take)] == list(range(4, 15))


@pytest.mark.parametrize("name", ALL)
def test_variable_frame_times_are_kept(name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    pts = np.cumsum([0, *[1001, 2002, 1001, 3003, 1500] * 4]).tolist()[:20]
    source = made("variable.mp4", rate=Fraction(30), pts=pts, time_base=Fraction(1, 30000), size=LARGE)
    take = copy(source, tmp_path / f"take{SUFFIX[name]}", name, start=6, end=18)
    info = probe(source)
    tick = max(take.time_base, Fraction(1, 30000))
    assert take.variable
    assert take.frame_count == 12
    for frame in range(13):
        assert abs(take.time_of(frame) - (info.time_of(6 + frame) - info.time_of(6))) <= tick
    assert [number_of(frame.picture) for frame in read_frames(take)] == list(range(6, 18))


TIMECODES = [
    ("29.97", "00:59:59;20", "01:00:00;00"),  # a tenth minute skips nothing
    ("29.97", "00:00:59;22", "00:01:00;02"),
    ("59.94", "01:00:59;52", "01:01:00;04"),
    ("29.97", "00:00:59:22", "00:01:00:02"),
    ("23.976", "10:00:00:16", "10:00:01:02"),
    ("25", "23:59:59:20", "00:00:00:05"),
    ("50", "09:59:59:42", "10:00:00:02"),
]


@pytest.mark.parametrize(("case", "name"), matrix(TIMECODES, ALL))
def test_the_start_timecode_is_the_sources_at_the_in_point(
    case: tuple[str, str, str], name: DeliverableName, made: Callable[..., Path], tmp_path: Path
) -> None:
    label, start, wanted = case
    source = made(f"timecode{label}{start.replace(':', '-')}.mov", rate=RATES[label], timecode=start, size=LARGE)
    assert probe(source).start_timecode == start
    target = tmp_path / f"take{SUFFIX[name]}"
    offset = next(n for n in range(20) if probe(source).timecode_of(n) == wanted)
    copy(source, target, name, start=offset, end=20)
    with av.open(str(target)) as container:
        tags = {key.lower(): value for owner in [container, *container.streams] for key, value in owner.metadata.items()}
    assert tags["timecode"] == wanted


@pytest.mark.parametrize("name", FOR_EDITORS)
def test_the_reel_name_is_kept(name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    source = made("reel.mov", timecode="01:00:00:00", reel="A001_C002", size=LARGE, frames=4)
    assert copy(source, tmp_path / "take.mov", name).reel == "A001_C002"


@pytest.mark.parametrize(("turned", "name"), matrix([(0, False), (90, False), (180, False), (270, False), (90, True)], ALL))
def test_rotation_is_kept(turned: tuple[int, bool], name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    rotation, mirrored = turned
    source = made(f"turned{rotation}{mirrored}.mp4", rotation=rotation, mirrored=mirrored, size=LARGE, frames=4)
    take = copy(source, tmp_path / f"take{SUFFIX[name]}", name)
    assert take.display_size == ((144, 256) if rotation in (90, 270) else (256, 144))
    with av.open(str(source)) as before, av.open(str(take.path)) as after:
        assert next(before.decode(video=0)).rotation == next(after.decode(video=0)).rotation
    assert np.allclose(take.coded_to_display, probe(source).coded_to_display)


@pytest.mark.parametrize("name", ["h264", *FOR_EDITORS])
def test_pixel_aspect_is_kept(name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    take = copy(made("wide.mp4", sample_aspect=Fraction(4, 3), size=LARGE, frames=4), tmp_path / f"take{SUFFIX[name]}", name)
    assert (take.sample_aspect, take.display_size) == (Fraction(4, 3), (341, 144))


@pytest.mark.parametrize("name", ["webm", "ffv1"])
def test_pixel_aspect_that_cannot_be_kept_is_refused(name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"square pixels only.*choose \.mov or \.mp4"):
        copy(made("wide.mp4", sample_aspect=Fraction(4, 3), size=LARGE, frames=4), tmp_path / f"take{SUFFIX[name]}", name)


PICTURES: dict[str, dict[str, Any]] = {
    "709": {},
    "601": {"tags": BT601},
    "untagged": {"tags": ColourTags()},
    "hlg10": {"tags": HLG, "pix_fmt": "yuv420p10le"},
    "10bit422": {"pix_fmt": "yuv422p10le"},
    "full": {"tags": FULL, "pix_fmt": "yuvj420p"},
    "444": {"pix_fmt": "yuv444p"},
    "rgb": {"pix_fmt": "bgr0", "codec": "ffv1", "tags": ColourTags(), "suffix": ".mkv"},
    "rgb10": {"pix_fmt": "gbrp10le", "codec": "ffv1", "tags": ColourTags(), "suffix": ".mkv"},
    "gray": {"pix_fmt": "gray", "codec": "ffv1", "tags": ColourTags(), "suffix": ".mkv"},
    "12bit": {"pix_fmt": "yuv420p12le", "codec": "ffv1", "suffix": ".mkv"},
    "odd": {"pix_fmt": "yuv420p", "codec": "ffv1", "size": (257, 145), "suffix": ".mkv"},
}


@pytest.mark.parametrize(("kind", "name"), matrix(PICTURES, ALL))
def test_the_take_looks_the_same_and_says_so(kind: str, name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    """Tags, depth and size as in the source; and shown by the tags, the picture has the same colours."""
    settings = {"size": LARGE, "frames": 3, **PICTURES[kind]}
    source = made(f"{kind}{settings.pop('suffix', '.mp4')}", **settings)
    info = probe(source)
    take = copy(source, tmp_path / f"take{SUFFIX[name]}", name)
    assert take.coded_size == info.coded_size
    assert take.bit_depth >= (8 if name in ("webm", "dnxhr-hq") else min(info.bit_depth, 10))
    if info.pixels.family == "yuv":
        kept = (info.colour.primaries, info.colour.transfer, info.colour.matrix)
        assert (take.colour.primaries, take.colour.transfer, take.colour.matrix) == (
            kept if kept[2] or not name.startswith("dnxhr") else (6, 6, 6)
        )
        assert take.full_range == (info.full_range and DELIVERABLES.get(name).carries_full_range)
    before, after = Upright(info), Upright(take)
    for old, new in zip(read_frames(info), read_frames(take), strict=True):
        difference = np.abs(before.picture(old.picture).astype(int) - after.picture(new.picture))
        assert difference.mean() < 2.5
        assert abs((before.picture(old.picture).astype(int) - after.picture(new.picture)).mean()) < 1


@pytest.mark.parametrize(
    "pix_fmt",
    [
        *("yuv420p", "yuv422p", "yuv444p", "yuv411p", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuva420p", "yuva444p10le"),
        *("gray", "gray10le", "bgr0", "bgra", "gbrp10le", "gbrap12le", "rgb48le"),
    ],
)
def test_ffv1_keeps_every_code(pix_fmt: str, made: Callable[..., Path], tmp_path: Path) -> None:
    tags = BT709 if pix_fmt.startswith("yuv") else ColourTags()
    source = made(f"codes-{pix_fmt}.mkv", codec="ffv1", pix_fmt=pix_fmt, frames=3, tags=tags)
    take = copy(source, tmp_path / "take.mkv")
    for old, new in zip(read_frames(probe(source)), read_frames(take), strict=True):
        for a, b in zip(component_views(old.picture), component_views(new.picture), strict=True):
            assert np.array_equal(a, b)
        alpha, kept = alpha_view(old.picture), alpha_view(new.picture)
        assert (alpha is not None) == (kept is not None) == pix_fmt.startswith(("yuva", "bgra", "gbrap"))
        assert alpha is None or np.array_equal(alpha, np.asarray(kept))


def test_prores_4444_keeps_the_alpha(made: Callable[..., Path], tmp_path: Path) -> None:
    source = made("alpha.mkv", codec="ffv1", pix_fmt="yuva444p10le", frames=3)
    take = copy(source, tmp_path / "take.mov")
    old, new = next(read_frames(probe(source))).picture, next(read_frames(take)).picture
    assert take.has_alpha
    assert np.abs(np.asarray(alpha_view(old)) / 1023 - np.asarray(alpha_view(new)) / 4095).max() < 0.002


@pytest.mark.parametrize("name", ["h264", "dnxhr", "webm"])
def test_alpha_that_cannot_be_kept_is_refused(name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"transparency.*ProRes"):
        copy(made("alpha-large.mkv", codec="ffv1", pix_fmt="yuva444p10le", frames=3, size=LARGE), tmp_path / f"take{SUFFIX[name]}", name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("label", "name"), matrix(RATES, ALL))
def test_flash_and_click_stay_together(label: str, name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    """To the frame, and to the sample where the container's clock is that fine (Matroska counts milliseconds)."""
    rate, flash, start = RATES[label], 13, 5
    samples = clicks([flash / rate], 24 / rate)
    source = made(f"flash{label}.mov", rate=rate, frames=24, flash=flash, samples=samples, sound_codec="pcm_s24le", size=LARGE)
    take = copy(source, tmp_path / f"take{SUFFIX[name]}", name, start=start, end=21)
    when, count, sound_rate = heard(take.path)
    assert flashes(take.path) == [flash - start]
    tolerance = Fraction(1, 1000) if name in ("webm", "ffv1") else Fraction(1, 48_000)
    assert abs(when - (flash - start) / rate) <= tolerance * Fraction(101, 100)
    if name not in ("h264", "hevc"):  # the last block of AAC is longer; its container says where it ends
        assert count == round(16 / rate * sound_rate)


def test_sound_that_begins_after_the_picture_stays_in_place(tmp_path: Path) -> None:
    """A take of a range before the sound begins is silent there, and the click later still meets its flash."""
    rate = Fraction(25)
    source = video(
        tmp_path / "source.mov", rate=rate, frames=50, flash=30, samples=clicks([30 / rate], Fraction(2)), sound_codec="pcm_s16le"
    )
    late = remux(
        source,
        tmp_path / "late.mov",
        keep=lambda kind, seconds: kind == "video" or seconds >= 1,
        options={"movie_timescale": "48000"},  # the empty edit before the sound counts in this
    )
    take = copy(late, tmp_path / "take.mov", start=10, end=40)
    assert flashes(take.path) == [20]
    when, count, _ = heard(take.path)
    assert abs(when - 20 / rate) <= Fraction(1, 48_000)
    assert count == 30 * 1920


@pytest.mark.parametrize(("channels", "layout"), [(1, "mono"), (2, "stereo"), (6, "5.1")])
@pytest.mark.parametrize("name", ["h264", "prores", "webm", "ffv1"])
def test_channels_are_kept(channels: int, layout: str, name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    samples = clicks([Fraction(1, 4)], Fraction(4, 5), channels=channels)
    source = made(f"channels{channels}.mov", samples=samples, sound_codec="pcm_s16le", sound_layout=layout)
    take = copy(source, tmp_path / f"take{SUFFIX[name]}", name)
    assert take.sound is not None
    assert (take.sound.channels, take.sound.sample_rate) == (channels, 48_000)


def test_a_take_without_sound_has_no_sound_stream(made: Callable[..., Path], tmp_path: Path) -> None:
    assert copy(made("mute.mp4"), tmp_path / "take.mov").sound is None


@pytest.mark.parametrize("name", ALL)
def test_a_still_becomes_a_video_at_the_rate_asked_for(name: DeliverableName, tmp_path: Path) -> None:
    source = still(tmp_path / "portrait.png", size=LARGE)
    info = probe(source)
    target = tmp_path / f"take{SUFFIX[name]}"
    timing = timing_of(info, [0] * 7, rate=Fraction(24000, 1001))
    (frame,) = read_frames(info)
    with TakeWriter(target, format_for(target, name, info), info, timing) as take:
        for _ in range(7):
            take.write(frame.picture)
    written = probe(target)
    assert (written.frame_count, written.rate, written.coded_size) == (7, Fraction(24000, 1001), LARGE)
    assert [number_of(frame.picture) for frame in read_frames(written)] == [5] * 7


def test_a_still_without_a_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRange, match="no frame rate of its own"):
        timing_of(probe(still(tmp_path / "portrait.png")), [0] * 5)


def test_a_loop_shows_each_frame_as_long_as_the_source_does(made: Callable[..., Path]) -> None:
    pts = [0, 1000, 3000, 6000]
    info = probe(made("loop.mp4", rate=Fraction(30), frames=4, pts=pts, time_base=Fraction(1, 30000)))
    timing = timing_of(info, [0, 1, 2, 1, 0])
    assert timing.variable
    assert timing.pts.tolist() == [0, 1000, 3000, 6000, 8000, 9000]


@pytest.mark.parametrize("name", ALL)
def test_a_grey_video_has_the_levels_of_the_matte(name: DeliverableName, made: Callable[..., Path], tmp_path: Path) -> None:
    info = probe(made("mute-large.mp4", size=LARGE, frames=3))
    levels = np.linspace(0, 1, 256, dtype=np.float32)[None, :].repeat(144, axis=0)
    target = tmp_path / f"matte{SUFFIX[name]}"
    with TakeWriter(target, format_for(target, name, info), info, timing_of(info, range(3)), grey=True) as take:
        for _ in range(3):
            take.write_grey(levels)
    written = probe(target)
    shown = Upright(written).picture(next(read_frames(written)).picture)
    assert np.ptp(shown.astype(int), axis=2).max() <= 1, "grey has a tint"
    assert np.abs(shown[..., 0] / 255 - levels).max() < 0.02


def test_two_runs_give_the_same_bytes(made: Callable[..., Path], tmp_path: Path) -> None:
    """Segments are joined by packets, so an encoder must not depend on chance."""
    source = made("deterministic.mp4", frames=30, size=LARGE)
    a, b = (copy(source, tmp_path / f"{letter}.mp4").path.read_bytes() for letter in "ab")
    assert a == b


def test_the_suffix_chooses_the_format() -> None:
    assert [format_for(f"take{suffix}").name for suffix in (".mp4", ".mov", ".webm", ".mkv", ".MOV")] == [
        "h264",
        "prores",
        "webm",
        "ffv1",
        "prores",
    ]
    assert format_for("take.mov", "dnxhr").muxer == "mov"
    assert (format_for("take.mov", "h264").muxer, format_for("take.mp4", "h264").muxer) == ("mov", "mp4")


@pytest.mark.parametrize(
    ("path", "name", "sentence"),
    [("take.gif", None, r"\.mp4 \(H\.264\)"), ("take", None, "known format"), ("take.mp4", "prores", r"written to \.mov")],
)
def test_a_suffix_that_does_not_fit_is_refused(path: str, name: DeliverableName | None, sentence: str) -> None:
    with pytest.raises(OutputError, match=sentence):
        format_for(path, name)


def test_a_picture_too_small_for_dnxhr_is_refused(made: Callable[..., Path]) -> None:
    with pytest.raises(OutputError, match="at least 256×120"):
        format_for("take.mov", "dnxhr", probe(made("mute.mp4")))


def test_steady_times_are_exact_after_hours() -> None:
    timing = steady_timing(Fraction(30000, 1001), 400_000)
    assert timing.time_of(400_000) == 400_000 * Fraction(1001, 30000)
