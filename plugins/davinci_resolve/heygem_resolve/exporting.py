"""host.export: what only Resolve can decode, rendered by Resolve, with the Deliver page and the tracks left as they were.

The render runs in this script's thread: the editor cannot be used meanwhile, and the answer says for how long.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import reading
from .editor import Editor, open_project, open_timeline
from .kept import as_it_was
from .trouble import HostError

if TYPE_CHECKING:
    from . import api

_PICTURE = (("mov", "DNxHRHQX"), ("mov", "DNxHR HQX"), ("mov", "ProRes422HQ"), ("mov", "DNxHRHQ"))
"""Format and codec as Resolve names them, first that it takes. Names differ between versions and platforms."""
_LONGEST_S = 3600.0


def export(editor: Editor, params: dict[str, Any], wait: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """ExportParams → ExportResult; one file for each clip, a problem for each that fails. Raises: HostError — nothing is open."""
    began = time.monotonic()
    project = open_project(editor)
    timeline = open_timeline(project)
    kind = "video" if params["kind"] == "picture" else "audio"
    found = {item.GetUniqueId(): (track, item) for track, item in reading.all_items(timeline, kind)}
    exported = []
    with as_it_was(editor, project), _deliver_page_kept(project):
        for name in params["items"]:
            exported.append(_one(project, timeline, found.get(name), name, params, wait))
    return {"exported": exported, "blocked_ms": round((time.monotonic() - began) * 1000, 1)}


def _one(project: Any, timeline: Any, entry: Any, name: str, params: dict[str, Any], wait: Callable[[float], None]) -> dict[str, Any]:
    if entry is None:
        return {"item": name, "path": None, "problem": "The clip is no longer on the timeline."}
    track, item = entry
    picture = params["kind"] == "picture"
    try:
        with _alone(timeline, track) if picture else _nothing():
            return {"item": name, "path": _render(project, timeline, item, params, wait), "problem": None}
    except HostError as problem:
        return {"item": name, "path": None, "problem": str(problem)}


def _render(project: api.Project, timeline: api.Timeline, item: Any, params: dict[str, Any], wait: Callable[[float], None]) -> str:
    """Marks of a render are absolute frames, the last one included. Raises: HostError — no file came of it."""
    if project.IsRenderingInProgress():
        raise HostError("Rendering", "Resolve is rendering something else: wait until it is done and try again.")
    picture = params["kind"] == "picture"
    handles = params.get("handles", 0)
    first = int(timeline.GetStartFrame())
    stem = f"heygem-{item.GetUniqueId()[:8]}-{'picture' if picture else 'sound'}"
    before = set(os.listdir(params["folder"]))
    if picture and not any(project.SetCurrentRenderFormatAndCodec(form, codec) for form, codec in _PICTURE):
        raise HostError("NoCodec", "Resolve offers neither DNxHR nor ProRes here, so it cannot export this clip.")
    if not picture and not project.SetCurrentRenderFormatAndCodec("wav", "LinearPCM"):
        project.SetCurrentRenderFormatAndCodec("wav", "lpcm")
    settings = {
        "SelectAllFrames": False,
        "MarkIn": max(first, int(item.GetStart()) - handles),
        "MarkOut": int(item.GetStart()) + reading.length_of(item) - 1 + handles,
        "TargetDir": params["folder"],
        "CustomName": stem,
        "ExportVideo": picture,
        "ExportAudio": not picture,
    }
    if not project.SetRenderSettings(settings):
        raise HostError("NoSettings", "Resolve refused the settings of the export.")
    job = project.AddRenderJob()
    if not job:
        raise HostError("NoJob", "Resolve did not add the export to its render queue.")
    try:
        _run(project, job, wait)
    finally:
        project.DeleteRenderJob(job)
    made = sorted(name for name in set(os.listdir(params["folder"])) - before if name.startswith(stem))
    if not made:
        raise HostError("NoFile", "Resolve's export ended without a file; look at its render queue for the reason.")
    return os.path.join(params["folder"], made[0])


def _run(project: Any, job: str, wait: Callable[[float], None]) -> None:
    """The status text is in the language of the editor, so only whether it renders counts."""
    if not project.StartRendering([job], False):
        raise HostError("NotStarted", "Resolve did not start the export.")
    deadline = time.monotonic() + _LONGEST_S
    while project.IsRenderingInProgress():
        if time.monotonic() > deadline:
            project.StopRendering()
            raise HostError("TooLong", "The export took more than an hour and was stopped.")
        wait(0.1)


@contextmanager
def _deliver_page_kept(project: api.Project) -> Iterator[None]:
    """Format, mode and all settings of the Deliver page, by way of a preset that exists only meanwhile."""
    name = f"HeyGem {os.getpid()}-{time.time_ns()}"
    saved = project.SaveAsNewRenderPreset(name)
    now = project.GetCurrentRenderFormatAndCodec() or {}
    mode = project.GetCurrentRenderMode()
    try:
        project.SetCurrentRenderMode(1)  # one file of the timeline, not one for each clip
        yield
    finally:
        if saved:
            project.LoadRenderPreset(name)
            project.DeleteRenderPreset(name)
        if now.get("format") and now.get("codec"):
            project.SetCurrentRenderFormatAndCodec(now["format"], now["codec"])
        if mode is not None:
            project.SetCurrentRenderMode(mode)


@contextmanager
def _alone(timeline: api.Timeline, track: int) -> Iterator[None]:
    """Only this video track is seen, so that titles above and clips below do not come into the picture."""
    states = {index: timeline.GetIsTrackEnabled("video", index) for index in range(1, timeline.GetTrackCount("video") + 1)}
    try:
        for index, enabled in states.items():
            if enabled != (index == track):
                timeline.SetTrackEnable("video", index, index == track)
        yield
    finally:
        for index, enabled in states.items():
            timeline.SetTrackEnable("video", index, enabled)


@contextmanager
def _nothing() -> Iterator[None]:
    yield
