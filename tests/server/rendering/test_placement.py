"""Which frames of a take show on a timeline and where its speech lies, to the frame; the copy of the speech beside the take."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from heygem_core.shot import RenderSettings
from heygem_server.errors import BadRequest, Conflict, NotFound
from heygem_server.rendering import placement as placing
from heygem_server.rendering.placement import heard_at, shown_frames, speech_beside
from heygem_server.wire import Placement, TakeView

from .jobs import PLACEMENT

FILM, DROP, FAST = Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)


def take(frames: int = 100, rate: Fraction | None = Fraction(25), path: str = "/takes/clip_v1.mov") -> TakeView:
    return TakeView(
        id="t1",
        job="j1",
        shot="s1",
        version=1,
        name=Path(path).name,
        path=path,
        size_bytes=5,
        sha256="0" * 64,
        frames=frames,
        rate=rate,
        width=96,
        height=64,
        start_timecode=None,
        format="prores",
        created=1.0,
        settings=RenderSettings(),
    )


def place(duration: int, rate: Fraction, handles: int = 0) -> Placement:
    return msgspec.structs.replace(PLACEMENT, record_duration=duration, rate=rate, handles=handles)


@pytest.mark.parametrize(
    ("frames", "own", "duration", "rate", "handles", "shown"),
    [
        (50, Fraction(25), 50, Fraction(25), 0, (0, 50)),
        (70, Fraction(25), 50, Fraction(25), 10, (10, 50)),
        (70, Fraction(25), 50, Fraction(25), -3, (0, 50)),
        (60, FAST, 60, FAST, 0, (0, 60)),
        (70, Fraction(25), 120, FAST, 10, (10, 51)),  # 120 frames of 59.94 are 2.002 s: 50.05 frames of 25
        (60, Fraction(25), 120, FAST, 10, (10, 50)),  # … and the file has one less
        (200, FAST, 50, Fraction(25), 4, (4, 120)),  # two seconds are 119.88 frames
        (99, FILM, 24, FILM, 2, (2, 24)),
        (99, FILM, 30, DROP, 0, (0, 24)),  # 1.001 s
        (99, Fraction(24), 30, DROP, 0, (0, 25)),  # 24.024
        (41, None, 50, Fraction(25), 0, (0, 41)),  # no constant rate: all of it
        (41, None, 50, Fraction(25), 3, (3, 38)),
    ],
)
def test_the_frames_that_cover_the_clip(
    frames: int, own: Fraction | None, duration: int, rate: Fraction, handles: int, shown: tuple[int, int]
) -> None:
    assert shown_frames(take(frames, own), place(duration, rate, handles)) == shown


@pytest.mark.parametrize(
    "placement", [place(50, Fraction(25), 100), place(0, Fraction(25)), place(-4, Fraction(25)), place(9, Fraction(0)), place(9, -FILM)]
)
def test_a_take_of_which_nothing_would_show_is_not_placed(placement: Placement) -> None:
    with pytest.raises(BadRequest, match="would show nothing"):
        shown_frames(take(100), placement)


@pytest.mark.parametrize(
    ("start", "handles", "own", "heard"),
    [
        (Fraction(0), 0, Fraction(25), Fraction(0)),
        (Fraction(3, 2), 10, Fraction(25), Fraction(19, 10)),  # the take begins at 1.5 s of the speech, what shows 0.4 s later
        (Fraction(-1, 5), 10, Fraction(25), Fraction(1, 5)),  # silence ends within the handles
        (Fraction(-1), 10, Fraction(25), Fraction(-3, 5)),  # the speech begins 0.6 s after the clip
        (Fraction(1), 12, FILM, 1 + Fraction(12 * 1001, 24000)),
        (Fraction(1, 3), 0, None, Fraction(1, 3)),
    ],
)
def test_the_second_of_the_speech_at_the_first_visible_frame(start: Fraction, handles: int, own: Fraction | None, heard: Fraction) -> None:
    assert heard_at(take(rate=own), handles, start) == heard


def test_behind_handles_of_no_constant_rate_nobody_knows_the_second() -> None:
    with pytest.raises(BadRequest, match="no constant frame rate"):
        heard_at(take(rate=None), 4, Fraction(1))


# --- the copy of the speech


@pytest.fixture
def made(tmp_path: Path) -> tuple[TakeView, Path]:
    """A take with its file, and speech in a folder that is not for editors."""
    path = tmp_path / "takes" / "Anna [2] 100%_v1.mov"
    path.parent.mkdir()
    path.write_bytes(b"frames")
    speech = tmp_path / "data" / "words.WAV"
    speech.parent.mkdir()
    speech.write_bytes(b"words" * 1000)
    return take(path=str(path)), speech


def test_speech_is_copied_beside_the_take_once(made: tuple[TakeView, Path]) -> None:
    view, speech = made
    copy = speech_beside(view, speech)
    assert copy == Path(view.path).with_name("Anna [2] 100%_v1.speech.WAV")
    assert copy.read_bytes() == speech.read_bytes()
    assert copy.stat().st_ino != speech.stat().st_ino, "what happens to the one file does not happen to the other"
    before = copy.stat()
    assert speech_beside(view, speech) == copy
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert sorted(path.name for path in copy.parent.iterdir()) == ["Anna [2] 100%_v1.mov", "Anna [2] 100%_v1.speech.WAV"]


def test_the_copy_is_enough_when_the_speech_is_gone(made: tuple[TakeView, Path]) -> None:
    view, speech = made
    copy = speech_beside(view, speech)
    speech.unlink()
    assert speech_beside(view, speech) == copy
    copy.unlink()
    with pytest.raises(NotFound, match=r"“words\.WAV” of “Anna .* is not there any more"):
        speech_beside(view, speech)
    assert [path.name for path in copy.parent.iterdir()] == ["Anna [2] 100%_v1.mov"]


def test_a_foreign_file_of_that_name_is_neither_used_nor_overwritten(made: tuple[TakeView, Path]) -> None:
    view, speech = made
    foreign = Path(view.path).with_name("Anna [2] 100%_v1.speech.WAV")
    foreign.write_bytes(b"somebody's own notes")
    with pytest.raises(Conflict, match="is another file than its speech"):
        speech_beside(view, speech)
    assert foreign.read_bytes() == b"somebody's own notes"
    foreign.unlink()
    foreign.symlink_to(speech.with_name("nothing"))
    with pytest.raises(Conflict):
        speech_beside(view, speech)


def test_two_who_ask_at_the_same_time_get_the_same_copy(made: tuple[TakeView, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    view, speech = made
    real = placing.rename_to_new

    def slower(staged: Path, target: Path) -> None:
        monkeypatch.setattr(placing, "rename_to_new", real)
        speech_beside(view, speech)  # somebody else is done first
        real(staged, target)

    monkeypatch.setattr(placing, "rename_to_new", slower)
    copy = speech_beside(view, speech)
    assert copy.read_bytes() == speech.read_bytes()
    assert len(os.listdir(copy.parent)) == 2


def test_who_places_is_told_of_a_copy_that_was_made_and_of_no_file_that_was_there(made: tuple[TakeView, Path]) -> None:
    view, speech = made
    told: list[Path] = []
    copy = speech_beside(view, speech, told.append)
    speech_beside(view, speech, told.append)
    assert told == [copy]
