"""The trash on the disk: a deleted take waits beside its folder until its delay is over, and can be put back until then.

<folder>/clip_v1.mov ─► <folder>/.heygem/trash/<take>/clip_v1.mov, its report and the copy of its speech with it

Only files that this server wrote, as it wrote them, are moved and later removed; whatever else lies beside a take is its user's. The row
of a take goes first (`store.trash`), then its files, so a server that was killed in between finishes that at its next start. One take is
moved, put back or removed at a time, and its row is read again for that: what it was a moment ago may be out of date.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from ..errors import NotFound
from ..log import LOGGER
from ..store import Store
from ..store.trash import Trashed, Written
from ..wire import TakeView
from .handing_in import REFUSED
from .take_files import STAGING, hide, is_ours, is_ours_for_sure, next_version, rename_to_new

_VERSION = re.compile(r"_v\d+$")
_ONE_AT_A_TIME = threading.Lock()  # held for one take, so that who puts one back waits for no other's hash


def home_of(take: TakeView) -> Path:
    """Where the files of a take wait: on the same disk, so that moving them there and back is at once done."""
    return Path(take.path).parent / STAGING / "trash" / take.id


def settle_trash(store: Store) -> dict[str, list[Path]]:
    """Moves the files of deleted takes to where they wait; returns, by take, what stays since it is another file than the one we wrote."""
    left: dict[str, list[Path]] = {}
    for take in store.not_moved_to_trash():
        with _ONE_AT_A_TIME:
            thrown = _still(store, take)
            if thrown is None or thrown.moved:
                continue
            became = {Path(file.path): _put_away(Path(file.path), file, home_of(thrown.take)) for file in thrown.files}
            others = [path for path, what in became.items() if what == "another"]
            if others:
                left[take] = others
                LOGGER.warning("%s: another file than the one that was written, so it stays", ", ".join(map(str, others)))
            if "later" not in became.values():
                with suppress(*REFUSED):  # the next time finds nothing left to move
                    store.moved_to_trash(take)
    return left


def restore(store: Store, take: str) -> TakeView:
    """Puts a take back, under its next version where its name was taken meanwhile.

    Raises: NotFound — it is not in the trash, or its file is gone; OSError; DiskFull, Busy — nothing has changed then.
    """
    with _ONE_AT_A_TIME:
        return _restore(store, take)


def _restore(store: Store, take: str) -> TakeView:
    thrown = store.trashed(take)
    files = [(file, _where(thrown, file)) for file in thrown.files]
    if not any(found is not None and file.path == thrown.take.path for file, found in files):
        raise NotFound("trash.file-gone", take=thrown.take.name)
    view = _named(store, thrown, dict(files)[_of(thrown)])
    back: list[tuple[Path, Path]] = []
    try:
        kept = []
        for file, found in files:
            target = _beside(Path(view.path), thrown.take, file)
            if found is None or (found != target and not _moved(found, target, must=file.path == thrown.take.path)):
                continue
            back.append((target, found))
            kept.append(msgspec.structs.replace(file, path=str(target)))
        store.restore(view, kept)
    except BaseException:
        for target, found in reversed(back):
            if target != found:
                with suppress(OSError):
                    os.replace(target, found)
        raise
    _tidy(home_of(thrown.take))
    return store.take(take)


def empty_trash(store: Store, before: float | None = None) -> tuple[int, int]:
    """Removes what was deleted before that second, None = everything, for good; returns how many takes, and the bytes freed."""
    takes = freed = 0
    settle_trash(store)
    for take in [each.take.id for each in store.trash()]:
        with _ONE_AT_A_TIME:
            thrown = _still(store, take)
            if thrown is None or not thrown.moved or not (before is None or thrown.deleted < before):
                continue
            if not Path(thrown.take.path).parent.is_dir():  # its disk may come back
                continue
            gone = [_destroyed(home_of(thrown.take) / Path(file.path).name, file) for file in thrown.files]
            freed += sum(size for size in gone if size is not None)
            _tidy(home_of(thrown.take))
            if None in gone:
                continue
            try:
                store.forget_trashed(take)
            except REFUSED as refused:  # the next time finds nothing left to remove
                LOGGER.warning("%s was removed and is still listed in the trash: %s", thrown.take.path, refused)
                continue
            takes += 1
    return takes, freed


def _still(store: Store, take: str) -> Trashed | None:
    """A take as the trash knows it now; None = it was put back, or removed, meanwhile."""
    try:
        return store.trashed(take)
    except NotFound:
        return None


def _put_away(path: Path, file: Written, home: Path) -> Literal["done", "another", "later"]:
    """What became of a file: nothing is left to do, another one lies there, or it is tried again."""
    try:
        if not is_ours_for_sure(path, file):
            return "another"
        home.mkdir(parents=True, exist_ok=True)
        hide(home.parent.parent)
        os.replace(path, home / path.name)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and path.parent.is_dir():
            return "done"  # gone; without its folder, its disk is away and may come back
        LOGGER.warning("%s could not be moved to the trash, trying again later: %s", path, error)
        return "later"
    return "done"


def _where(thrown: Trashed, file: Written) -> Path | None:
    """Where a file of a deleted take lies now; None = it is gone."""
    waiting = home_of(thrown.take) / Path(file.path).name
    if is_ours(waiting, file):
        return waiting
    return Path(file.path) if is_ours(Path(file.path), file) else None  # not moved yet, or a person took it out of the trash


def _of(thrown: Trashed) -> Written:
    return next(file for file in thrown.files if file.path == thrown.take.path)


def _named(store: Store, thrown: Trashed, found: Path | None) -> TakeView:
    """The take under the name that it gets."""
    path = Path(thrown.take.path)
    if found == path or not os.path.lexists(path):
        return thrown.take
    name = _VERSION.sub("", path.stem)
    version = next_version(path.parent, name, store.versions_named(str(path.parent)))
    target = path.with_name(f"{name}_v{version}{path.suffix}")
    return msgspec.structs.replace(thrown.take, name=target.name, path=str(target), version=version)


def _beside(target: Path, before: TakeView, file: Written) -> Path:
    """What a file of a take is called beside the name that the take gets."""
    name = Path(file.path).name
    whole, stem = before.name, Path(before.path).stem
    return target.with_name(target.name + name.removeprefix(whole) if name.startswith(whole) else target.stem + name.removeprefix(stem))


def _moved(found: Path, target: Path, *, must: bool) -> bool:
    """Never overwrites. False where a file that is not the take itself finds its name taken."""
    try:
        rename_to_new(found, target)
    except FileExistsError:
        if must:
            raise
        LOGGER.warning("%s stays in the trash: its name is taken", target)
        return False
    return True


def _destroyed(path: Path, file: Written) -> int | None:
    """Bytes freed; None = the file is still there, since another program has it open or its disk refuses."""
    try:
        if not is_ours_for_sure(path, file):
            return 0
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        LOGGER.warning("%s could not be removed, trying again later: %s", path, error)
        return None
    return file.size_bytes


def _tidy(home: Path) -> None:
    """Empty folders go."""
    for folder in (home, home.parent, home.parent.parent):
        with suppress(OSError):
            folder.rmdir()
