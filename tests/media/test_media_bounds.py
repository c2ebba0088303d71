"""Numbers of media at their bounds, without a file: times, rates, packets, turns, chroma and tables, each worked out by hand."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.errors import BadRange
from heygem_core.media import chroma, colour, content, geometry, packet_scan, packets, timecode
from heygem_core.media.colour import ColourTags
from heygem_core.media.deinterlace import REACH
from heygem_core.media.hdr import StaticHdr
from heygem_core.media.holdout import Holdout
from heygem_core.media.info import MediaInfo
from heygem_core.media.packet_scan import FrameTimes, constant_rate, nominal_rate, snapped
from heygem_core.media.packets import DecodingOrder, Restart
from heygem_core.media.pixels import Component, chroma_size, is_full_range, pixel_format, plain_format
from heygem_core.media.planes import Box, align_box
from heygem_core.media.take_timing import same_timecode, steady_timing, timing_of
from heygem_core.media.timecode_track import counting_rate
from heygem_core.media.upright import _stretch

NTSC, FILM = Fraction(30000, 1001), Fraction(24000, 1001)


def info(**fields: Any) -> MediaInfo:
    """Ten frames at 25 a second of 96 × 64."""
    pixels = pixel_format("yuv420p")
    assert pixels is not None
    usual: dict[str, Any] = {
        "path": Path("clip.mp4"), "kind": "video", "container": "mov", "codec": "h264", "stream_index": 0,
        "coded_size": (96, 64),
        "sample_aspect": Fraction(1), "rotation": 0, "mirrored": False, "display_matrix": None, "pixels": pixels, "has_alpha": False,
        "colour": ColourTags(), "hdr": StaticHdr(), "rate": Fraction(25), "variable": False, "time_base": Fraction(1, 25),
        "frame_pts": np.arange(10), "last_duration": Fraction(1, 25), "keyframes": np.array([0]), "keyframe_dts": np.array([0]),
        "seekable": True, "missing_frames": 0, "start_timecode": None, "reel": None, "sound": None,
    }  # fmt: skip
    return MediaInfo(**usual | fields)


# when frames are shown


def test_frames_and_times_at_a_rate() -> None:
    clip = info(rate=NTSC)
    assert [clip.time_of(frame) for frame in (0, 1, 10)] == [0, 1 / NTSC, 10 / NTSC]
    assert clip.duration == 10 / NTSC
    tiny = Fraction(1, 10**6)
    times = (Fraction(-1), Fraction(0), 1 / NTSC - tiny, 1 / NTSC, 9 / NTSC - tiny, 9 / NTSC, Fraction(5))
    assert [clip.frame_at(time) for time in times] == [0, 0, 0, 1, 8, 9, 9]
    assert clip.mean_rate == NTSC


def test_frames_and_times_without_a_rate_from_a_first_time_that_is_not_zero() -> None:
    clip = info(rate=None, variable=True, frame_pts=np.array([100, 110, 140]), time_base=Fraction(1, 100), last_duration=Fraction(1, 5))
    assert [clip.time_of(frame) for frame in (0, 1, 2, 3)] == [0, Fraction(1, 10), Fraction(4, 10), Fraction(6, 10)]
    assert [clip.frame_at(Fraction(time)) for time in ("-1", "0", "0.099", "0.1", "0.39", "0.4", "9")] == [0, 0, 0, 1, 1, 2, 2]
    assert clip.mean_rate == 5
    assert info(rate=Fraction(50), variable=True, frame_pts=np.array([0, 3, 4])).time_of(1) == Fraction(3, 25), "its times, not its rate"
    assert info(kind="still", rate=None, frame_pts=np.array([0]), last_duration=Fraction(0)).mean_rate == 1000, "no division by zero"


def test_a_frames_timecode_counts_on_from_the_first() -> None:
    assert info(start_timecode="01:00:00:00").timecode_of(26) == "01:00:01:01"
    assert info().timecode_of(1) is None
    assert info(start_timecode="01:00:00:00", rate=None).timecode_of(1) is None


def test_a_take_shows_each_frame_as_long_as_its_source_does() -> None:
    steady = timing_of(info(start_timecode="01:00:00:00"), [3, 4, 4, 9])
    assert (steady.rate, steady.variable, steady.start_timecode) == (25, False, "01:00:00:03")
    assert (steady.frame_count, steady.duration, steady.time_of(2)) == (4, Fraction(4, 25), Fraction(2, 25))
    uneven = info(variable=True, frame_pts=np.array([100, 110, 140]), time_base=Fraction(1, 100), last_duration=Fraction(1, 5))
    found = timing_of(uneven, [2, 0, 1])
    assert (found.pts.tolist(), found.variable, found.time_base) == ([0, 20, 30, 60], True, Fraction(1, 100))
    instant = info(variable=True, frame_pts=np.array([0, 1]), last_duration=Fraction(0))
    assert timing_of(instant, [1]).pts.tolist() == [0, 1], "every frame is shown"
    assert timing_of(info(rate=None), [0], rate=Fraction(30)).rate == 30
    assert timing_of(info(), [0], rate=Fraction(30)).rate == 25, "a video keeps its own"
    for frames, rate in (([], None), ([0], None)):
        with pytest.raises(BadRange):
            timing_of(info(rate=None) if frames else info(), frames, rate=rate)
    assert steady_timing(Fraction(25), 3).pts.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("01:00:00:00", "01:00:00:00", True), ("01:00:00:00", "01:00:00:01", False), ("00:00:01:00", "00:00:01;00", False), (None, None, True),
     ("01:00:00:00", None, False), (None, "01:00:00:00", False), ("1:00:00:00", "01:00:00:00", True), ("00:00:01;00", "00:00:01.00", True)],
)  # fmt: skip
def test_the_same_timecode_is_the_same_frame_in_the_same_notation(one: str | None, other: str | None, same: bool) -> None:
    assert same_timecode(one, other, NTSC) is same


# timecode


@pytest.mark.parametrize("rate", [NTSC, 2 * NTSC, 4 * NTSC])
def test_drop_frame_skips_two_numbers_in_thirty_of_nine_minutes_in_ten(rate: Fraction) -> None:
    fps, skipped = timecode.nominal(rate), timecode.nominal(rate) // 15
    minute, ten = 60 * fps - skipped, 600 * fps - 9 * skipped
    for frames, text in (
        (0, "00:00:00;00"), (60 * fps - 1, f"00:00:59;{fps - 1}"), (60 * fps, f"00:01:00;{skipped:02d}"),
        (60 * fps + minute - 1, f"00:01:59;{fps - 1}"), (60 * fps + minute, f"00:02:00;{skipped:02d}"), (ten - 1, f"00:09:59;{fps - 1}"),
        (ten, "00:10:00;00"), (ten + 60 * fps, f"00:11:00;{skipped:02d}"), (6 * ten, "01:00:00;00"), (144 * ten - 1, f"23:59:59;{fps - 1}"),
    ):  # fmt: skip
        assert timecode.format(frames, rate, drop=True) == text
        assert timecode.parse(text, rate) == frames
        assert timecode.format(frames + 144 * ten, rate, drop=True) == text, "a day later"
    assert timecode.frames_per_day(rate, drop=True) == 144 * ten
    assert timecode.frames_per_day(rate, drop=False) == 86_400 * fps
    for bad in (f"00:01:00;{skipped - 1:02d}", "00:59:00;00", f"00:00:00;{fps}"):
        with pytest.raises(BadRange):
            timecode.parse(bad, rate)
    assert timecode.parse(f"00:01:01;{skipped - 1:02d}", rate) == 61 * fps - 1


@pytest.mark.parametrize("text", ["23:59:59:24", "00:00:00:00", " 01:02:03:04 "])
def test_what_is_just_a_timecode_is_read(text: str) -> None:
    assert timecode.format(timecode.parse(text, Fraction(25)), Fraction(25)) == text.strip()


@pytest.mark.parametrize("text", ["24:00:00:00", "00:60:00:00", "00:00:60:00", "00:00:00:25", "00:00:00:1", "00:00:00:00x"])
def test_what_is_just_none_is_refused(text: str) -> None:
    with pytest.raises(BadRange):
        timecode.parse(text, Fraction(25))


def test_there_is_no_negative_timecode_and_no_drop_frame_elsewhere() -> None:
    for arguments in ((-1, Fraction(25), False), (0, Fraction(25), True), (0, Fraction(30), True), (0, FILM, True)):
        with pytest.raises(BadRange):
            timecode.format(arguments[0], arguments[1], drop=arguments[2])
    assert [timecode.nominal(Fraction(rate)) for rate in (FILM, NTSC, 25, Fraction(1, 10), Fraction(23, 2))] == [24, 30, 25, 1, 12]


@pytest.mark.parametrize(
    ("value", "start", "counting", "frame"),
    [(5, None, None, 5), ("-5", None, None, -5), ("+7", None, None, 7), ("00:00:01:00", None, None, 60),
     ("00:00:01:00", "00:00:01:00", None, 0),
     ("00:00:01:29", None, Fraction(30), 118), ("00:00:01:30", None, Fraction(30), 90), ("00:00:01:59", None, None, 119)],
)  # fmt: skip
def test_a_frame_is_typed_as_a_number_or_a_timecode(value: Any, start: str | None, counting: Fraction | None, frame: int) -> None:
    assert timecode.frame_number(value, Fraction(60), start, counting=counting) == frame


def track(reference: int = 1, reserved: int = 0, scale: int = 30_000, duration: int = 1001, frames: int = 30) -> bytes:
    return struct.pack(">I4s6xHIIIIB", 34, b"tmcd", reference, reserved, 0, scale, duration, frames)


@pytest.mark.parametrize(
    ("body", "rate"),
    [
        (track(), NTSC), (b"tmcd" + bytes(40) + track(), NTSC), (track(scale=25, duration=1, frames=25), Fraction(25)), (b"", None),
        (track(reference=0), None), (track(reserved=1), None), (track(frames=0), None), (track(frames=29), None), (track(scale=0), None),
        (track(duration=0), None), (track()[:-1], None), (track(frames=31) + track(scale=24, duration=1, frames=24), Fraction(24)),
    ],
    ids=lambda value: None if isinstance(value, Fraction) or value is None else value.hex()[-24:],
)  # fmt: skip
def test_a_timecode_track_says_what_it_counts_where_it_is_one(tmp_path: Path, body: bytes, rate: Fraction | None) -> None:
    short = struct.pack(">I4s", 8 + len(body), b"moov") + body
    large = struct.pack(">I4sQ", 1, b"moov", 16 + len(body)) + body
    before = struct.pack(">I4s", 16, b"ftyp") + bytes(8) + struct.pack(">I4sQ", 1, b"mdat", 24) + bytes(8)
    for whole in (short, large, before + short, before + large):
        (tmp_path / "clip.mov").write_bytes(whole)
        assert counting_rate(tmp_path / "clip.mov") == rate


@pytest.mark.parametrize("whole", [b"", b"moov", struct.pack(">I4s", 7, b"free") + track(), struct.pack(">I4s", 4, b"moov") + track()])
def test_a_file_whose_atoms_are_no_atoms_has_no_timecode_track(tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "clip.mov").write_bytes(whole)
    assert counting_rate(tmp_path / "clip.mov") is None


# rates that times follow


@pytest.mark.parametrize(
    ("rate", "exact"),
    [("23.976", FILM), ("23.98", Fraction("23.98")), ("29.97", NTSC), ("25.0001", Fraction(25)), ("25.001", Fraction("25.001")),
     ("59.9401", 2 * NTSC), ("12.5", Fraction("12.5")), ("0.4", Fraction("0.4")), ("24", Fraction(24))],
)  # fmt: skip
def test_decimals_of_rates_that_exist_become_those(rate: str, exact: Fraction) -> None:
    assert snapped(Fraction(rate)) == exact


def ticks(rate: Fraction, base: Fraction, count: int = 200) -> Any:
    return np.array([round(frame / rate / base) for frame in range(count)])


@pytest.mark.parametrize("rate", [FILM, Fraction(24), Fraction(25), NTSC, Fraction(60), Fraction(25, 2)])
@pytest.mark.parametrize("base", [Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 12_800)])
def test_times_that_were_rounded_to_the_containers_clock_follow_their_rate(rate: Fraction, base: Fraction) -> None:
    pts = ticks(rate, base)
    assert constant_rate(pts, base, [rate]) == rate
    assert constant_rate(pts + 17, base, [Fraction(float(rate)).limit_denominator(1000)]) == rate
    pts[100:] += round(Fraction(2, 1000) / base) + 1
    assert constant_rate(pts, base, [rate]) is None, "two milliseconds late from the middle on"
    assert nominal_rate(pts, base, [rate]) == rate


def test_one_frame_has_the_rate_that_is_claimed() -> None:
    one = np.array([5])
    for rate_of in (constant_rate, nominal_rate):
        assert rate_of(one, Fraction(1, 1000), []) is None
        assert rate_of(one, Fraction(1, 1000), [Fraction(25), Fraction(30)]) == 25


@pytest.mark.parametrize("rate", [Fraction(60), 2 * NTSC, Fraction(120), Fraction(48)])
def test_a_clock_of_milliseconds_is_no_reason_to_call_a_rate_otherwise(rate: Fraction) -> None:
    """Recordings of screens at 60 a second, with a pause or two, were called 58.82: their usual interval was written as 17 ms."""
    pts = ticks(rate, Fraction(1, 1000))
    pts[50:] += 500
    assert constant_rate(pts, Fraction(1, 1000), [rate]) is None
    assert nominal_rate(pts, Fraction(1, 1000), [rate]) == rate
    assert nominal_rate(pts, Fraction(1, 1000), [Fraction(24)]) != 24


def test_uneven_times_are_called_by_their_usual_interval() -> None:
    pts = np.cumsum([0, 40, 40, 40, 90, 40, 40])
    assert constant_rate(pts, Fraction(1, 1000), [Fraction(30)]) is None
    assert nominal_rate(pts, Fraction(1, 1000), [Fraction(30)]) == 25
    assert nominal_rate(pts, Fraction(1, 1000), [Fraction("25.4")]) == Fraction("25.4"), "within two in a hundred a claim is believed"
    assert nominal_rate(pts, Fraction(1, 1000), [Fraction("25.6")]) == 25


def times(**fields: Any) -> FrameTimes:
    usual: dict[str, Any] = {
        "time_base": Fraction(1, 25), "pts": np.array([10, 11, 12, 13, 14]), "last_duration": Fraction(1, 25), "rate": Fraction(25),
        "variable": False, "keyframes": np.array([0, 3]), "keyframe_dts": np.array([8, 11]), "seekable": True, "missing": 0,
    }  # fmt: skip
    return FrameTimes(**usual | fields)


@pytest.mark.parametrize(
    ("first", "numbering", "pts", "keys"),
    [(None, "time", 10, [0, 3]), (10, "time", 10, [0, 3]), (12, "time", 12, [1]), (13, "time", 13, [0]), (14, "time", 14, []),
     (15, "time", 10, [0, 3]), (0, "order", 10, [0, 3]), (2, "order", 12, [1]), (5, "order", 10, [0, 3])],
)  # fmt: skip
def test_frames_before_the_first_that_decodes_are_left_out(first: int | None, numbering: Any, pts: int, keys: list[int]) -> None:
    found = times(numbering=numbering).starting_at(first)
    assert (found.pts[0], found.keyframes.tolist(), len(found.keyframe_dts)) == (pts, keys, len(keys))
    assert found.pts[-1] == 14


# packets and their clock


def packet(pts: int | None, dts: int | None = None, *, duration: int = 1, pos: int = 0, size: int = 1, index: int = 0) -> Any:
    stream = SimpleNamespace(index=index)
    return SimpleNamespace(
        pts=pts, dts=pts if dts is None else dts, duration=duration, pos=pos, size=size, time_base=Fraction(1, 25), stream=stream
    )


def container(name: str, *demuxed: Any) -> Any:
    return SimpleNamespace(format=SimpleNamespace(name=name), demux=lambda *_: iter(demuxed), streams=SimpleNamespace(audio=[]))


PICTURE: Any = SimpleNamespace(index=0)


def shown(name: str, *demuxed: Any) -> tuple[list[int | None], list[Fraction]]:
    restarts: list[Restart] = []
    found = [each.pts for each in packets.picture_packets(container(name, *demuxed), PICTURE, "time", restarts)]
    return found, [each.shift_s * 25 for each in restarts]


def test_a_clock_that_begins_again_goes_on_where_it_was() -> None:
    clock = [*range(5), *range(4), *range(2)]
    assert shown("flv", *map(packet, clock)) == (list(range(11)), [5, 9])
    assert shown("matroska,webm", *map(packet, clock)) == (clock, []), "which has one clock for the whole file"
    assert shown("flv", packet(10), packet(8), packet(9)) == ([10, 8, 9], []), "two frames back is no new beginning"
    assert shown("flv", packet(10), packet(7), packet(8)) == ([10, 11, 12], [4])


def test_a_clock_of_mpeg_that_leaps_ahead_was_set_anew_and_one_that_pauses_was_not() -> None:
    late = [0, 1, 2, 1000, 1001]
    assert shown("mpegts", *map(packet, late)) == ([0, 1, 2, 3, 4], [-997])
    assert shown("flv", *map(packet, late)) == (late, []), "elsewhere a gap is a gap"
    assert shown("mpegts", *map(packet, [0, 1, 251, 252])) == ([0, 1, 251, 252], []), "ten seconds are a pause"
    assert shown("mpegts", *map(packet, [0, 1, 252, 253])) == ([0, 1, 2, 3], [-250])
    heard = [packet(time, index=1) for time in (100, 500)]
    assert shown("mpegts", packet(0), packet(1), *heard, packet(1000), packet(1001)) == ([0, 1, 1000, 1001], []), (
        "there was sound meanwhile"
    )
    for at_the_edge in (1, 51, 950, 999):
        assert shown("mpegts", packet(0), packet(1), packet(at_the_edge, index=1), packet(1000))[1] == [-998], at_the_edge
    for between in (52, 949):
        assert shown("mpegts", packet(0), packet(1), packet(between, index=1), packet(1000))[1] == [], between


def test_sound_whose_clock_begins_again_is_noticed_where_it_may() -> None:
    clock = [packet(time, pos=time * 100 + place) for place, time in enumerate([0, 1, 2, 3, 0, 1])]
    found = packets.sound_restarts(container("mpegts", *clock), PICTURE)
    assert found == (Restart(4, Fraction(4, 25)),)
    assert packets.sound_restarts(container("mov", *clock), PICTURE) == ()
    assert packets.sound_restarts(container("mpegts", packet(10), packet(8)), PICTURE) == (), "three packets back at most go on"
    assert packets.sound_restarts(container("mpegts", packet(10), packet(7)), PICTURE) == (Restart(0, Fraction(4, 25)),)


def test_sound_goes_with_the_part_of_the_picture_that_it_belongs_to() -> None:
    restarts = [Restart(100, Fraction(10)), Restart(200, Fraction(20))]

    def heard(*clock: Any) -> list[int | None]:
        return [each.pts for each in packets.sound_packets(container("mpegts", *clock), PICTURE, restarts)]

    assert heard(packet(0, pos=0), packet(1, pos=99), packet(2, pos=150)) == [0, 1, 2], "its own clock goes on"
    assert heard(packet(50, pos=0), packet(0, pos=90), packet(1, pos=110)) == [50, 250, 251], "it begins before the picture does"
    assert heard(packet(50, pos=0), packet(0, pos=110), packet(50, pos=120), packet(0, pos=190)) == [50, 250, 300, 500]
    assert heard(packet(0, pos=100)) == [250]
    assert heard(packet(0, pos=99)) == [0]
    assert [each.pts for each in packets.sound_packets(container("mov", packet(7)), PICTURE, [])] == [7]


def test_pictures_are_numbered_in_the_order_in_which_they_come() -> None:
    def numbers(*came: int, depth: int = 2) -> list[int]:
        order = DecodingOrder()
        return [order.number(each, depth) for each in came]

    assert numbers(0, 1, 2, 3) == [0, 1, 2, 3]
    assert numbers(0, 3, 1, 2, 4) == [0, 1, 2, 3, 4], "held back to be put into order"
    assert numbers(5, 6, 7) == [0, 1, 2], "from wherever it begins"
    assert numbers(0, 2, 3, 4) == [0, 1, 2, 3], "one may still come"
    assert numbers(0, 4, 5) == [0, 2, 3], "no decoder holds three back: one of them was lost"
    assert numbers(0, 2, 3, depth=0) == [0, 2, 3]


# what a digest is taken of


def spread(**fields: Any) -> MediaInfo:
    frames = 24_000
    return info(frame_pts=np.arange(frames), keyframes=np.arange(0, frames, 100), keyframe_dts=np.arange(0, frames, 100), **fields)


def test_blocks_reach_from_the_keyframe_before_the_last_to_where_decoding_looks_ahead() -> None:
    reach = REACH
    assert content._blocks_for(spread(), 0, 1) == range(1)
    assert content._blocks_for(spread(), 0, 240 - 16 - reach) == range(1)
    assert content._blocks_for(spread(), 0, 240 - 16 - reach + 1) == range(2)
    first = 700 + reach  # decoding begins at keyframe 700; 600 lies before that, in block 2
    assert content._blocks_for(spread(), first, first + 1) == range(2, 4)
    assert content._blocks_for(spread(), first - 1, first).start == 2, "from keyframe 500"
    assert content._blocks_for(spread(), 23_990, 24_000) == range(99, 100)
    assert content._blocks_for(spread(seekable=False), 5000, 5001) == range(-(-(5001 + 16 + reach) // 240))
    assert [content._entry(spread(), frame) for frame in (0, 99, 100, 199, 200, 299)] == [0, 0, 0, 0, 100, 100]


def test_a_long_run_is_read_in_pieces_where_each_can_be_entered() -> None:
    assert list(content._parts(spread(), range(20))) == [range(8), range(8, 16), range(16, 20)]
    assert list(content._parts(spread(), range(3, 11))) == [range(3, 11)]
    assert list(content._parts(spread(), range(3, 12))) == [range(3, 11), range(11, 12)]
    assert list(content._parts(spread(seekable=False), range(20))) == [range(20)]
    rare = info(frame_pts=np.arange(24_000), keyframes=np.array([0, 2000]), keyframe_dts=np.array([0, 2000]))
    assert list(content._parts(rare, range(20))) == [range(16), range(16, 20)], "keyframe 2000 serves frame 3840 and not frame 1920"


def test_a_seek_counts_where_it_did_not_lead_too_far() -> None:
    clip = spread()
    for dts, early in ((100, True), (99, True), (101, False)):
        assert content._is_early_enough(clip, SimpleNamespace(dts=dts), 1) is early  # type: ignore[arg-type]
    for key, pts, early in ((True, 100, True), (True, 101, False), (False, 100, False), (True, None, False)):
        assert content._is_early_enough(clip, SimpleNamespace(dts=None, is_keyframe=key, pts=pts), 1) is early  # type: ignore[arg-type]
    assert [content._place(clip, frame) for frame in (0, 99, 100)] == [0, 0, 1]
    assert [content._landing(clip, frame) for frame in (0, 100, 250)] == [0, 100, 200]


# pictures as stored and as shown


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turn_survives_its_matrix(rotation: int, mirrored: bool) -> None:
    matrix = geometry.turn_matrix(rotation, mirrored=mirrored)
    assert geometry.turn_of(matrix) == (rotation, mirrored)
    assert geometry.read_display_matrix(struct.pack("=9i", *matrix) + b"more") == matrix
    assert geometry.turn_of(tuple(3 * number for number in matrix)) == (rotation, mirrored), "whatever its scale"


def test_turns_of_no_right_angle_are_none() -> None:
    def turned(degrees: float) -> tuple[int, bool] | None:
        cosine, sine = np.cos(np.radians(degrees)) * 65536, np.sin(np.radians(degrees)) * 65536
        return geometry.turn_of((round(cosine), round(sine), 0, round(-sine), round(cosine), 0, 0, 0, 1 << 30))

    assert [turned(degrees) for degrees in (0.9, 1.1, 45, 89.1, 88.9, 90.9, 271.5)] == [
        (0, False),
        None,
        None,
        (90, False),
        None,
        (90, False),
        None,
    ]
    assert geometry.turn_of((0,) * 9) == (0, False)
    assert geometry.turn_of((1, 0, 0, 0, 0, 0, 0, 0, 0)) == (0, False), "half of a matrix says nothing either"


@pytest.mark.parametrize(
    ("rotation", "mirrored", "corner", "other"),
    [
        (0, False, (0, 0), (128, 64)), (0, True, (128, 0), (0, 64)), (90, False, (64, 0), (0, 128)), (90, True, (64, 128), (0, 0)),
        (180, False, (128, 64), (0, 0)), (180, True, (0, 64), (128, 0)), (270, False, (0, 128), (64, 0)), (270, True, (0, 0), (64, 128)),
    ],
)  # fmt: skip
def test_corners_of_the_stored_picture_are_shown_where_the_turn_puts_them(
    rotation: int, mirrored: bool, corner: tuple[int, int], other: tuple[int, int]
) -> None:
    clip = info(sample_aspect=Fraction(4, 3), rotation=rotation, mirrored=mirrored)
    assert clip.display_size == ((128, 64) if rotation in (0, 180) else (64, 128))
    points = clip.to_display([(0, 0), (96, 64)])
    assert points.round(9).tolist() == [list(map(float, corner)), list(map(float, other))]
    assert clip.to_coded(points).round(9).tolist() == [[0, 0], [96, 64]]


def test_maps_are_chained_turned_round_and_moved_to_pixel_centres() -> None:
    double = np.array([[2.0, 0, 3], [0, 4, 5]])
    moved = np.array([[1.0, 0, 10], [0, 1, 20]])
    assert geometry.map_points(geometry.chained(moved, double), (1, 1)).tolist() == [15, 29]
    assert geometry.map_points(geometry.chained(double, moved), (1, 1)).tolist() == [25, 89]
    assert geometry.map_points(geometry.inverse(double), (5, 9)).tolist() == [1, 1]
    assert geometry.map_points(geometry.centred(double), (0, 0)).tolist() == [3.5, 6.5], "the centre of the first pixel is (0.5, 0.5)"
    assert geometry.display_size((1, 1), Fraction(1, 10), 0) == (1, 1)
    assert geometry.display_size((101, 7), Fraction(3, 2), 270) == (7, 152)


def test_exif_names_eight_turns() -> None:
    shown = {1: "ab/cd", 2: "ba/dc", 3: "dc/ba", 4: "cd/ab", 5: "ac/bd", 6: "ca/db", 7: "db/ca", 8: "bd/ac"}
    stored = np.array([list("ab"), list("cd")])
    for number, wanted in shown.items():
        degrees, mirrored = geometry.EXIF_TURNS[number]
        picture = np.rot90(stored[:, ::-1] if mirrored else stored, -degrees // 90)
        assert "/".join("".join(row) for row in picture) == wanted, number


@pytest.mark.parametrize(
    ("low", "high", "limit", "grid", "expected"),
    [(100, 150, 640, 2, (92, 128)), (100, 148, 640, 2, (92, 64)), (100, 149, 640, 2, (92, 128)), (0, 10, 640, 2, (0, 64)),
     (630, 640, 640, 2, (576, 64)), (10, 600, 640, 2, (0, 640)), (10, 500, 640, 2, (2, 512)), (0, 640, 640, 2, (0, 640)),
     (101, 140, 640, 4, (92, 64)),
     (631, 641, 641, 2, (576, 65)), (5, 30, 40, 1, (0, 40))],
)  # fmt: skip
def test_a_part_is_converted_with_some_around_it_in_steps(low: int, high: int, limit: int, grid: int, expected: tuple[int, int]) -> None:
    assert _stretch(low, high, limit, grid) == expected


# chroma


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("siting", "spaced"),
    [("first", [2, 3, 4, 4, 4, 8, 12, 14]), ("centre", [1.5, 2.5, 3.5, 4, 4, 6, 10, 13])],
)
def test_chroma_is_spread_by_where_it_lies(axis: int, siting: Any, spaced: list[float]) -> None:
    samples = np.array([[0, 2, 4, 4, 12, 16]], np.float32)
    samples = samples.T if axis == 0 else samples
    found = chroma.up(samples, axis, 1, siting)
    assert found.ravel().tolist() == spaced
    back = chroma.down(found, axis, 1, siting)
    assert back.ravel().tolist() == [4, 4], "the two in the middle, without loss"


def test_other_subsampling_repeats_and_averages() -> None:
    samples = np.array([[1, 5]], np.float32)
    assert chroma.up(samples, 1, 0, "first") is samples
    assert chroma.up(samples, 1, 2, "first").tolist() == [[1, 1, 1, 1, 5, 5, 5, 5]]
    assert chroma.down(np.array([[1, 2, 3, 6, 5, 5, 5, 9]], np.float32), 1, 2, "first").tolist() == [[3, 6]]
    assert chroma.covered_mean(np.array([[1], [2], [4], [8]], np.float32), 0, 1).tolist() == [[1.5], [6]]
    assert chroma.covered_mean(samples, 1, 0) is samples


def test_beyond_its_edges_a_plane_goes_on_as_its_edge() -> None:
    plane = np.array([[1, 2], [3, 4]], np.uint8)
    assert chroma.edge_block(plane, 0, 2, 0, 2).tolist() == [[1, 2], [3, 4]]
    assert chroma.edge_block(plane, -1, 3, -2, 3).tolist() == [[1, 1, 1, 2, 2], [1, 1, 1, 2, 2], [3, 3, 3, 4, 4], [3, 3, 3, 4, 4]]
    assert chroma.edge_block(plane, 1, 3, 0, 1).tolist() == [[3], [3]]
    assert chroma.edge_block(plane, -1, 1, 1, 2).tolist() == [[2], [2]]


# colour and pixels


@pytest.mark.parametrize(
    ("bits", "full", "scale"),
    [(8, False, (16, 219, 128, 224)), (10, False, (64, 876, 512, 896)), (8, True, (0, 255, 128, 255)), (10, True, (0, 1023, 512, 1023)),
     (16, False, (4096, 56064, 32768, 57344)), (16, True, (0, 65535, 32768, 65535))],
)  # fmt: skip
def test_codes_of_black_white_and_chroma(bits: int, full: bool, scale: tuple[float, ...]) -> None:
    assert colour.code_scale(bits, full=full) == scale


@pytest.mark.parametrize(
    ("tags", "size", "matrix"),
    [({}, (720, 576), 6), ({}, (1024, 576), 6), ({}, (1025, 576), 1), ({}, (1024, 577), 1), ({}, (576, 1024), 6), ({}, (1280, 720), 1),
     ({"matrix": 5}, (1920, 1080), 5), ({"matrix": 3}, (1920, 1080), 1), ({"matrix": 0}, (720, 576), 6), ({"primaries": 9}, (720, 576), 9),
     ({"primaries": 9, "matrix": 1}, (720, 576), 1), ({"primaries": 1}, (720, 576), 6)],
)  # fmt: skip
def test_an_untagged_picture_is_converted_as_editors_do(tags: dict[str, int], size: tuple[int, int], matrix: int) -> None:
    assert colour.assumed_matrix(ColourTags(**tags), *size) == matrix


def test_tags_are_named_and_unknown_ones_numbered() -> None:
    assert str(ColourTags(primaries=1, transfer=16, matrix=9, range=2)) == "BT.709 / PQ / BT.2020 / full"
    assert str(ColourTags(primaries=99, range=1)) == "99 / untagged / untagged / limited"
    assert [ColourTags(transfer=transfer).hdr for transfer in (16, 18, 14, 1, None)] == [True, True, False, False, False]


@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9, 10])
def test_white_has_no_chroma_and_pure_colours_lie_at_its_ends(matrix: int) -> None:
    table = colour.ycbcr_from_rgb(matrix)
    assert (table @ [1, 1, 1]).round(9).tolist() == [1, 0, 0]
    assert (table @ [0, 0, 1])[1].round(9) == (table @ [1, 0, 0])[2].round(9) == 0.5
    weights = {1: (0.2126, 0.0722), 4: (0.3, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
    red, blue = weights.get(matrix, (0.299, 0.114))  # of H.273
    luma = 0.2 * red + 0.5 * (1 - red - blue) + 0.8 * blue
    assert np.allclose(table @ [0.2, 0.5, 0.8], [luma, (0.8 - luma) / (2 - 2 * blue), (0.2 - luma) / (2 - 2 * red)])
    assert (colour.rgb_from_ycbcr(matrix) @ table).round(9).tolist() == np.eye(3).tolist()
    assert colour.sws_colorspace(matrix) == {6: 5, 10: 9}.get(matrix, matrix)


@pytest.mark.parametrize(
    ("name", "family", "bits", "shift", "extra"),
    [
        ("yuv420p", "yuv", 8, (1, 1), {}), ("yuva444p10le", "yuv", 10, (0, 0), {"alpha": Component(3)}),
        ("yuv422p16be", "yuv", 16, (1, 0), {"big_endian": True}), ("yuvj420p", "yuv", 8, (1, 1), {"full_range": True}),
        ("gbrp12le", "rgb", 12, (0, 0), {"full_range": True}), ("yuv411p", "yuv", 8, (2, 0), {}), ("yuv410p", "yuv", 8, (2, 2), {}),
        ("gbrap", "rgb", 8, (0, 0), {"full_range": True, "alpha": Component(3)}), ("yuv440p", "yuv", 8, (0, 1), {}),
        ("gray", "gray", 8, (0, 0), {}), ("gray10le", "gray", 10, (0, 0), {}), ("ya8", "gray", 8, (0, 0), {"alpha": Component(0, 1, 2)}),
        ("nv12", "yuv", 8, (1, 1), {}), ("nv21", "yuv", 8, (1, 1), {}), ("nv24", "yuv", 8, (0, 0), {}),
        ("p010le", "yuv", 10, (1, 1), {"left_shift": 6}), ("p216le", "yuv", 16, (1, 0), {"left_shift": 0}),
        ("p412be", "yuv", 12, (0, 0), {"left_shift": 4, "big_endian": True}), ("yuyv422", "yuv", 8, (1, 0), {}),
        ("rgb24", "rgb", 8, (0, 0), {"full_range": True}), ("0rgb", "rgb", 8, (0, 0), {"full_range": True}),
        ("rgba", "rgb", 8, (0, 0), {"full_range": True, "alpha": Component(0, 3, 4)}),
        ("bgr48be", "rgb", 16, (0, 0), {"full_range": True, "big_endian": True}),
    ],
)  # fmt: skip
def test_what_a_pixel_format_is(name: str, family: str, bits: int, shift: tuple[int, int], extra: dict[str, Any]) -> None:
    form = pixel_format(name)
    assert form is not None
    assert (form.name, form.family, form.bits, form.chroma_shift) == (name, family, bits, shift)
    usual = {"alpha": None, "left_shift": 0, "big_endian": False, "full_range": False}
    assert {key: getattr(form, key) for key in usual} == usual | extra
    assert form.maximum == 2**bits - 1
    assert form.dtype == (np.dtype("u1") if bits == 8 else np.dtype(">u2" if form.big_endian else "<u2"))


def test_where_components_lie() -> None:
    places = {
        "gbrp": [(2, 0, 1), (0, 0, 1), (1, 0, 1)], "nv12": [(0, 0, 1), (1, 0, 2), (1, 1, 2)], "nv21": [(0, 0, 1), (1, 1, 2), (1, 0, 2)],
        "yuyv422": [(0, 0, 2), (0, 1, 4), (0, 3, 4)], "uyvy422": [(0, 1, 2), (0, 0, 4), (0, 2, 4)],
        "yvyu422": [(0, 0, 2), (0, 3, 4), (0, 1, 4)],
        "bgr24": [(0, 2, 3), (0, 1, 3), (0, 0, 3)], "argb": [(0, 1, 4), (0, 2, 4), (0, 3, 4)], "ya8": [(0, 0, 2)], "gray": [(0, 0, 1)],
    }  # fmt: skip
    for name, expected in places.items():
        form = pixel_format(name)
        assert form is not None
        assert [(each.plane, each.offset, each.step) for each in form.components] == expected, name


@pytest.mark.parametrize(
    "name", ["pal8", "monow", "yuv", "yuvp", "gbr420p", "yuvp8", "rgb", "rgb565le", "rgba24", "rg24", "grayf32le", "xyz12le", "p610le"]
)
def test_what_cannot_be_viewed_is_no_format(name: str) -> None:
    assert pixel_format(name) is None
    plain = {"pal8": "rgba", "monow": "gray", "rgb565le": "rgba"}.get(name)
    assert plain_format(name) == plain
    assert plain_format("yuv420p") is None


def test_subsampling_range_and_sizes() -> None:
    forms = {name: pixel_format(name) for name in ("yuv420p", "yuv444p", "yuv411p", "gray", "gbrp", "yuvj422p")}
    assert [form.subsampling for form in forms.values() if form] == ["4:2:0", "4:4:4", "4:1:1", "4:0:0", "4:4:4", "4:2:2"]
    sizes = [chroma_size(form, 7, 9) for form in forms.values() if form]
    assert sizes == [(4, 5), (7, 9), (7, 3), (7, 9), (7, 9), (7, 5)]
    said = [[is_full_range(form, ColourTags(range=tag)) for tag in (None, 1, 2)] for form in forms.values() if form]
    usual, always = [False, False, True], [True] * 3
    assert said == [usual, usual, usual, [True, False, True], always, always]


@pytest.mark.parametrize(
    ("edges", "box"),
    [((0, 0, 9, 7), (0, 0, 9, 7)), ((3, 3, 5, 5), (2, 2, 6, 6)), ((2, 4, 4, 6), (2, 4, 4, 6)), ((-5, -5, 1, 1), (0, 0, 2, 2)),
     ((7.9, 5.9, 8.1, 6.1), (6, 4, 9, 7)), ((8, 6, 20, 20), (8, 6, 9, 7))],
)  # fmt: skip
def test_a_box_is_widened_to_the_chroma_grid_within_the_picture(edges: tuple[float, ...], box: tuple[int, ...]) -> None:
    frame = av.VideoFrame(9, 7, "yuv420p")
    found = align_box(frame, *edges)
    assert found == Box(*box)
    assert (found.width, found.height) == (box[2] - box[0], box[3] - box[1])
    for outside in ((10, 0, 12, 7), (0, 8, 9, 9), (-4, 0, 0, 7), (0, -4, 9, 0)):
        with pytest.raises(ValueError, match="does not touch"):
            align_box(frame, *outside)


# mattes


def test_a_matte_holds_from_its_first_frame_to_its_last() -> None:
    def at(first: int, **fields: Any) -> list[int]:
        matte = Holdout(info=info(**fields), size=(96, 64), to_clip=np.eye(2, 3), first=first)
        return matte._at(np.array([0, 3, 4, 5, 13, 14, 15])).tolist()

    assert at(4) == [-1, -1, 0, 1, 9, -1, -1]
    assert at(0) == [0, 3, 4, 5, -1, -1, -1]
    assert at(4, kind="still", frame_pts=np.array([0])) == [0] * 7


def test_the_scan_knows_its_containers() -> None:
    steady_clocks = {"mov,mp4,m4a,3gp,3g2,mj2": (True, False), "matroska,webm": (True, False), "mxf": (True, False)}
    others = {"mpegts": (False, True), "mpeg": (False, True), "flv": (False, False)}
    for name, (steady, leaps) in (steady_clocks | others).items():
        assert packets.has_steady_clock(container(name)) is steady
        assert packets.may_leap(container(name)) is leaps
    cover = [SimpleNamespace(disposition=bits) for bits in (0, 1, 0x400, 0x800, 0x401)]
    assert [packet_scan.has_picture(stream) for stream in cover] == [True, True, False, False, False]  # type: ignore[arg-type]
