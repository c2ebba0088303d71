"""The running Resolve: which version and edition it is, what is open in it, and whether it has a call at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError

if TYPE_CHECKING:
    from . import api


@dataclass(frozen=True)
class Editor:
    """What Resolve hands to a script. `fusion` and `bmd` carry the window toolkit and may be absent."""

    resolve: api.Resolve
    fusion: Any = None
    bmd: Any = None


def can(thing: Any, call: str) -> bool:
    """Whether this version has a call; `hasattr` says yes to everything, `dir` does not."""
    try:
        return call in dir(thing)
    except Exception:  # a dead object of an editor that is closing
        return False


def version(editor: Editor) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", editor.resolve.GetVersionString())[:4])


def is_studio(editor: Editor) -> bool:
    """The free edition is called "DaVinci Resolve", the paid one "DaVinci Resolve Studio"."""
    return "studio" in (editor.resolve.GetProductName() or "").lower()


def may_open_windows(editor: Editor) -> bool:
    """The window toolkit is Studio-only from 19.1; asking for it on the free edition raises a dialog that breaks later calls."""
    return editor.fusion is not None and editor.bmd is not None and (is_studio(editor) or version(editor) < (19, 1))


def project_of(editor: Editor) -> api.Project | None:
    manager = editor.resolve.GetProjectManager()
    return manager.GetCurrentProject() if manager else None


def open_project(editor: Editor, wanted: str | None = None) -> api.Project:
    """The project in the editor. Raises: HostError — none is open, or another one than `wanted` (an id)."""
    project = project_of(editor)
    if project is None:
        raise HostError("NoProject", "panel.no-project", editor="Resolve")
    if wanted is not None and project.GetUniqueId() != wanted:
        raise HostError("OtherProject", "panel.other-project", project=project.GetName())
    return project


def open_timeline(project: api.Project) -> api.Timeline:
    timeline: api.Timeline | None = project.GetCurrentTimeline()
    if timeline is None:
        raise HostError("NoTimeline", "panel.no-timeline")
    return timeline


def timeline_by_id(project: api.Project, wanted: str) -> api.Timeline:
    """Raises: HostError — it was deleted."""
    current: api.Timeline | None = project.GetCurrentTimeline()
    if current is not None and current.GetUniqueId() == wanted:
        return current
    for index in range(1, project.GetTimelineCount() + 1):
        timeline: api.Timeline | None = project.GetTimelineByIndex(index)
        if timeline is not None and timeline.GetUniqueId() == wanted:
            return timeline
    raise HostError("TimelineGone", "panel.timeline-gone")
