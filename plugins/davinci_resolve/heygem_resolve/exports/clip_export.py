"""host.export: what only Resolve can decode, rendered by Resolve, with the Deliver page and the tracks left as they were.

The render runs in this script's thread: the editor cannot be used meanwhile, and the answer says for how long. Handles are frames
of the timeline: what lies beside the clip on its own track is in them, and before the timeline's first frame there are none.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError
from heygem_host.messages import Message, sentences, tell

from ..editor import Editor, can, open_project, open_timeline
from ..timeline import clips
from ..timeline.state_guard import as_it_was
from . import deliver_page, isolation, media_storage

if TYPE_CHECKING:
    from .. import api

_PICTURES, _SOUNDS = (".mov", ".mxf", ".mp4"), (".wav", ".mov", ".mp4")


def export(editor: Editor, params: dict[str, Any], wait: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """ExportParams → ExportResult; one file for each clip, a problem for each that fails.

    Raises: HostError — nothing is open, something is being rendered already, or there is nowhere to render to.
    """
    began = time.monotonic()
    project = open_project(editor)
    kind = "video" if params["kind"] == "picture" else "audio"
    timeline, found = _where_they_lie(project, kind, params["items"])
    if project.IsRenderingInProgress():
        raise HostError("Rendering", "panel.rendering")
    if not os.path.isdir(params["folder"]):
        raise HostError("NoFolder", "panel.export-folder-gone", folder=params["folder"])
    exported = []
    with as_it_was(editor, project):
        _open(project, timeline)
        with media_storage.folder_for(editor, params["folder"]) as folder, deliver_page.kept(editor, project, timeline, folder) as notices:
            problem = _ready(project, timeline, params["kind"])
            for number, name in enumerate(params["items"]):
                private = os.path.join(folder, f"{number:03}")
                exported.append(_one(project, timeline, found.get(name), name, params, private, problem, wait))
    blocked_ms = round((time.monotonic() - began) * 1000, 1)
    return {"exported": exported, "blocked_ms": blocked_ms, "notices": sentences(notices), "notice_messages": notices}


def _where_they_lie(project: api.Project, kind: str, names: list[str]) -> tuple[api.Timeline, dict[str, tuple[int, Any]]]:
    """The timeline that holds most of the clips (the open one where none does), and its clips by id."""
    current = open_timeline(project)
    best: tuple[int, api.Timeline, dict[str, tuple[int, Any]]] | None = None
    for timeline in (current, *(project.GetTimelineByIndex(index) for index in range(1, project.GetTimelineCount() + 1))):
        found = {item.GetUniqueId(): (track, item) for track, item in clips.all_items(timeline, kind)}
        held = sum(name in found for name in names)
        if held == len(names):
            return timeline, found
        if best is None or held > best[0]:
            best = (held, timeline, found)
    assert best is not None
    return best[1], best[2]


def _open(project: api.Project, timeline: api.Timeline) -> None:
    """What is rendered is the open timeline, and only an open one tells truly which of its tracks are on."""
    current = project.GetCurrentTimeline()
    if current is None or current.GetUniqueId() != timeline.GetUniqueId():
        project.SetCurrentTimeline(timeline)


def _ready(project: api.Project, timeline: api.Timeline, kind: str) -> Message | None:
    """Sets up format and codec; why that failed, since a problem is told for each clip."""
    try:
        deliver_page.set_up(project, timeline, kind)
    except HostError as problem:
        return problem.told
    return None


def _one(
    project: Any,
    timeline: Any,
    entry: Any,
    name: str,
    params: dict[str, Any],
    private: str,
    problem: Message | None,
    wait: Callable[[float], None],
) -> dict[str, Any]:
    if entry is None:
        return _failed(name, tell("panel.clip-not-on-timeline"))
    if problem is not None:
        return _failed(name, problem)
    track, item = entry
    try:
        first, last, handles = marks(timeline, item, params.get("handles", 0))
        os.makedirs(private)
        media_storage.check_room(private, timeline, last - first + 1, params["kind"])
        with isolation.alone(timeline, "video" if params["kind"] == "picture" else "audio", track, item, first, last):
            deliver_page.render(project, first, last, private, params["kind"], wait)
        path = _moved(private, params, item)
    except HostError as trouble:
        return _failed(name, trouble.told)
    except OSError as trouble:
        return _failed(name, tell("panel.export-not-written", why=trouble.strerror or trouble))
    except Exception as trouble:  # TypeError above all: another project was opened, and the objects of this one died
        return _failed(name, tell("panel.export-resolve-silent", why=trouble))
    return {"item": name, "path": path, "problem": None, "handles": handles}


def _failed(name: str, problem: Message) -> dict[str, Any]:
    return {"item": name, "path": None, "problem": problem["message"], "problem_message": problem}


def marks(timeline: Any, item: Any, handles: int) -> tuple[int, int, int]:
    """First and last frame to render (absolute, the last one included), and how many frames there are before the clip."""
    start, end = int(item.GetStart()), int(item.GetStart()) + clips.length_of(item)
    first = max(int(timeline.GetStartFrame()), start - handles)
    last = end - 1 + handles
    if can(timeline, "GetEndFrame") and timeline.GetEndFrame():
        last = max(end - 1, min(last, int(timeline.GetEndFrame()) - 1))
    return first, last, start - first


def _moved(private: str, params: dict[str, Any], item: Any) -> str:
    """The file that Resolve wrote, under a name of its own in the folder that was asked for. Raises: HostError — there is none."""
    suffixes = _PICTURES if params["kind"] == "picture" else _SOUNDS
    made = [
        os.path.join(private, name)
        for name in sorted(os.listdir(private))
        if name.lower().endswith(suffixes) and os.path.getsize(os.path.join(private, name))
    ]
    if not made:
        raise HostError("NoFile", "panel.export-no-file")
    if len(made) != 1:
        raise HostError("NoFile", "panel.export-many-files", count=len(made))
    safe = "".join(letter for letter in str(item.GetUniqueId()) if letter.isalnum())[:12]
    stem, suffix = f"heygem-{params['kind']}-{safe}", os.path.splitext(made[0])[1].lower()
    path, number = os.path.join(params["folder"], stem + suffix), 1
    while os.path.exists(path):
        path, number = os.path.join(params["folder"], f"{stem}-{number}{suffix}"), number + 1
    shutil.move(made[0], path)
    return path
