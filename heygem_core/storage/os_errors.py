"""What the system refuses, in words: the one place that knows error numbers. And which refusals no other try can mend.

`errno` says why on every system; Windows' own codes are mapped to it by Python.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Literal

from ..errors import OutputError
from ..messages import Message, plain, tell

Kind = Literal[
    "disk-full", "no-inodes", "quota", "read-only", "no-permission", "too-large", "too-many-open", "name-too-long", "disk-fails", "in-use"
]

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
# Windows' own codes of what passes by itself, which are EACCES too: a file that another program has open (32, 33); and 5, which is also
# what a file that a virus scanner looks at answers.
_IN_USE = (5, 32, 33)
# Of files that are there but are not, or cannot be, what was written: two of another kind, then those whose bytes the disk has lost.
_DAMAGED = {
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EIO, errno.EBADMSG),
    getattr(errno, "EUCLEAN", errno.EIO),  # Linux alone
}
_DAMAGED_WINDOWS = (23, 1392)  # a wrong checksum; an unreadable file or folder
_DISK_FAILS_WINDOWS = (23, 1117)  # a wrong checksum; an error of the device
_NO_SUCH_CALL = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS}
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
    "in-use": "os.in-use",
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
    "in-use": "output.in-use",
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
_ON_ANOTHER_MACHINE = "farm.failed-there"  # whose disk says nothing of this one's, where the next try is
_FEW_FILES = 16  # a disk that can hold fewer new ones is full


def kind_of(error: BaseException, folder: Path | None = None) -> Kind | None:
    """What was refused, by its error number; None = something else. folder: where, which tells a disk without inodes from a full one."""
    if getattr(error, "winerror", None) in _IN_USE:
        return "in-use"
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
    return not_usable(error, Path(os.fsdecode(error.filename)))


def not_usable(error: OSError, path: Path) -> OutputError:
    """The error about a file that the system refuses, for whatever reason. path: where the error names none."""
    if isinstance(error.filename, str | bytes):
        path = Path(os.fsdecode(error.filename))
    return OutputError("output.refused-at", path=path, why=why(error, path.parent))


def tells_of_damage(error: OSError) -> bool:
    """Whether a file that was written is gone, or lost what it held. All else (too many open files, a permission, a share that is away,
    another program that has it open) says nothing of what the file holds."""
    winerror = getattr(error, "winerror", None)
    return winerror in _DAMAGED_WINDOWS if winerror in (*_IN_USE, *_DAMAGED_WINDOWS) else error.errno in _DAMAGED


def is_failing_disk(error: OSError) -> bool:
    """Whether the disk itself could not read or write."""
    return error.errno == errno.EIO or getattr(error, "winerror", None) in _DISK_FAILS_WINDOWS


def lacks_such_a_call(error: OSError) -> bool:
    """Whether a disk cannot do what was asked of it for this kind of file, as SMB, FUSE and network volumes of macOS answer."""
    return error.errno in _NO_SUCH_CALL


def is_lasting(said: Message) -> bool:
    """Whether what is said was refused for a reason that another try in a moment cannot mend."""
    if said.code == _ON_ANOTHER_MACHINE:
        return False
    codes = {said.code, *(value.get("code") for value in said.params.values() if isinstance(value, dict))}
    return bool(codes & _LASTING_CODES)


def holds_no_more_files(folder: Path) -> bool:
    """Whether the disk of an existing folder has room for bytes but not for files."""
    try:
        status = os.statvfs(folder)
    except (OSError, AttributeError):  # away; Windows has no such limit
        return False
    return status.f_files > 0 and status.f_favail < _FEW_FILES
