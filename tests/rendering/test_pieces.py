"""A take is kept in pieces of about a second: a render draws what no render before it drew, and copies the rest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.media import content
from heygem_core.motion import model_choice
from heygem_core.rendering import frames
from heygem_core.rendering.pieces import PIECES
from heygem_core.rendering.report import read_report
from heygem_core.shot import Event, Progress, to_json
from heygem_core.storage.cache import Cache

from ..media.make import video
from .making import make, planes, same, samples, speech, task, write_sound


@pytest.fixture
def said(woman: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.resize(speech(woman)[4000:], 16_000 * 3)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The ranges that are drawn from now on."""
    ranges: list[tuple[int, int]] = []
    really = frames.draw_range

    def noted(engine: Any, plan: Any, start: int, end: int, *others: Any) -> Iterator[Any]:
        ranges.append((start, end))
        return really(engine, plan, start, end, *others)

    monkeypatch.setattr(frames, "draw_range", noted)
    return ranges


def packets(path: Path) -> list[bytes]:
    """Of the picture, as they lie in the file."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def there(events: list[Event]) -> int:
    """Frames that did not have to be drawn."""
    return next(event.done for event in events if isinstance(event, Progress) and event.stage == "render")


def test_a_render_of_the_same_again_copies_all_of_it(man: Path, said: Any, tmp_path: Path, drawn: list[tuple[int, int]]) -> None:
    speech_file = write_sound(tmp_path / "speech.wav", said)
    options: dict[str, Any] = {"cache": tmp_path / "cache", "end_exclusive": 32}
    make(man, speech_file, tmp_path / "one.mp4", **options)
    assert drawn == [(0, 32)]
    events = make(man, speech_file, tmp_path / "two.mp4", **options)
    assert drawn == [(0, 32)], "nothing is drawn"
    assert there(events) == 32
    assert packets(tmp_path / "two.mp4") == packets(tmp_path / "one.mp4")
    np.testing.assert_array_equal(samples(tmp_path / "two.mp4"), samples(tmp_path / "one.mp4"))
    assert read_report(tmp_path / "two.mp4").wanted_opening == read_report(tmp_path / "one.mp4").wanted_opening  # type: ignore[union-attr]


REPEAT = """
import sys
for heavy in ("torch", "scipy.ndimage", "scipy.optimize", "mediapipe"):
    sys.modules[heavy] = None  # importing it fails
from heygem_core.rendering.render import render
from heygem_core.shot import Finished, RenderTask, from_json
*_, last = render(from_json(open(sys.argv[1], "rb").read(), RenderTask))
assert isinstance(last, Finished)
"""


@pytest.mark.parametrize("motion", [pytest.param("mel", marks=pytest.mark.full), "auto"])
def test_a_render_of_the_same_again_loads_nothing_that_computes(
    short: Path, sentence: Path, tmp_path: Path, motion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch, the parts of SciPy and MediaPipe take longer to import than the take takes to copy."""
    monkeypatch.setattr(model_choice, "_loaded", set())  # as in a process that begins
    monkeypatch.setattr(content, "_known", {})
    options: dict[str, Any] = {"cache": tmp_path / "cache", "motion": motion}
    make(short, sentence, tmp_path / "one.mkv", **options)
    (tmp_path / "task.json").write_bytes(to_json(task(short, sentence, tmp_path / "two.mkv", **options)))
    done = subprocess.run([sys.executable, "-c", REPEAT, str(tmp_path / "task.json")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert packets(tmp_path / "two.mkv") == packets(tmp_path / "one.mkv")
    report = read_report(tmp_path / "two.mkv")
    assert report is not None
    assert report.device is None, "nothing was drawn on any"


@pytest.mark.full
def test_what_changes_at_the_end_of_the_speech_leaves_the_beginning(
    man: Path, said: Any, tmp_path: Path, drawn: list[tuple[int, int]]
) -> None:
    other = said.copy()
    end = 16_000 * 27 // 10
    other[end:] = said[end:][::-1]  # as loud as before: the level of a speech is that of all of it, in steps
    options: dict[str, Any] = {"cache": tmp_path / "cache", "motion": "mel"}
    takes = []
    for name, sound in (("one", said), ("two", other)):
        takes.append(tmp_path / f"{name}.mkv")
        make(man, write_sound(tmp_path / f"{name}.wav", sound), takes[-1], **options)
    (_, second) = drawn
    reports = [read_report(take) for take in takes]
    wanted = [(report.wanted_opening, report.wanted_width, report.wanted_gap) for report in reports if report is not None]
    (changed,) = np.nonzero((np.array(wanted[0]) != np.array(wanted[1])).any(0))
    assert second[0] <= changed.min()
    assert second[1] > changed.max(), "lips that rest at the end in both need not be drawn again"
    assert second[0] in (24, 48)
    one, two = map(planes, takes)
    assert same(one[: second[0]], two[: second[0]])
    assert not same(one, two)
    fresh = tmp_path / "fresh.mkv"
    make(man, tmp_path / "two.wav", fresh, cache=tmp_path / "other cache", motion="mel")
    assert same(planes(fresh), two), "pieces of two renders are what one render draws"


@pytest.mark.full
def test_a_damaged_piece_is_drawn_again(man: Path, said: Any, tmp_path: Path, drawn: list[tuple[int, int]]) -> None:
    speech_file = write_sound(tmp_path / "speech.wav", said)
    options: dict[str, Any] = {"cache": tmp_path / "cache", "end_exclusive": 32}
    make(man, speech_file, tmp_path / "one.mkv", **options)
    piece = next((tmp_path / "cache" / PIECES).glob("*/piece.mkv"))
    piece.write_bytes(piece.read_bytes()[:-100])
    make(man, speech_file, tmp_path / "two.mkv", **options)
    assert len(drawn) == 2
    assert drawn[1][1] - drawn[1][0] <= 27
    assert same(planes(tmp_path / "one.mkv"), planes(tmp_path / "two.mkv"))


@pytest.mark.full
def test_takes_too_large_for_the_cache_are_drawn_without_pieces(
    short: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEYGEM_CACHE_GB", "0.0001")
    make(short, sentence, tmp_path / "take.mkv", cache=tmp_path / "cache")
    assert not (Cache(tmp_path / "cache").root / PIECES).exists()


_WRITES_PIECES = """
import sys
from pathlib import Path
import psutil
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.take_timing import timing_of
from heygem_core.media.writer import TakeWriter
from heygem_core.rendering.pieces import Piece, keep_drawn
from heygem_core.storage.cache import Cache

info = probe(sys.argv[1])
pictures = [frame.picture for frame in read_frames(info)]
held = []

def writer(path, piece):
    held.append(psutil.Process().memory_info().rss >> 20)
    return TakeWriter(path, DELIVERABLES.get("h264"), info, timing_of(info, list(range(2))))

run = [Piece(start=2 * k, end_exclusive=2 * k + 2, key=f"{k:032x}") for k in range(10)]
drawn = (picture for _ in run for picture in pictures)
for _ in keep_drawn(run, drawn, ".mp4", Cache(sys.argv[2]), writer, TakeWriter.write, lambda: None):
    pass
print(held[2], held[-1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how other systems give memory back is theirs")
def test_a_long_take_holds_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    """Each piece has an encoder of its own, and what they freed stayed with the process, 30 MB more with each piece."""
    clip = video(tmp_path / "clip.mp4", frames=2, size=(1920, 1080), options={"preset": "ultrafast"})
    told = subprocess.run(
        [sys.executable, "-c", _WRITES_PIECES, str(clip), str(tmp_path / "cache")], check=True, capture_output=True, text=True
    )
    early, late = map(int, told.stdout.split())
    assert late < early + 15
