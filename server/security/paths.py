"""Which files of this machine may be used: those inside folders that somebody allowed.

The order matters. Network paths (\\\\server, //server), device paths (\\\\.\\, \\\\?\\, /dev, /proc, CON …) and relative ones are
refused by their text alone: merely asking Windows about \\\\server sends the user's credentials to it. Then `realpath` follows every
link, and the result must lie inside an allowed folder. What was opened is compared once more, since a link can change between the
question and the opening; processes that open files later do so themselves (`heygem_core.media.real_paths`). Everything that a stranger
names comes by here: requests through `AllowedFolders`, the clips of timelines through `timeline.locate`.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from posixpath import normpath

from heygem_core.media.real_paths import is_real
from heygem_core.media.real_paths import real_path as real_path

from ..errors import NotAllowedFolder
from .errors import BadPath

_DEVICES = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])$", re.IGNORECASE)
_KERNEL = ("dev", "proc", "sys")


def check_text(path: str) -> None:
    """What can be said without asking the system. Raises: BadPath."""
    windows = sys.platform == "win32" or bool(PureWindowsPath(path).drive)  # elsewhere “Aux” is a folder like any other
    if not path or "\0" in path or len(path) > 4096:
        raise BadPath("path.length")
    slashed = path.replace("\\", "/")
    if slashed.startswith("//"):
        raise BadPath("path.network")
    if re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]+:", path):  # one letter and a colon is a Windows drive
        raise BadPath("path.address")
    parts = [part for part in slashed.split("/") if part]
    if windows and any(map(is_device, parts)):
        raise BadPath("path.windows-device")
    if windows and any(":" in part for part in parts[1:]):
        raise BadPath("path.stream")
    if windows and any(part not in (".", "..") and part[-1] in ". " for part in parts):
        raise BadPath("path.trailing-dots")
    if PurePosixPath(slashed).is_absolute() and any(
        whole.strip("/").partition("/")[0] in _KERNEL for whole in (slashed, normpath(slashed))
    ):
        raise BadPath("path.device")
    if not (os.path.isabs(path) or PurePosixPath(slashed).is_absolute() or PureWindowsPath(path).is_absolute()):
        raise BadPath("path.not-whole")


def is_device(name: str) -> bool:
    """Whether Windows takes this name of a file, with or without a suffix, for a device."""
    return bool(_DEVICES.match(name.split(".")[0].rstrip(" ")))


def check_no_link(path: str) -> None:
    """A path that was real when it was stored still is. Raises: BadPath."""
    if not is_real(path):
        raise BadPath("path.link-appeared", path=path)


def inside(path: Path, folders: Iterable[Path]) -> bool:
    """Whether a real path lies in one of the folders or is one."""
    wanted = os.path.normcase(path)
    return any(
        wanted == (root := os.path.normcase(real_path(folder))) or wanted.startswith(root.rstrip(os.sep) + os.sep) for folder in folders
    )


def is_own(real: Path, own: Path, takes: Path) -> bool:
    """Whether a real path lies in the server's own folder and is no take: nobody outside may name it. `own` and `takes` are real too.

    Takes are those in a folder for takes within the server's own; one around it makes nothing in it a take.
    """
    is_take = takes != own and inside(takes, (own,)) and inside(real, (takes,))
    return inside(real, (own,)) and not is_take


def allowed(path: str, folders: Iterable[Path]) -> Path:
    """The real path of an existing or future file inside the folders.

    Raises: BadPath; NotAllowedFolder — outside, also by a link.
    """
    check_text(path)
    real = real_path(path)
    check_text(real)  # a link may lead to a device or a share
    if not inside(Path(real), folders):
        raise NotAllowedFolder("path.outside", path=path, folder=str(Path(path).parent))
    return Path(real)


def open_allowed(path: Path, folders: Iterable[Path]) -> int:
    """A descriptor for reading a regular file that `allowed` gave, still inside. Raises: OSError, BadPath, NotAllowedFolder."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    try:
        opened, named = os.fstat(descriptor), os.stat(os.path.realpath(path))
        if not stat.S_ISREG(opened.st_mode):
            raise BadPath("path.not-a-file", path=path)
        if (opened.st_dev, opened.st_ino) != (named.st_dev, named.st_ino) or not inside(Path(real_path(path)), folders):
            raise NotAllowedFolder("path.changed", path=path, folder=str(path.parent))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
