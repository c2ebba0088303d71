"""What the system refuses, in words: the one place that knows error numbers. And which refusals no other try can mend.

`errno` says why on every system; Windows' own codes are mapped to it by Python.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Literal

from .errors import OutputError
from .messages import Message, plain, tell

Kind = Literal["disk-full", "no-inodes", "quota", "read-only", "no-permission", "too-large", "too-many-open", "name-too-long", "disk-fails"]

_KINDS: dict[int, Kind] = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "quota",
    errno.EROFS: "read-only",
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
    errno.EFBIG: "too-large",
    errno.EMFILE: "too-many-open",
    errno.ENFILE: "too-many-open",
    errno.ENAMETOOLONG: "name-too-long",
    errno.EIO: "disk-fails",
}
_WHY: dict[Kind, str] = {
    "disk-full": "os.disk-full",
    "no-inodes": "os.no-inodes",
    "quota": "os.quota",
    "read-only": "os.read-only",
    "no-permission": "os.no-permission",
    "too-large": "os.too-large",
    "too-many-open": "os.too-many-open",
    "name-too-long": "os.name-too-long",
    "disk-fails": "os.disk-fails",
}
_OUTPUT: dict[Kind, str] = {
    "disk-full": "output.disk-full",
    "no-inodes": "output.no-inodes",
    "quota": "output.quota",
    "read-only": "output.read-only",
    "no-permission": "output.no-permission",
    "too-large": "output.too-large",
    "too-many-open": "output.too-many-open",
    "name-too-long": "output.name-too-long",
    "disk-fails": "output.disk-fails",
}
_LASTING: tuple[Kind, ...] = ("quota", "read-only", "no-permission", "too-large", "name-too-long")
_LASTING_CODES = {
    *(codes[kind] for codes in (_WHY, _OUTPUT) for kind in _LASTING),
    *("output.is-folder", "output.is-input", "output.no-folder"),
    # A format and a source that do not fit will not fit in a minute either.
    *("format.no-transparency", "format.square-pixels-only", "format.too-small", "format.wrong-suffix", "format.suffix-unknown"),
    *("patch.no-transparency", "patch.of-transparent", "matte.same-path", "sign.format"),
    *("take.not-kept", "take.timecode-lost", "take.frames-moved", "take.label-lost"),
}
_FEW_FILES = 16  # a disk that can hold fewer new ones is full


def kind_of(error: BaseException, folder: Path | None = None) -> Kind | None:
    """What was refused, by its error number; None = something else. folder: where, which tells a disk without inodes from a full one."""
    kind = _KINDS.get(getattr(error, "errno", None) or 0)
    return "no-inodes" if kind == "disk-full" and folder is not None and holds_no_more_files(folder) else kind


def why(error: OSError, folder: Path | None = None) -> Message:
    """A few words for within a sentence."""
    kind = kind_of(error, folder)
    return plain(error.strerror or str(error)) if kind is None else tell(_WHY[kind])


def cannot_write(path: Path, error: BaseException) -> OutputError:
    """The error about a file that was to be written to `path`."""
    kind = kind_of(error, path.parent)
    if kind is None:
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError("output.not-written", file=path.name, folder=path.parent, why=reason)
    if kind in ("too-large", "name-too-long"):
        return OutputError(_OUTPUT[kind], file=path.name, folder=path.parent)
    return OutputError(_OUTPUT[kind], folder=path.parent)


def refused(error: OSError) -> OutputError | None:
    """The error about whatever the system refused where nobody else said what was being done; None = not of a kind that is known."""
    if kind_of(error) is None:
        return None
    if not isinstance(error.filename, str | bytes):
        return OutputError("output.refused", why=why(error))
    path = Path(os.fsdecode(error.filename))
    return OutputError("output.refused-at", path=path, why=why(error, path.parent))


def is_lasting(said: Message) -> bool:
    """Whether what is said was refused for a reason that another try in a moment cannot mend."""
    codes = {said.code, *(value.get("code") for value in said.params.values() if isinstance(value, dict))}
    return bool(codes & _LASTING_CODES)


def holds_no_more_files(folder: Path) -> bool:
    """Whether the disk of an existing folder has room for bytes but not for files."""
    try:
        status = os.statvfs(folder)
    except (OSError, AttributeError):  # away; Windows has no such limit
        return False
    return status.f_files > 0 and status.f_favail < _FEW_FILES
