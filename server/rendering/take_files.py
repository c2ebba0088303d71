"""Takes on the disk: names of our choice that never overwrite, and a way to them that a crash at any point leaves mendable.

<folder>/.heygem/<shot>-<attempt>/<name>_v<N>.mov     joined here, with its report beside it
  └─ intent recorded with the file's hash ─► <folder>/<name>_v<N>.mov ─► take recorded, intent dropped
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from heygem_core.storage.artefacts import sync_folder

from ..digests import sha256_of
from ..store import Intent, Store
from ..store.trash import Written
from ..wire import TakeView

STAGING = ".heygem"
_UNUSABLE = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # on Windows
_LONGEST, _LONGEST_BYTES = 100, 180  # file systems take 255 bytes; a version, a suffix and the report's come behind


def file_name(name: str) -> str:
    """A name that every file system takes."""
    short = _UNUSABLE.sub("_", name).strip(" .")[:_LONGEST].encode(errors="ignore")[:_LONGEST_BYTES].decode(errors="ignore")
    plain = short.rstrip(" .") or "take"
    return f"_{plain}" if _RESERVED.fullmatch(plain) else plain


def next_version(folder: Path, name: str, taken: Collection[str] = ()) -> int:
    """The first number above all versions of that name in the folder, whatever their format, and among `taken` (paths)."""
    pattern = re.compile(rf"{re.escape(name)}_v(\d+)\.[^.]+(\.report\.json)?", re.IGNORECASE)
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    names |= {Path(path).name for path in taken if Path(path).parent == folder}
    return max((int(found[1]) for found in map(pattern.fullmatch, names) if found), default=0) + 1


def stage(folder: Path, shot: str, token: int) -> Path:
    """A fresh folder of our own beside the takes, on the same disk."""
    staging = folder / STAGING / f"{shot}-{token}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    hide(folder / STAGING)
    return staging


def hide(folder: Path) -> None:
    """From people who look into the folder above; a name with a dot does that where it is not Windows."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetFileAttributesW(str(folder), 2)


def unstage(staging: Path) -> None:
    """Removes it, and the folder above once it is empty."""
    shutil.rmtree(staging, ignore_errors=True)
    with suppress(OSError):
        staging.parent.rmdir()


def report_of(take: Path) -> Path:
    """Where the core puts the report of a take."""
    return take.with_name(f"{take.name}.report.json")


def place(staged: Path, target: Path) -> None:
    """Moves a take to its name, then its report. Raises: FileExistsError — the name is taken; OSError.

    In this order, since only the take's name decides who got it: two servers may share a folder.
    """
    rename_to_new(staged, target)
    place_report(staged, target)
    sync_folder(target.parent)


def place_report(staged: Path, target: Path) -> None:
    """The report follows its take; a take without one is a take all the same."""
    with suppress(OSError):
        os.replace(report_of(staged), report_of(target))


def rename_to_new(staged: Path, target: Path) -> None:
    """Never overwrites. Raises: FileExistsError, OSError."""
    if os.name != "posix":
        os.rename(staged, target)  # refuses to overwrite
        return
    try:
        os.link(staged, target)  # refuses too, which `rename` does not
    except FileExistsError:
        raise
    except OSError:  # no hard links here (exFAT, some network drives): keep the name with an empty file, then replace that
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        os.replace(staged, target)
        return
    os.unlink(staged)


def speech_of(take: Path, suffix: str) -> Path:
    """Where the copy of speech that came as a file lies beside a take (`placing`)."""
    return take.with_name(f"{take.stem}.speech{suffix}")


def written(path: Path, *, sha256: str | None = None) -> Written:
    """A file that we wrote just now. sha256: where it is known. Raises: OSError."""
    status = path.stat()
    return Written(path=str(path), size_bytes=status.st_size, sha256=sha256 or sha256_of(path), modified_ns=status.st_mtime_ns)


def written_with(take: TakeView, report: Written | None) -> tuple[Written, ...]:
    """A take that has just got its name, and its report as it was staged."""
    files = [Written(path=take.path, size_bytes=take.size_bytes, sha256=take.sha256)]
    with suppress(OSError):
        files = [written(Path(take.path), sha256=take.sha256)]
    if report is not None:
        files.append(msgspec.structs.replace(report, path=str(report_of(Path(take.path)))))
    return tuple(files)


def report_as_written(take: Path) -> Written | None:
    """The report that our own worker put beside a take just now; None = there is none."""
    try:
        return written(report_of(take))
    except OSError:
        return None


def is_ours(path: Path, file: Written) -> bool:
    """Whether what lies there is still what we wrote; False also where that cannot be told."""
    try:
        return is_ours_for_sure(path, file)
    except OSError:
        return False


def is_ours_for_sure(path: Path, file: Written) -> bool:
    """Whether what lies there is still what we wrote. A file of the same size and time is; of another time its hash decides.

    Raises: OSError — it is not there, or cannot be looked at.
    """
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size != file.size_bytes:
        return False
    return status.st_mtime_ns == file.modified_ns or sha256_of(path) == file.sha256


def withdraw(files: Iterable[Written]) -> None:
    """Removes a take that nobody will know of: what is still as it was written. What cannot be removed stays."""
    for file in files:
        if is_ours(Path(file.path), file):
            with suppress(OSError):
                os.unlink(file.path)


def settle_intents(store: Store, intents: Iterable[tuple[str, Intent]]) -> int:
    """After a crash: finishes or drops what was about to get its name; returns how many takes were saved."""
    saved = 0
    for shot, intent in intents:
        target, staged = Path(intent.take.path), Path(intent.staged)
        if _is(target, intent.take):
            report = report_as_written(staged) or report_as_written(target)
            place_report(staged, target)
            store.adopt(shot, intent.take, written_with(intent.take, report))
            saved += 1
        elif _is(staged, intent.take):
            saved += _finish(store, shot, staged, intent.take)
        else:
            store.drop_intent(shot)
        unstage(staged.parent)
    return saved


def _finish(store: Store, shot: str, staged: Path, take: TakeView) -> int:
    report = report_as_written(staged)
    try:
        _free_held_name(Path(take.path))
        place(staged, Path(take.path))
        files = written_with(take, report)
    except OSError:
        store.drop_intent(shot)  # joined again, under another name
        return 0
    store.adopt(shot, take, files)
    return 1


def _free_held_name(target: Path) -> None:
    """Without hard links a name is held by an empty file for a moment (`rename_to_new`); one that a crash left is ours."""
    with suppress(FileNotFoundError):
        if target.stat().st_size == 0:
            target.unlink()


def _is(path: Path, take: TakeView) -> bool:
    try:
        return path.stat().st_size == take.size_bytes and sha256_of(path) == take.sha256
    except OSError:
        return False


def check_takes(store: Store) -> tuple[int, int]:
    """Marks takes whose file is gone, or back; returns how many of each."""
    missing: list[str] = []
    found: list[str] = []
    for take in store.every_take():
        there = os.path.exists(take.path)
        if there == take.missing:
            (found if there else missing).append(take.id)
    if missing or found:
        store.mark_missing(missing, found)
    return len(missing), len(found)


def sweep_staging(store: Store, folders: Iterable[str]) -> None:
    """Removes what this server, killed, left beside takes; other servers may work in the same folders."""
    for folder in folders:
        staging = Path(folder) / STAGING
        with suppress(OSError):
            for entry in os.listdir(staging) if not staging.is_symlink() else ():
                if store.knows_shot(entry.rpartition("-")[0]):
                    shutil.rmtree(staging / entry, ignore_errors=True)
            staging.rmdir()


def renamed(take: TakeView, path: Path, version: int) -> TakeView:
    """The same take under another name."""
    return msgspec.structs.replace(take, name=path.name, path=str(path), version=version)
