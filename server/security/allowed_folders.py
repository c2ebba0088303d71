"""The folders of this machine that may be read: from the settings, and those that somebody allowed in the page (kept in roots.json).

A path outside them is not simply refused: pages are asked "allow this folder?", and the one who wanted it tries again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath

from heygem_core.errors import SpecError
from heygem_core.messages import Message
from heygem_core.shot import from_json, to_json

from ..errors import NotAllowedFolder, NotFound
from ..settings import PathMap, ServerSettings
from ..wire import ConsentWanted
from .errors import BadPath
from .paths import allowed, check_text, inside, is_own, open_allowed, real_path
from .private_files import write_private

_ASK_AGAIN_S = 10.0


class AllowedFolders:
    """All folders that may be read now."""

    def __init__(self, settings: ServerSettings, ask: Callable[[ConsentWanted], None]) -> None:
        """`ask` tells the pages."""
        self._fixed = (*settings.roots, settings.takes_folder)
        self._own, self._takes = Path(real_path(settings.data_folder)), Path(real_path(settings.takes_folder))
        self._maps = settings.path_maps
        self._file = settings.data_folder / "roots.json"
        self._added = _read(self._file)
        self._ask = ask
        self._asked: dict[str, float] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((*self._fixed, *self._added)))

    def is_given(self, folder: Path) -> bool:
        """Whether somebody allowed it in the page, who may take that back."""
        return folder in self._added and folder not in self._fixed

    def resolve(self, path: str, wanted_by: Message, *, folder: bool = False) -> Path:
        """The real path of a file (or `folder`) inside the folders, whether it exists or not. Raises: BadPath, NotAllowedFolder (asks)."""
        path = inward(path, self._maps)
        try:
            real = allowed(path, self.folders)
            if self.is_own(real):  # server.json lies there
                raise BadPath("folder.servers-own")
            return real
        except NotAllowedFolder as refusal:
            if self.is_own(Path(real_path(path))):  # nobody is asked for what nobody may allow
                raise BadPath("folder.servers-own") from refusal
            self._ask_for(path if folder else refusal.folder, wanted_by)
            raise

    def is_own(self, real: Path) -> bool:
        """Whether a real path lies in the server's own folder and is no take: nothing outside may count on it."""
        return is_own(real, self._own, self._takes)

    @property
    def own(self) -> tuple[Path, Path]:
        """The server's own folder and that of takes, as `is_own` wants them: for a process that looks for files by itself."""
        return self._own, self._takes

    def recheck(self, path: str) -> Path:
        """The real path of a file that another process found inside the folders, if it still lies there.

        Raises: BadPath, NotAllowedFolder — it does not, and nobody is asked.
        """
        real = allowed(path, self.folders)
        if self.is_own(real):
            raise BadPath("folder.servers-own")
        return real

    def open(self, path: Path) -> int:
        """A descriptor for reading a file that must still lie inside, whatever its name leads to by now.

        Raises: NotFound, BadPath, NotAllowedFolder.
        """
        try:
            return open_allowed(path, self.folders)
        except OSError as error:
            raise NotFound("file.gone", file=path.name, why=error.strerror) from error

    def outward(self, path: Path | str) -> str:
        """The path as the editor's machine calls it."""
        return outward(str(path), self._maps)

    def inward(self, path: str) -> str:
        """A path of the editor's machine as this one calls it."""
        return inward(path, self._maps)

    def add(self, folder: str) -> None:
        """Consent. Raises: BadPath — no folder, or one that holds everything; OSError."""
        check_text(folder)
        real = Path(real_path(folder))
        check_text(str(real))  # a link may lead to a device or a share
        if not os.path.isdir(real):
            raise BadPath("folder.not-a-folder", folder=folder)
        if real.parent == real:
            raise BadPath("folder.root-of-drive")
        if not inside(real, self.folders):
            self._added = (*self._added, real)
            self._save()

    def remove(self, folder: str) -> None:
        """Takes consent back. Raises: BadPath — not one that was given in the page."""
        check_text(folder)
        if Path(folder) not in self._added:
            raise BadPath("folder.of-settings", folder=folder)
        self._added = tuple(each for each in self._added if each != Path(folder))
        self._save()

    def _save(self) -> None:
        write_private(self._file, to_json([str(folder) for folder in self._added]))

    def _ask_for(self, folder: str, wanted_by: Message) -> None:
        now = time.monotonic()
        self._asked = {known: at for known, at in self._asked.items() if now - at < _ASK_AGAIN_S}
        if folder not in self._asked:
            self._asked[folder] = now
            self._ask(ConsentWanted(folder=folder, wanted_by=wanted_by.message, wanted_by_message=wanted_by))


def inward(path: str, maps: tuple[PathMap, ...]) -> str:
    """A path of the editor's machine as this machine calls it; one that no map knows stays as it is."""
    return next((moved for each in maps if (moved := _moved(path, each.theirs, each.ours)) is not None), path)


def outward(path: str, maps: tuple[PathMap, ...]) -> str:
    """The other way round."""
    return next((moved for each in maps if (moved := _moved(path, each.ours, each.theirs)) is not None), path)


def _moved(path: str, before: str, after: str) -> str | None:
    """`path` with its first folders exchanged; each side in its own machine's writing. None = not below `before`."""
    kind, target = _kind(before), _kind(after)
    given, start = kind(path), kind(before)
    if not given.is_relative_to(start) or ".." in given.parts:
        return None
    return str(target(after, *given.relative_to(start).parts))


def _kind(path: str) -> type[PurePosixPath] | type[PureWindowsPath]:
    return PureWindowsPath if PureWindowsPath(path).drive or "\\" in path else PurePosixPath


def _read(file: Path) -> tuple[Path, ...]:
    try:
        return tuple(Path(each) for each in from_json(file.read_bytes(), list[str]))
    except (OSError, SpecError):
        return ()
