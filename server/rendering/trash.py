"""The trash on the disk: a deleted take waits beside its folder until its delay is over, and can be put back until then.

<folder>/clip_v1.mov ─► <folder>/.heygem/trash/<take>/clip_v1.mov, its report and the copy of its speech with it

Only files that this server wrote, as it wrote them, are moved and later removed; whatever else lies beside a take is its user's. The row
of a take goes first (`store.trash`), then its files, so a server that was killed in between finishes that at its next start.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import msgspec

from ..errors import NotFound
from ..http.log import LOGGER
from ..store import Store
from ..store.trash import Trashed, Written
from ..wire import TakeView
from .handing_in import REFUSED
from .take_files import STAGING, hide, is_ours, next_version, rename_to_new

_VERSION = re.compile(r"_v\d+$")


def home_of(take: TakeView) -> Path:
    """Where the files of a take wait: on the same disk, so that moving them there and back is at once done."""
    return Path(take.path).parent / STAGING / "trash" / take.id


def settle_trash(store: Store) -> dict[str, list[Path]]:
    """Moves the files of deleted takes to where they wait; returns, by take, what stays since it is another file than the one we wrote."""
    left: dict[str, list[Path]] = {}
    for thrown in store.trash():
        if thrown.moved:
            continue
        others = [path for file in thrown.files if os.path.lexists(path := Path(file.path)) and not is_ours(path, file)]
        if others:
            left[thrown.take.id] = others
            LOGGER.warning("%s: another file than the one that was written, so it stays", ", ".join(map(str, others)))
        if all([_put_away(Path(file.path), file, home_of(thrown.take)) for file in thrown.files]):
            with suppress(*REFUSED):  # the next time finds nothing left to move
                store.moved_to_trash(thrown.take.id)
    return left


def restore(store: Store, take: str) -> TakeView:
    """Puts a take back, under its next version where its name was taken meanwhile.

    Raises: NotFound — it is not in the trash, or its file is gone; OSError; DiskFull, Busy — nothing has changed then.
    """
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
    for thrown in store.trash():
        # A take whose folder is away is left: its disk may come back.
        if (before is None or thrown.deleted < before) and thrown.moved and Path(thrown.take.path).parent.is_dir():
            freed += sum(_destroyed(home_of(thrown.take) / Path(file.path).name, file) for file in thrown.files)
            _tidy(home_of(thrown.take))
            store.forget_trashed(thrown.take.id)
            takes += 1
    return takes, freed


def _put_away(path: Path, file: Written, home: Path) -> bool:
    """Whether nothing is left to do about a file."""
    if not is_ours(path, file):  # gone, or another file
        return True
    try:
        home.mkdir(parents=True, exist_ok=True)
        hide(home.parent.parent)
        os.replace(path, home / path.name)
    except OSError as error:
        LOGGER.warning("%s could not be moved to the trash, trying again later: %s", path, error)
        return False
    return True


def _where(thrown: Trashed, file: Written) -> Path | None:
    """Where a file of a deleted take lies now; None = it is gone."""
    waiting = home_of(thrown.take) / Path(file.path).name
    if is_ours(waiting, file):
        return waiting
    return Path(file.path) if not thrown.moved and is_ours(Path(file.path), file) else None


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


def _destroyed(path: Path, file: Written) -> int:
    """Bytes freed."""
    if not is_ours(path, file):
        return 0
    try:
        path.unlink()
    except OSError:
        return 0
    return file.size_bytes


def _tidy(home: Path) -> None:
    """Empty folders go."""
    for folder in (home, home.parent, home.parent.parent):
        with suppress(OSError):
            folder.rmdir()
