"""Keeps files that can be made again, and knows later whether they still hold what was written.

An artefact is one or several files of one folder. When it is finished its files are written through to the disk and a *seal* is put beside
them: the artefact's name and a digest of each file. Who opens it asks `is_whole` first. What a crash, a failing disk or another program
changed, cut short or swapped is then told apart from what was written, and is made again by whoever keeps it.

Reading a file for its digest takes about a second a gigabyte. A process does it once for each state of a file: as long as inode, size and
times stay, the digest found before holds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from hashlib import blake2b, file_digest
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, SpecError
from ..shot import Struct, from_json, to_json
from .os_errors import lacks_such_a_call, not_usable, tells_of_damage

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER_SEAL = "digests.json"  # in a folder that is an artefact
_REMEMBERED = 50_000  # files of which this process remembers the digest
_SYNCED_AT_ONCE = 8  # files
_WORTH_WAITING = 32 << 20  # bytes: reading that many takes about as long as waiting
_TICK_NS, _COARSE_TICK_NS = 50_000_000, 2_000_000_000  # of a file's times; the coarse one where they are whole seconds


class Seal(Struct, frozen=True, kw_only=True):
    """What an artefact was when it was finished."""

    name: str  # of the artefact: two artefacts that were swapped differ in it
    files: dict[str, str]  # name of each file → digest


class FileState(Struct, frozen=True, kw_only=True):
    """Tells without reading it whether a file was changed. On Windows the last figure is the time at which the file was made, so there
    a change that keeps size and time of change is not seen."""

    device: int
    inode: int
    size: int  # bytes
    mtime_ns: int  # of the last change of its contents, as programs may set it
    ctime_ns: int  # of the last change of any kind, which only the system sets

    @staticmethod
    def of(status: os.stat_result) -> FileState:
        return FileState(
            device=status.st_dev, inode=status.st_ino, size=status.st_size, mtime_ns=status.st_mtime_ns, ctime_ns=status.st_ctime_ns
        )

    def is_settled(self) -> bool:
        """Whether a change from now on gives other times: it would not within the tick of the clock that the last change fell in."""
        tick = _COARSE_TICK_NS if self.mtime_ns % 1_000_000_000 == 0 and self.ctime_ns % 1_000_000_000 == 0 else _TICK_NS
        now = time.time_ns()  # a time that lies ahead of it is as settled as one long ago
        return all(abs(now - then) > tick for then in (self.mtime_ns, self.ctime_ns))


_known: dict[FileState, str] = {}  # digests that this process found


def seal(place: Path, name: str, files: Iterable[Path]) -> None:
    """Writes `files` through to the disk and puts their seal at `place`, in the same folder. Raises: OSError."""
    sealed = sorted(files)
    _let_settle(sealed)
    part = place.with_name(f"{place.name}.part")
    part.write_bytes(to_json(Seal(name=name, files={file.name: digest_of(file) for file in sealed})))
    sync_all([*sealed, part])
    part.replace(place)
    sync_folder(place.parent)


def _let_settle(files: Sequence[Path]) -> None:
    """Waits for the tick of the clock in which large files were written last to pass: a digest that is found from then on can be
    remembered, and whoever reads them next, often in a moment, need not find it once more."""
    for state in (FileState.of(file.stat()) for file in files):
        if state.size > _WORTH_WAITING and not state.is_settled():
            time.sleep(2 * _TICK_NS / 1e9)
            return


def is_whole(place: Path, name: str, files: Iterable[Path]) -> bool:
    """Whether these are exactly the files that were sealed at `place` under this name, and hold what they held then.

    Raises: OutputError — the system refuses to read them for now, which says nothing of what they hold.
    """
    try:
        kept = from_json(place.read_bytes(), Seal)
        found = {file.name: file for file in files}
        if kept.name != name or kept.files.keys() != found.keys():
            return False
        return all(S_ISREG(file.stat().st_mode) and digest_of(file) == kept.files[file.name] for file in found.values())
    except SpecError:
        return False
    except OSError as error:
        if tells_of_damage(error):
            return False
        raise not_usable(error, place) from error


def seal_folder(folder: Path, name: str) -> None:
    """Seals all files of a folder, which are one artefact. Raises: OSError."""
    seal(folder / FOLDER_SEAL, name, _files(folder))


def folder_is_whole(folder: Path, name: str) -> bool:
    """Whether a folder is as it was sealed under this name. Raises: OutputError, see `is_whole`."""
    try:
        files = _files(folder)
    except OSError as error:
        if tells_of_damage(error):
            return False
        raise not_usable(error, folder) from error
    return is_whole(folder / FOLDER_SEAL, name, files)


def digest_of(path: Path) -> str:
    """Of all bytes of a file; remembered while the file stays as it is. Raises: OSError."""
    with path.open("rb") as file:
        state = FileState.of(os.fstat(file.fileno()))
        known = _known.get(state)
        if known is not None:
            return known
        settled = state.is_settled()
        digest = file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    if settled:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[state] = digest
    return digest


def array_of(folder: Path, name: str) -> NDArray[Any]:
    """An array of an artefact, mapped from disk. Raises: OutputError — the artefact vanished while it was in use."""
    from .arrays import load_array

    try:
        return load_array(folder / f"{name}.npy", mapped=True)
    except (OSError, ValueError, EOFError) as error:
        if (folder / FOLDER_SEAL).exists() and isinstance(error, FileNotFoundError):
            raise  # whole, and never had such an array: a mistake of whoever asks
        raise OutputError("cache.changed-meanwhile", folder=folder.parent.parent) from error


def sync(path: Path) -> None:
    """Writes a file through to the disk, so that a loss of power does not empty it after it got its name. Raises: OSError."""
    _sync(path, os.O_RDWR)


def sync_all(files: Sequence[Path], folder: Path | None = None) -> None:
    """The same for several files, and for the names in a folder, at one time: most of a disk's time for one of them serves the others too.

    Raises: OSError.
    """
    works = [partial(sync, file) for file in files] + ([] if folder is None else [partial(sync_folder, folder)])
    with ThreadPoolExecutor(min(len(works), _SYNCED_AT_ONCE) or 1) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder last, where the system and the disk can do that for folders. Raises: OSError."""
    if os.name != "posix":
        return
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if not lacks_such_a_call(error):
            raise


def _sync(path: Path, how: int) -> None:
    with suppress(PermissionError):
        descriptor = os.open(path, how)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.name not in (FOLDER_SEAL, f"{FOLDER_SEAL}.part")]
