"""How a take goes onto a timeline, decided once for every panel and the page: its file, the frames that show, the speech beside it."""

from __future__ import annotations

import filecmp
import os
import secrets
import shutil
from collections.abc import Callable
from fractions import Fraction
from math import ceil
from pathlib import Path

from heygem_core.storage.os_errors import why

from ..errors import BadRequest, Conflict, DiskFull, NotFound
from ..wire import Placement, TakeView
from .take_files import rename_to_new, speech_of, stage, unstage


def shown_frames(take: TakeView, placement: Placement) -> tuple[int, int]:
    """(frames of the file before the visible start, visible frames).

    Visible are as many as cover the clip: its length at the file's own rate, rounded up, at most those that the file has. A take without a
    constant rate shows all that follow its handles: the editor cuts it at the clip's end. Raises: BadRequest — nothing would be seen.
    """
    before = max(0, placement.handles)
    left = take.frames - before
    if left <= 0 or placement.record_duration <= 0 or placement.rate <= 0:
        raise BadRequest(
            "placement.shows-nothing", take=take.name, frames=take.frames, before=before, clip_frames=placement.record_duration
        )
    if take.rate is None:
        return before, left
    return before, min(left, ceil(placement.record_duration * take.rate / placement.rate))


def heard_at(take: TakeView, handles: int, speech_start: Fraction) -> Fraction:
    """Second of the speech at the first visible frame. speech_start: at the take's first one. Raises: BadRequest — nobody can say."""
    if not handles:
        return speech_start
    if take.rate is None:
        raise BadRequest("placement.variable-rate", take=take.name)
    return speech_start + handles / take.rate


def speech_beside(take: TakeView, speech: Path, made: Callable[[Path], None] = lambda copy: None) -> Path:
    """A copy of the speech beside the take, `<take stem>.speech<suffix>`, made once: what lies in the server's folder goes one day.

    made: is told of a new copy, which may go with the take; a file that was there already is its user's.
    Raises: NotFound — there is neither; Conflict — another file has that name; DiskFull.
    """
    target = speech_of(Path(take.path), speech.suffix)
    for _ in range(2):
        if os.path.lexists(target):
            return _same(target, speech)
        staging = stage(target.parent, take.shot, secrets.randbits(62) | 1 << 61)  # no attempt has such a number
        try:
            copy = staging / target.name
            shutil.copy2(speech, copy)  # with its time, by which `filecmp` knows it without reading it
            rename_to_new(copy, target)
            made(target)
            return target
        except FileExistsError:  # somebody else asked at the same time
            continue
        except FileNotFoundError:
            raise _gone(take.name, speech) from None
        except OSError as error:
            raise DiskFull("placement.speech-not-written", take=take.name, why=why(error, target.parent)) from error
        finally:
            unstage(staging)
    return target


def check_there(take: TakeView, speech: Path) -> Path:
    """Raises: NotFound."""
    if not os.path.isfile(speech):
        raise _gone(take.name, speech)
    return speech


def _same(target: Path, speech: Path) -> Path:
    """What lies there already, where it is the speech, or where the speech itself is gone. Raises: Conflict."""
    if os.path.exists(speech) and not (target.is_file() and filecmp.cmp(speech, target)):
        raise Conflict("placement.speech-name-taken", file=target.name)
    return target


def _gone(take: str, speech: Path) -> NotFound:
    return NotFound("placement.speech-gone", speech=speech.name, take=take)
