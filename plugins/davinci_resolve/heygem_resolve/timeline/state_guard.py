"""Leaves Resolve as it was found: page, timeline, playhead, marks and the media pool's folder are put back whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..editor import Editor, can

if TYPE_CHECKING:
    from .. import api


@contextmanager
def as_it_was(editor: Editor, project: api.Project) -> Iterator[None]:
    """Every part is put back on its own, so that one that fails keeps none of the others from it. The page is read before
    anything else: some calls that only read change it."""
    steps = _ways_back(editor, project)
    try:
        yield
    finally:
        put_back(steps)


def put_back(steps: Iterable[Callable[[], Any]]) -> None:
    """Every step is tried, whatever becomes of the others."""
    for step in steps:
        try:
            step()
        except Exception:  # an editor that is closing, or a project that was closed: there is nothing left to put back
            continue


def _ways_back(editor: Editor, project: api.Project) -> list[Callable[[], Any]]:
    """In order: the timeline first (playhead and marks belong to it), the page last (some calls change it)."""
    page = editor.resolve.GetCurrentPage()
    steps: list[Callable[[], Any]] = []
    timeline = project.GetCurrentTimeline()
    if timeline is not None:
        steps.append(lambda: _back_to_timeline(project, timeline))
        steps += _marks_back(timeline)
        where = timeline.GetCurrentTimecode()
        if where:
            steps.append(lambda: timeline.GetCurrentTimecode() == where or timeline.SetCurrentTimecode(where))
    pool = project.GetMediaPool()
    folder = pool.GetCurrentFolder()
    if folder is not None:
        steps.append(lambda: pool.SetCurrentFolder(folder))
    if page:
        steps.append(lambda: editor.resolve.GetCurrentPage() == page or editor.resolve.OpenPage(page))
    return steps


def _back_to_timeline(project: api.Project, timeline: api.Timeline) -> None:
    current = project.GetCurrentTimeline()
    if current is None or current.GetUniqueId() != timeline.GetUniqueId():
        project.SetCurrentTimeline(timeline)


def _marks_back(timeline: Any) -> list[Callable[[], Any]]:
    if not (can(timeline, "GetMarkInOut") and can(timeline, "SetMarkInOut") and can(timeline, "ClearMarkInOut")):
        return []
    before = _marks(timeline)
    return [lambda kind=kind: _mark_back(timeline, kind, before.get(kind, {})) for kind in ("video", "audio")]  # type: ignore[misc]


def _marks(timeline: Any) -> dict[str, dict[str, int]]:
    """In and out of pictures and of sound, each only where it is set."""
    return timeline.GetMarkInOut() or {}


def _mark_back(timeline: Any, kind: str, wanted: dict[str, int]) -> None:
    """A mark that stands is not touched. Resolve sets in and out together: a lone one is put back with the end that it meant."""
    if _marks(timeline).get(kind, {}) == wanted:
        return
    timeline.ClearMarkInOut(kind)
    if wanted:
        last = int(timeline.GetEndFrame()) - int(timeline.GetStartFrame()) - 1
        timeline.SetMarkInOut(wanted.get("in", 0), wanted.get("out", last), kind)
