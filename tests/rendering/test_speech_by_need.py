"""Of a long recording only the seconds that a take needs are decoded and listened to, with some around them."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import BadRange, SpeechTooLong
from heygem_core.media import sound_source
from heygem_core.media.sound import read_speech
from heygem_core.rendering.inputs import CONTEXT_S, listened_to, open_inputs
from heygem_core.shot import Progress, RenderSettings, Shot

from ..media.make import still, video
from .making import make

RATE = 16_000
HOUR = 3600


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of pictures at 24 a second."""
    return video(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=48, rate=Fraction(24))


def recording(path: Path, seconds: int, at: int, said: np.ndarray) -> Path:
    """A WAV of so many seconds that takes no room on the disk: silence but for what is said from a second on."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(b"")
    head = path.read_bytes()[:44]
    size = seconds * RATE * 2
    with open(path, "r+b") as file:
        file.write(head[:4] + (36 + size).to_bytes(4, "little") + head[8:40] + size.to_bytes(4, "little"))
        file.seek(44 + at * RATE * 2)
        file.write(np.round(said * 32767).astype("<i2").tobytes())
        file.truncate(44 + size)
    return path


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten hours, of which ten seconds from the seventh hour on are noise."""
    said = np.random.default_rng(5).normal(0, 0.1, RATE * 10)
    return recording(tmp_path_factory.mktemp("hours") / "book.wav", 10 * HOUR, 7 * HOUR, said)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many samples were decoded."""
    counts: list[int] = []
    plain = sound_source._decoded

    def counted(source: Any) -> Iterator[Any]:
        for frame in plain(source):
            counts.append(frame.samples)
            yield frame

    monkeypatch.setattr(sound_source, "_decoded", counted)
    return counts


def shot(clip: Path, speech: Path, **more: Any) -> Shot:
    return Shot(video=str(clip), speech=str(speech), **more)


def test_three_seconds_of_ten_hours_cost_three_seconds(clip: Path, hours: Path, decoded: list[int]) -> None:
    """Two hours took 3.5 GB and a quarter of an hour."""
    inputs = open_inputs(shot(clip, hours, speech_start=Fraction(7 * HOUR + 1), speech_end=Fraction(7 * HOUR + 2)), RenderSettings())
    assert (inputs.sound.start_s, inputs.heard_s) == (7 * HOUR + 1 - CONTEXT_S, 1)
    assert inputs.sound.duration == 1 + 2 * CONTEXT_S
    assert sum(decoded) < (inputs.sound.duration + 5) * RATE
    with open(hours, "rb") as file:
        file.seek(44 + int(inputs.sound.start_s) * RATE * 2)
        stored = np.frombuffer(file.read(len(inputs.sound.samples) * 2), "<i2") / 32768
    assert np.abs(inputs.sound.samples - stored).max() < 1e-6, "exact to the sample"


@pytest.mark.parametrize("fit", ["trim", "hold"])
def test_speech_that_outlasts_the_picture_is_not_heard_whole(fit: str, clip: Path, hours: Path, decoded: list[int]) -> None:
    inputs = open_inputs(shot(clip, hours), RenderSettings(fit=fit))
    assert inputs.sound.duration <= 2 + CONTEXT_S + 1
    assert (inputs.heard_s, len(inputs.frames.source)) == (10 * HOUR, 48)
    assert sum(decoded) < 20 * RATE


def test_speech_that_is_too_long_is_refused_without_hearing_it(clip: Path, hours: Path, decoded: list[int]) -> None:
    with pytest.raises(SpeechTooLong, match=r"36000\.00 s"):
        open_inputs(shot(clip, hours), RenderSettings())
    with pytest.raises(BadRange, match=r"begin at 40000 s and lasts only 36000"):
        open_inputs(shot(clip, hours, speech_start=Fraction(40_000)), RenderSettings(fit="hold"))
    assert sum(decoded) < 20 * RATE


@pytest.mark.parametrize(
    ("fit", "start", "end", "wanted"),
    [
        ("none", 0, None, (0, 3 + CONTEXT_S)),
        ("hold", Fraction(201, 2), None, (100 - CONTEXT_S, 103 + CONTEXT_S)),
        ("hold", -1, None, (0, 2 + CONTEXT_S)),
        ("hold", 100, 101, (100 - CONTEXT_S, 101 + CONTEXT_S)),
        ("hold", 100, 500, (100 - CONTEXT_S, 103 + CONTEXT_S)),
        ("loop", 100, None, (100 - CONTEXT_S, None)),
        ("loop", 100, 200, (100 - CONTEXT_S, 200 + CONTEXT_S)),
    ],
)
def test_what_is_listened_to(fit: str, start: Any, end: Any, wanted: tuple[int, int | None], clip: Path) -> None:
    from heygem_core.media.probe import probe

    chosen = Shot(video=str(clip), speech="any", speech_start=Fraction(start), speech_end=None if end is None else Fraction(end))
    assert listened_to(chosen, RenderSettings(fit=fit), probe(clip)) == wanted


def test_a_still_lasts_as_long_as_the_speech(tmp_path: Path) -> None:
    from heygem_core.media.probe import probe

    picture = still(tmp_path / "photo.png")
    assert listened_to(Shot(video=str(picture), speech="any"), RenderSettings(), probe(picture)) == (0, None)


def test_the_mouth_says_the_same_out_of_a_long_recording_as_out_of_its_part(short: Path, sentence: Path, tmp_path: Path) -> None:
    """Motion, speech and picture stand at the same times, wherever in the file the speech lies; and listening tells how far it is."""
    from heygem_core.rendering.report import read_report

    said = read_speech(sentence).samples
    at = 50
    part = recording(tmp_path / "part.wav", 2 * CONTEXT_S + 3, CONTEXT_S, said)
    book = recording(tmp_path / "book.wav", 120, at, said)
    events = make(short, book, tmp_path / "book.mkv", fit="hold", speech_start=Fraction(at))
    make(short, part, tmp_path / "part.mkv", fit="hold", speech_start=Fraction(CONTEXT_S))
    curves = [read_report(tmp_path / name) for name in ("book.mkv", "part.mkv")]
    assert curves[0] is not None
    assert curves[1] is not None
    assert curves[0].wanted_opening == curves[1].wanted_opening
    told = [(event.done, event.total) for event in events if isinstance(event, Progress) and event.stage == "speech"]
    assert told[0] == (0, 16)
    assert told[-1] == (16, 16)
    assert os.path.getsize(book) == 120 * RATE * 2 + 44
