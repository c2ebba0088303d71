"""Small files that nobody but this user may read, written at once or not at all.

On Windows the mode bits mean nothing: `icacls` takes away inherited rights and gives the file to its user alone. That branch could not be
run where this was written; the test of it checks the command, not Windows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path, PureWindowsPath


def make_private_folder(folder: Path) -> None:
    """A folder of this user alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if sys.platform != "win32":
        folder.chmod(0o700)


def write_private(path: Path, content: bytes) -> None:
    """Raises: OSError — the disk, or rights that could not be set (then nothing is left behind)."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")  # mode 0600 from its first moment
    try:
        with os.fdopen(descriptor, "wb") as file:
            if sys.platform == "win32":
                subprocess.run(acl_command(name), check=True, capture_output=True, timeout=30)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def acl_command(path: str) -> list[str]:
    """Windows: no inherited rights, full rights for this user, none for others. A renamed file keeps them."""
    user = f"{os.environ.get('USERDOMAIN', '.')}\\{os.environ.get('USERNAME', '')}"
    return [windows_program("System32", "icacls.exe"), path, "/inheritance:r", "/grant:r", f"{user}:(F)"]


def windows_program(*parts: str) -> str:
    """A program of Windows itself, whole: by its name alone one in the folder that the server was started in would run instead."""
    return str(PureWindowsPath(os.environ.get("SYSTEMROOT") or "C:\\Windows", *parts))


def readable_by_others(path: Path) -> bool:
    """True where the mode bits let others in (never on Windows, where they mean nothing)."""
    return sys.platform != "win32" and bool(path.stat().st_mode & 0o077)
