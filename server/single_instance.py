"""One server per user, and where it is: a lock that dies with its process, and server.json for everybody who looks for the server.

The lock, not the file, says whether a server runs: after a crash the file is still there and the lock is free, so the next start
replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from heygem_core.errors import SpecError
from heygem_core.shot import from_json, to_json

from .errors import AlreadyRunning
from .security.private_files import make_private_folder, write_private
from .wire import ServerFile


def server_file(data_folder: Path) -> Path:
    return data_folder / "server.json"


def read_server_file(place: Path) -> ServerFile | None:
    """`place`: a data folder or the file itself. None = no server was started there, or the file is damaged."""
    try:
        return from_json((server_file(place) if place.is_dir() else place).read_bytes(), ServerFile)
    except (OSError, SpecError):
        return None


@contextmanager
def only_one(data_folder: Path) -> Iterator[None]:
    """Holds the lock; on leaving takes server.json away. Raises: AlreadyRunning, OSError."""
    make_private_folder(data_folder)
    lock = FileLock(data_folder / "server.lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        found = read_server_file(data_folder)
        if found is None:
            raise AlreadyRunning("server.already-starting") from None
        raise AlreadyRunning("server.already-running", url=found.url, process=found.pid) from None
    try:
        with suppress(FileNotFoundError):  # of a server that was killed
            server_file(data_folder).unlink()
        yield
    finally:
        with suppress(OSError):
            server_file(data_folder).unlink()
        lock.release()


def announce(data_folder: Path, file: ServerFile) -> None:
    """From here on the server can be found. Raises: OSError."""
    write_private(server_file(data_folder), to_json(file))
