"""Says whether a path still is what it was when somebody checked it: no link stands on its way.

A server checks once, when a job comes, that a file lies in a folder it may read, and keeps its real path. The work comes later, in another
process: a folder that was exchanged for a link meanwhile would lead it anywhere. So the process that opens files is told which paths were
real, and looks again at the moment of opening, before and after it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ntpath import splitdrive
from pathlib import Path

from ..errors import MediaNotFound


def real_path(path: str | Path) -> str:
    """Where every link is followed. A mapped drive of Windows keeps its letter: what it is mapped to is a network path."""
    real = os.path.realpath(path)
    drive = splitdrive(str(path))[0]
    if sys.platform == "win32" and real.startswith("\\\\") and re.fullmatch("[a-zA-Z]:", drive):
        share = os.path.realpath(drive + "\\").rstrip("\\")
        if real == share or real.startswith(share + "\\"):
            return drive + "\\" + real[len(share) :].lstrip("\\")
    return real


def is_real(path: str | Path) -> bool:
    """Whether no link stands on the way to it."""
    return os.path.normcase(real_path(path)) == os.path.normcase(path)


_all = False
_some: frozenset[str] = frozenset()


def hold_to_real_paths(paths: Iterable[str] | None) -> None:
    """From here on this process opens these paths (None = any path) only while they are real; what was said before no longer counts."""
    global _all, _some
    _all, _some = paths is None, frozenset(paths or ())


def is_held(path: str | Path) -> bool:
    """Whether this process was told to open that path only while it is real."""
    return _all or os.fspath(path) in _some


@contextmanager
def still_real(path: str | Path) -> Iterator[None]:
    """Around the opening of a file: what is opened is the file that lies there, and not what a link leads to.

    Raises: MediaNotFound — a held path is not real any more, or the file was exchanged while it was opened.
    """
    before = _identity(path) if is_held(path) else None
    yield
    if before is not None and _identity(path) != before:
        raise MediaNotFound("path.changed", path=path)


def _identity(path: str | Path) -> tuple[int, int]:
    if not is_real(path):
        raise MediaNotFound("path.link-appeared", path=path)
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError as error:
        raise MediaNotFound("media.not-found", path=path) from error
    return found.st_dev, found.st_ino
