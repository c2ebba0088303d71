"""Timecode against known pairs and against itself."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygem_core.errors import BadRange
from heygem_core.media import timecode
from heygem_core.media.probe import probe

from .make import video

RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
]
NTSC = Fraction(30000, 1001)


@given(st.sampled_from(RATES), st.booleans(), st.integers(0, 24 * 3600 * 60))
def test_every_frame_count_survives_the_way_through_text(rate: Fraction, drop: bool, frames: int) -> None:
    drop = drop and timecode.may_drop(rate)
    frames %= timecode.frames_per_day(rate, drop=drop)
    assert timecode.parse(timecode.format(frames, rate, drop=drop), rate) == frames


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("00:00:59;29", 1799),
        ("00:01:00;02", 1800),  # numbers 00 and 01 are skipped
        ("00:10:00;00", 17982),  # but not in each tenth minute
        ("01:00:00;00", 107892),
        ("01:00:00:00", 108000),
    ],
)
def test_drop_frame_follows_the_standard_at_2997(text: str, frames: int) -> None:
    assert timecode.parse(text, NTSC) == frames
    assert timecode.format(frames, NTSC, drop=";" in text) == text


def test_drop_frame_skips_four_numbers_at_5994() -> None:
    rate = Fraction(60000, 1001)
    assert timecode.format(3600, rate, drop=True) == "00:01:00;04"
    assert timecode.parse("00:10:00;00", rate) == 35964


def test_an_hour_of_drop_frame_timecode_is_an_hour_to_the_frame() -> None:
    assert abs(timecode.parse("01:00:00;00", NTSC) / NTSC - 3600) < 1 / NTSC


def test_timecode_advances_across_a_dropped_number_and_midnight() -> None:
    assert timecode.advanced("00:00:59;29", 1, NTSC) == "00:01:00;02"
    assert timecode.advanced("23:59:59:24", 1, Fraction(25)) == "00:00:00:00"


@pytest.mark.parametrize("text", ["1:2:3:4", "00:00:00", "hello", "00:61:00:00", "00:00:00:25", "24:00:00:00", "-00:00:01:00", ""])
def test_what_is_no_timecode_at_25_is_refused(text: str) -> None:
    with pytest.raises(BadRange, match="timecode"):
        timecode.parse(text, Fraction(25))


def test_a_dropped_number_is_refused() -> None:
    with pytest.raises(BadRange, match="does not exist"):
        timecode.parse("00:01:00;00", NTSC)


def test_drop_frame_is_refused_where_it_does_not_exist() -> None:
    with pytest.raises(BadRange, match="drop-frame"):
        timecode.parse("00:00:01;00", Fraction(24000, 1001))


def test_a_number_is_a_frame_and_a_timecode_counts_from_the_clips_own_start() -> None:
    rate = Fraction(25)
    assert timecode.frame_number("42", rate, "01:00:00:00") == 42
    assert timecode.frame_number(7, None, None) == 7
    assert timecode.frame_number("01:00:02:01", rate, "01:00:00:00") == 51
    assert timecode.frame_number("00:00:02:01", rate, None) == 51


def test_a_timecode_before_the_clip_is_refused() -> None:
    with pytest.raises(BadRange, match="before the clip"):
        timecode.frame_number("00:59:59:24", Fraction(25), "01:00:00:00")


def test_a_timecode_for_a_still_is_refused() -> None:
    with pytest.raises(BadRange, match="frame number"):
        timecode.frame_number("00:00:01:00", None, None)


def _half_rate(path: Path, timecode: str, *, scale: int = 30_000, frames: int = 30) -> Path:
    """A clip of 59.94 pictures a second beside a timecode track that is told to count 30, as cameras write it."""
    data = bytearray(video(path, rate=Fraction(60000, 1001), frames=70, timecode=timecode).read_bytes())
    place = data.index(b"tmcd" + bytes(7) + b"\1")  # the sample description and not the handler of that name
    struct.pack_into(">IIB", data, place + 20, scale, 1001, frames)
    path.write_bytes(data)
    return path


def test_a_timecode_that_counts_half_of_the_pictures_is_counted_by_its_own_rate(tmp_path: Path) -> None:
    """Twenty frames off: each of its numbers stands for two pictures."""
    path = _half_rate(tmp_path / "clip.mov", "00:00:20:00")
    with av.open(str(path)) as container:
        assert container.streams.video[0].metadata["timecode"] == "00:00:40:00", "as players show it"
    info = probe(path)
    assert (info.rate, info.start_timecode, info.timecode_rate) == (Fraction(60000, 1001), "00:00:40:00", Fraction(30000, 1001))
    typed = {"00:00:40:20": 40, "00:00:41:00": 60, "00:00:40:40": 40, "12": 12}
    found = {text: timecode.frame_number(text, info.rate, info.start_timecode, counting=info.timecode_rate) for text in typed}
    assert found == typed
    assert info.timecode_of(41) == "00:00:40:41"


def test_a_timecode_of_the_pictures_rate_stays(tmp_path: Path) -> None:
    info = probe(video(tmp_path / "clip.mov", rate=Fraction(60000, 1001), frames=4, timecode="01:00:00;40"))
    assert (info.start_timecode, info.timecode_rate) == ("01:00:00;40", None)
    assert timecode.recounted("01:00:00;10", Fraction(30000, 1001), Fraction(60000, 1001)) == "01:00:00;20"
    assert timecode.recounted("01:01:00;02", Fraction(30000, 1001), Fraction(60000, 1001)) == "01:01:00;04"
    with pytest.raises(BadRange):
        timecode.recounted("01:00:00:10", Fraction(24), Fraction(30))
