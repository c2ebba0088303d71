"""When picture and speech differ in length: none, trim, hold, loop."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from heygem_core.errors import BadRange, SpecError, SpeechTooLong
from heygem_core.media.probe import probe
from heygem_core.rendering.render import render

from .making import left_in, make, notices, samples, speech, task, write_sound


@pytest.fixture(scope="module")
def voice(woman: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Makes speech of a length in samples at 16 kHz; the short clip lasts 10240 of them."""

    def of(count: int) -> Path:
        return write_sound(tmp_path_factory.mktemp("voice") / f"{count}.wav", speech(woman)[8000 : 8000 + count])

    return of


@pytest.mark.parametrize(
    ("fit", "count", "frames"),
    [
        ("none", 10_240, 16),
        ("none", 10_700, 16),  # less than a frame too long
        ("none", 4_800, 16),
        ("trim", 4_800, 8),  # 7.5 frames
        ("trim", 16_000, 16),
        ("hold", 16_000, 16),
        ("hold", 4_800, 16),
        ("loop", 32_000, 50),
        ("loop", 4_800, 8),
    ],
)
def test_a_take_is_as_long_as_its_fit_says(short: Path, voice, tmp_path: Path, fit: str, count: int, frames: int) -> None:  # type: ignore[no-untyped-def]
    make(short, voice(count), tmp_path / "take.mkv", fit=fit)
    assert probe(tmp_path / "take.mkv").frame_count == frames
    assert samples(tmp_path / "take.mkv").shape[1] == frames * 1920, "the sound lasts exactly as long as the picture"


def test_a_speech_that_ends_early_is_told_and_padded_with_silence(man: Path, voice, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    events = make(man, voice(8_000), tmp_path / "take.mkv", fit="none", end_exclusive=40)
    assert "ends at 0.5 of 1.6 s" in notices(events)
    sound = samples(tmp_path / "take.mkv")
    assert np.abs(sound[:, :24_000]).max() > 0.01
    assert not sound[:, 24_100:].any()


def test_a_speech_that_is_cut_off_is_told(short: Path, voice, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    events = make(short, voice(32_000), tmp_path / "take.mkv", fit="trim")
    assert "lasts 2.0 s and the take 0.6 s: its end is cut off" in notices(events)


def test_a_speech_that_is_too_long_needs_a_choice(short: Path, voice, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SpeechTooLong, match=r"2\.00 s .* 0\.64 s.*--fit trim.*hold.*loop"):
        list(render(task(short, voice(32_000), tmp_path / "take.mkv", fit="none")))
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(("start", "end"), [(16, None), (0, 17), (100, 200)])
def test_a_range_outside_the_clip_names_what_there_is(short: Path, voice, tmp_path: Path, start: int, end: int | None) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadRange, match="16 frames"):
        list(render(task(short, voice(4_800), tmp_path / "take.mkv", start=start, end_exclusive=end)))


def test_a_segment_outside_the_take_is_refused_before_the_work(short: Path, voice, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for segment in ((0, 17), (8, 8), (-1, 4)):
        with pytest.raises((BadRange, SpecError), match="egment"):
            list(render(task(short, voice(10_240), tmp_path / "take.mkv", segment=segment)))
    assert left_in(tmp_path) == []


def test_one_frame_is_a_take(short: Path, voice, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make(short, voice(4_800), tmp_path / "take.mov", start=7, end_exclusive=8)
    take = probe(tmp_path / "take.mov")
    assert (take.frame_count, take.duration) == (1, Fraction(1, 25))
