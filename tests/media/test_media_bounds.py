"""Times, rates, packets, mattes and channels at their bounds, without a file: each worked out by hand."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import BadRange, NoSound, UnreadableMedia
from heygem_core.media import channels, content, packet_scan, packets, playback, sound_source, timecode
from heygem_core.media.deinterlace import REACH
from heygem_core.media.holdout import Holdout
from heygem_core.media.info import MediaInfo
from heygem_core.media.packet_scan import FrameTimes, constant_rate, nominal_rate, snapped
from heygem_core.media.packets import DecodingOrder, Restart
from heygem_core.media.take_timing import same_timecode, steady_timing, timing_of
from heygem_core.media.timecode_track import counting_rate

from .facts import info

NTSC, FILM = Fraction(30000, 1001), Fraction(24000, 1001)


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


# sound by its channels


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["FC"], "mono"), (["NONE"], "mono"), (["FL", "FR"], "stereo"), (["NONE", "NONE"], "stereo"), (["NONE"] * 3, "mono"),
        (["FL", "FR", "FC"], "stereo"), (["FL", "FR", "FC", "LFE", "BL", "BR"], "5.1"), (["FL", "FR", "FC", "LFE", "SL", "SR"], "5.1"),
        (["SR", "SL", "LFE", "FC", "FR", "FL"], "5.1"), (["FL", "FR", "FC", "LFE", "BL", "BL"], "stereo"),
        (["FL", *["NONE"] * 4], "stereo"),
    ],
)  # fmt: skip
def test_what_a_take_keeps_of_channels(names: list[str], layout: str) -> None:
    assert channels.kept_layout(names) == layout


@pytest.mark.parametrize(
    ("names", "stereo", "mono"),
    [
        (["NONE"], [[0.7071], [0.7071]], [[1]]),
        (["NONE", "NONE"], [[1, 0], [0, 1]], [[0.5, 0.5]]),
        (["NONE", "NONE", "NONE"], [[0.7071] * 3] * 2, [[1, 1, 1]]),
        (["FL", "FR", "FC", "LFE", "SL", "BR"], [[1, 0, 0.7071, 0, 0.7071, 0], [0, 1, 0.7071, 0, 0, 0.7071]],
        [[0.5, 0.5, 1, 0, 0.3536, 0.3536]]),
        (["FLC", "FRC", "BC", "TC", "DL", "LFE2"], [[0.8536, 0.3536, 0.5, 0.5, 1, 0], [0.3536, 0.8536, 0.5, 0.5, 0, 0]],
        [[0.75, 0.75, 0.5, 0.7071, 0.5, 0]]),
        (["AMBI0", "AMBI1", "AMBI2"], [[0.7071, 0, 0]] * 2, [[1, 0, 0]]),
    ],
)  # fmt: skip
def test_channels_are_folded_to_the_sides_they_are_named_after(names: list[str], stereo: Any, mono: Any) -> None:
    assert channels.fold(names, "stereo").round(4).tolist() == np.array(stereo, np.float32).round(4).tolist()
    assert channels.fold(names, "mono").round(4).tolist() == np.array(mono, np.float32).round(4).tolist()


def test_channels_are_chosen_by_their_number_through_all_streams() -> None:
    facts = [
        channels.StreamFacts(names=names, rate=rate, codec="pcm") for names, rate in ((("FL", "FR"), 48_000), ((), 8000), (("FC",), 44_100))
    ]

    def heard(*wanted: int, default: int | None = 0) -> Any:
        return channels.heard_channels(facts, default, wanted, "x.wav")

    assert (heard().places, heard().names, heard().layout, heard().folded) == (((0, 0), (0, 1)), ("FL", "FR"), "stereo", False)
    one = heard(3)
    assert (one.streams, one.sizes, one.places, one.names, one.rate) == ((2,), (1,), ((2, 0),), ("FC",), 44_100)
    several = heard(3, 1)
    assert (several.streams, several.sizes, several.places, several.names) == ((0, 2), (2, 1), ((2, 0), (0, 0)), ("NONE", "NONE"))
    assert [each.tolist() for each in several.into("stereo")] == [[[0, 0], [1, 0]], [[1], [0]]]
    assert [each.tolist() for each in heard(3).into_sides()] == [[[1]]], "the middle alone"
    assert [each.shape for each in heard().into_sides()] == [(3, 2)]
    assert heard(2, 1).names == ("NONE", "NONE"), "in another order they are no left and right"
    assert heard(1, 2, 3).folded
    with pytest.raises(NoSound):
        heard(default=None)
    for wanted in ((4,), (0,), (-1,)):
        with pytest.raises(UnreadableMedia):
            heard(*wanted)
        with pytest.raises(BadRange):
            channels.heard_channels([facts[0]], 0, wanted, "x.wav")
    with pytest.raises(UnreadableMedia):
        heard(default=1)


@pytest.mark.parametrize(
    ("numbers", "runs"),
    [([5], [[5]]), ([1, 2, 2, 4], [[1, 2, 2, 4]]), ([4, 4, 3, 1], [[4, 4, 3, 1]]), ([1, 2, 1, 0, 3], [[1, 2], [1, 0], [3]]),
    ([3, 3, 3], [[3, 3, 3]]),
     ([2, 2, 1, 1, 2], [[2, 2, 1, 1], [2]])],
)  # fmt: skip
def test_pictures_are_played_in_runs_of_one_direction(numbers: list[int], runs: list[list[int]]) -> None:
    assert [run.tolist() for run in playback._runs(np.array(numbers))] == runs


# sound on its time


def stretch(pts: int | None, values: range, rate: int = 1000) -> Any:
    """Samples of a decoder, one millisecond each, whose value tells which they are."""
    frame = sound_source.sound_frame(np.array([values], np.float32), "mono", rate)
    frame.pts, frame.time_base = pts, Fraction(1, rate)
    return frame


def without_gaps(*frames: Any, origin: Fraction = Fraction(0), **start: Any) -> list[float]:
    pieces = sound_source._without_gaps(iter(frames), origin, sound_source.Start(**start))
    return [float(value) for piece in pieces for value in piece[0]]


def test_gaps_are_silence_overlaps_are_cut_and_small_steps_are_rounding() -> None:
    first, second = range(1, 101), range(101, 151)
    assert without_gaps(stretch(0, first), stretch(100, second)) == [*first, *second]
    assert without_gaps(stretch(0, first), stretch(119, second)) == [*first, *second], "less than a fiftieth of a second"
    assert without_gaps(stretch(0, first), stretch(81, second)) == [*first, *second]
    assert without_gaps(stretch(0, first), stretch(120, second)) == [*first, *[0] * 20, *second]
    assert without_gaps(stretch(0, first), stretch(80, second)) == [*first, *second[20:]]
    assert without_gaps(stretch(0, first), stretch(None, second)) == [*first, *second]
    assert without_gaps(stretch(0, first), stretch(10, range(101, 131)), stretch(100, second)) == [*first, *second], "heard already"


def test_before_time_0_nothing_is_heard_and_after_it_silence_comes_first() -> None:
    samples = range(1, 101)
    assert without_gaps(stretch(5, samples)) == [0] * 5 + [*samples], "to the sample, at the beginning"
    assert without_gaps(stretch(0, samples), origin=Fraction(30, 1000)) == [*samples[30:]]
    assert without_gaps(stretch(0, samples), stretch(100, samples), origin=Fraction(150, 1000)) == [*samples[50:]]
    assert without_gaps(stretch(0, samples), sample=40) == [*samples[40:]]
    assert without_gaps() == []
    long = without_gaps(stretch(2500, samples))
    assert (len(long), long[:2500]) == (2600, [0] * 2500)


def test_silence_is_made_a_second_at_a_time() -> None:
    assert [piece.shape for piece in sound_source._silence(stretch(0, range(5)), 2500)] == [(1, 1000), (1, 1000), (1, 500)]
    assert list(sound_source._silence(stretch(0, range(5)), 0)) == []


def test_where_times_are_only_nearly_right_frames_are_counted() -> None:
    def fifty(number: int) -> range:
        return range(number * 50, number * 50 + 50)

    frames = [stretch(50 * number + off, fifty(number)) for number, off in ((2, 1), (3, -1), (4, 2), (5, 0))]
    assert without_gaps(*frames, sample=150, grid=(0, 50)) == [*range(150, 300)]
    primed = stretch(70, range(30))  # of another length: what a freshly opened decoder gives first
    assert without_gaps(primed, *frames, sample=150, grid=(0, 50)) == [*range(150, 300)]
    assert [sound_source._on_grid(place, (10, 50)) for place in (10, 34, 36, 61, -30)] == [10, 10, 60, 60, -40]


def test_samples_of_a_file_that_begins_late_are_counted_from_its_picture() -> None:
    assert sound_source._samples_ahead(stretch(100, range(5)), Fraction(40, 1000), 10) == 50
    assert sound_source._samples_ahead(stretch(None, range(5)), Fraction(0), 10) == 0


@pytest.mark.parametrize(("last", "ticks"), [(Fraction(33, 9000), 3), (Fraction(37, 9000), 4), (Fraction(1, 9000), 1), (Fraction(0), 1)])
def test_the_last_frame_of_a_take_without_a_rate_is_shown_for_the_nearest_tick(last: Fraction, ticks: int) -> None:
    uneven = info(rate=Fraction(25), variable=True, time_base=Fraction(1, 900), frame_pts=np.array([0, 5, 20]), last_duration=last)
    assert timing_of(uneven, [0, 1, 2]).pts.tolist() == [0, 5, 20, 20 + ticks]
