"""Which source frames make a take, for every fit, and at rates that are no whole numbers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heygem_core.errors import BadRange, SpeechTooLong
from heygem_core.media.probe import MediaInfo, probe
from heygem_core.planning.frame_map import frames_under, retimed, take_frames

from ..media.make import still, video


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> MediaInfo:
    """Twenty frames at 24000/1001."""
    return probe(video(tmp_path_factory.mktemp("clip") / "clip.mp4", rate=Fraction(24000, 1001), frames=20))


def test_the_range_is_kept_where_the_picture_decides(clip: MediaInfo) -> None:
    for fit in ("none", "hold"):
        take = take_frames(clip, 4, 10, Fraction(1, 10), fit)  # type: ignore[arg-type]
        assert take.source.tolist() == [4, 5, 6, 7, 8, 9]
        assert take.timing.duration == 6 * Fraction(1001, 24000)
    assert take_frames(clip, 4, None, Fraction(0), "none").source.tolist() == list(range(4, 20))
    assert take_frames(clip, 4, 10, Fraction(99), "hold").source.tolist() == [4, 5, 6, 7, 8, 9]


def test_trim_keeps_the_frame_in_which_the_speech_ends(clip: MediaInfo) -> None:
    frame = Fraction(1001, 24000)
    for speech, count in (
        (frame * 3, 3),
        (frame * 3 + Fraction(1, 10**6), 4),
        (frame * 2 + frame / 2, 3),
        (Fraction(0), 1),
        (frame * 99, 16),
    ):
        assert len(take_frames(clip, 4, None, speech, "trim").source) == count


def test_one_frame_too_much_speech_is_rounding_and_more_is_an_error(clip: MediaInfo) -> None:
    frame = Fraction(1001, 24000)
    assert len(take_frames(clip, 0, None, frame * 21, "none").source) == 20
    with pytest.raises(SpeechTooLong, match="--fit trim"):
        take_frames(clip, 0, None, frame * 21 + Fraction(1, 1000), "none")


@given(start=st.integers(0, 18), length=st.integers(1, 20), speech=st.fractions(Fraction(0), Fraction(20)))
@settings(max_examples=100, deadline=None)
def test_a_loop_plays_forth_and_back_without_a_jump(clip: MediaInfo, start: int, length: int, speech: Fraction) -> None:
    end = min(20, start + length)
    take = take_frames(clip, start, end, speech, "loop")
    assert take.source[0] == start
    assert take.source.min() >= start
    assert take.source.max() < end
    steps = np.abs(np.diff(take.source))
    assert (steps == (0 if end - start == 1 else 1)).all(), "no frame stands twice, none is left out"
    assert abs(take.timing.duration - speech) <= max(Fraction(1001, 24000) - speech, Fraction(1001, 48000))


def test_a_still_lasts_as_long_as_the_speech(tmp_path: Path) -> None:
    take = take_frames(probe(still(tmp_path / "p.png")), 0, None, Fraction(2), "none")
    assert take.source.tolist() == [0] * 50
    assert take.fps == 25
    np.testing.assert_allclose(take.times, np.arange(50) / 25)


@pytest.mark.parametrize(("start", "end"), [(20, None), (0, 21), (25, 30)])
def test_a_range_outside_the_clip_is_refused(clip: MediaInfo, start: int, end: int | None) -> None:
    with pytest.raises(BadRange, match="20 frames"):
        take_frames(clip, start, end, Fraction(1), "hold")


@pytest.mark.parametrize(
    ("start", "end", "speed", "wanted"),
    [
        (4, 10, Fraction(1), [4, 5, 6, 7, 8, 9]),
        (4, 10, Fraction(2), [4, 6, 8]),
        (4, 9, Fraction(2), [4, 6, 8]),
        (4, 10, Fraction(1, 2), [4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]),
        (0, 10, Fraction(3, 2), [0, 1, 3, 4, 6, 7, 9]),
        (4, 10, Fraction(-1), [9, 8, 7, 6, 5, 4]),
        (4, 10, Fraction(-2), [9, 7, 5]),
        (4, 7, Fraction(-1, 2), [6, 6, 5, 5, 4, 4]),
        (3, 20, Fraction(100), [3]),
    ],
)
def test_a_speed_shows_the_frames_that_editors_show(clip: MediaInfo, start: int, end: int, speed: Fraction, wanted: list[int]) -> None:
    take = take_frames(clip, start, end, Fraction(0), "none", speed)
    assert take.source.tolist() == wanted
    assert take.timing.duration == len(wanted) * Fraction(1001, 24000), "the rate stays"


@given(start=st.integers(0, 19), length=st.integers(1, 20), speed=st.fractions(-100, 100, max_denominator=1001))
def test_a_speed_never_leaves_the_range(start: int, length: int, speed: Fraction) -> None:
    if abs(speed) < Fraction(1, 100):
        return
    shown = retimed(start, start + length, speed)
    assert shown.min() >= start
    assert shown.max() < start + length
    assert shown[0] == (start if speed > 0 else start + length - 1)
    assert len(shown) == -(-length // abs(speed))


def test_the_fit_follows_the_retimed_picture(clip: MediaInfo) -> None:
    frame = Fraction(1001, 24000)
    assert take_frames(clip, 0, 8, frame * 3, "trim", Fraction(-2)).source.tolist() == [7, 5, 3]
    assert take_frames(clip, 0, 6, frame * 7, "loop", Fraction(2)).source.tolist() == [0, 2, 4, 2, 0, 2, 4]
    with pytest.raises(SpeechTooLong):
        take_frames(clip, 0, 8, frame * 6, "none", Fraction(2))


@given(
    start=st.integers(0, 10),
    length=st.integers(1, 10),
    speech=st.fractions(Fraction(1, 10), Fraction(3)),
    fit=st.sampled_from(["trim", "hold", "loop"]),
    speed=st.sampled_from([Fraction(1), Fraction(-1), Fraction(3, 2), Fraction(1, 3)]),
)
@settings(max_examples=60, deadline=None)
def test_what_lies_under_a_take_is_known_without_its_speech(
    clip: MediaInfo, start: int, length: int, speech: Fraction, fit: Any, speed: Fraction
) -> None:
    made = take_frames(clip, start, start + length, speech, fit, speed).source
    assert frames_under(clip, start, start + length, fit, speed, len(made)).tolist() == made.tolist()


def test_a_clip_that_has_become_shorter_than_its_take_is_another_one(clip: MediaInfo) -> None:
    with pytest.raises(BadRange, match="another one now"):
        frames_under(clip, 10, None, "hold", Fraction(1), 11)
