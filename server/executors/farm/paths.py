"""Files as another machine calls them: the folders of a task are mapped by their beginnings, between systems of any kind."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from heygem_core.shot import RenderTask
from heygem_core.tasks.specs import GenerateTask, Task

from ..worker_process import PATHS_OF_SETTINGS, PATHS_OF_SHOT

Maps = Iterable[tuple[str, str]]
_WINDOWS = re.compile(r"[A-Za-z]:|\\\\|//")


def mapped(path: str, maps: Maps) -> str:
    """The path with its beginning replaced by the first map that fits, and the slashes of the system it then lies on; else as it is.

    Both kinds of slashes are one where a Windows machine names the folder, and so is case.
    """
    for theirs, ours in maps:
        windows = bool(_WINDOWS.match(theirs))
        begins, whole = (_plain(theirs), _plain(path)) if windows else (theirs.rstrip("/"), path)
        fits = whole.lower().startswith(begins.lower()) if windows else whole.startswith(begins)
        rest = whole[len(begins) :]
        if fits and (not rest or rest[0] == "/"):
            joined = ours.rstrip("/\\") + rest
            return joined.replace("/", "\\") if _WINDOWS.match(ours) else joined
    return path


def mapped_task(task: Task, maps: Maps) -> Task:
    """A task with all its files as this machine calls them. Only tasks that travel have a form here."""
    maps = tuple(maps)
    if not maps or not isinstance(task, (RenderTask, GenerateTask)):
        return task

    def here(path: str | None) -> str | None:
        return None if path is None else mapped(path, maps)

    shot = replace(task.shot, **{name: here(getattr(task.shot, name)) for name in PATHS_OF_SHOT})
    settings = replace(task.settings, **{name: here(getattr(task.settings, name)) for name in PATHS_OF_SETTINGS})
    task = replace(task, shot=shot, settings=settings, cache=here(task.cache))
    return replace(task, output=here(task.output)) if isinstance(task, RenderTask) else task


def _plain(path: str) -> str:
    return path.replace("\\", "/").rstrip("/")
