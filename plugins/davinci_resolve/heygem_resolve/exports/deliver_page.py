"""Resolve's Deliver page: set up for one of our renders, and put back.

Its settings can be written and not read, SetRenderSettings takes all keys or none, nearly every call puts the Deliver page in front, a
preset may leave out folder and range, and a job in the queue is the only thing that tells them. So: a preset that exists only meanwhile,
a job that is never rendered, and what can be read back is read back. The file name on the page cannot be read at all and is never written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from heygem_host import timecode
from heygem_host.errors import HostError
from heygem_host.messages import Message, tell

from ..editor import Editor, can
from ..timeline.state_guard import put_back
from . import media_storage

if TYPE_CHECKING:
    from .. import api

_PICTURE = ("DNxHRHQX", "ProRes422HQ", "DNxHRHQ", "ProRes422")  # beginnings of codec ids, best first; "DNxHRHQX_10" in 20 and 21
_GUESSED = ("DNxHRHQX_10", "DNxHRHQX", "ProRes422HQ", "DNxHRHQ")  # where this version lists none
_PRESET = "HeyGem meanwhile "
_SINGLE = 1  # one file of the timeline, not one for each clip
_LONGEST_S = 3600.0
_STALLED_S = 30.0  # neither rendering nor done for so long: a message waits in Resolve's window
_TRIES, _TRY_AGAIN_S = 5, 0.5  # of AddRenderJob, which now and then gives nothing while the page is still opening


@contextmanager
def kept(editor: Editor, project: api.Project, timeline: api.Timeline, folder: str) -> Iterator[list[Message]]:
    """Format, codec, mode, range, folder and all other settings of the Deliver page are afterwards what they were.

    Yields the list that gets a sentence for each that is not. `folder` takes the place of a target folder that was never chosen.
    """
    notices: list[Message] = []
    mode, now = project.GetCurrentRenderMode(), project.GetCurrentRenderFormatAndCodec() or {}
    _sweep(project)
    name = f"{_PRESET}{os.getpid()}-{time.time_ns()}"
    saved = bool(project.SaveAsNewRenderPreset(name))
    before: list[dict[str, Any]] = []
    try:
        if mode is not None:
            project.SetCurrentRenderMode(_SINGLE)
        before = _as_the_page_has_it(timeline, _inherited(project), folder)
        yield notices
    finally:
        steps: list[Callable[[], Any]] = []
        if saved:
            steps.append(lambda: project.LoadRenderPreset(name))
        if now.get("format") and now.get("codec"):
            steps.append(lambda: project.SetCurrentRenderFormatAndCodec(now["format"], now["codec"]))
        steps += [lambda settings=settings: project.SetRenderSettings(settings) for settings in before]  # type: ignore[misc]
        if mode is not None:
            steps.append(lambda: project.SetCurrentRenderMode(mode))
        if saved:
            steps.append(lambda: project.DeleteRenderPreset(name))
        put_back(steps)
        put_back([lambda: notices.extend(_what_differs(project, now, mode, saved))])


def _sweep(project: Any) -> None:
    """Presets of ours that a Resolve that was killed in the middle of an export has kept."""
    listed = (project.GetRenderPresetList() if can(project, "GetRenderPresetList") else None) or []
    for entry in listed:
        name = entry.get("PresetName") if isinstance(entry, dict) else entry
        if isinstance(name, str) and name.startswith(_PRESET):
            project.DeleteRenderPreset(name)


def _inherited(project: Any) -> dict[str, Any]:
    """Folder and range of the page, which only a job tells; empty where no folder was ever chosen. The job is never rendered."""
    if not (can(project, "GetRenderJobList") and can(project, "DeleteRenderJob")):
        return {}
    job = project.AddRenderJob()
    if not job:
        return {}
    try:
        found = [entry for entry in project.GetRenderJobList() or [] if isinstance(entry, dict) and entry.get("JobId") == job]
        return dict(found[0]) if found else {}
    finally:
        project.DeleteRenderJob(job)


def _as_the_page_has_it(timeline: Any, job: dict[str, Any], folder: str) -> list[dict[str, Any]]:
    """Settings that put range, folder and what is exported back; read now, since the timeline may be gone by then."""
    first, last = job.get("MarkIn"), job.get("MarkOut")
    end = timeline.GetEndFrame() if can(timeline, "GetEndFrame") else None
    if first is None or last is None or (int(first) <= int(timeline.GetStartFrame()) and end is not None and int(last) >= int(end) - 1):
        reach: dict[str, Any] = {"SelectAllFrames": True}
    else:
        reach = {"SelectAllFrames": False, "MarkIn": int(first), "MarkOut": int(last)}
    # A folder cannot be unset: where none was chosen, the next render goes to the media storage, not to a folder that is gone.
    target = {"TargetDir": job.get("TargetDir") or os.path.dirname(folder)}
    what = {"ExportVideo": bool(job.get("IsExportVideo", True)), "ExportAudio": bool(job.get("IsExportAudio", True))}
    return [reach, target, what]


def _what_differs(project: Any, now: dict[str, Any], mode: Any, saved: bool) -> list[Message]:
    lost = []
    if now and (project.GetCurrentRenderFormatAndCodec() or {}) != now:
        lost.append(tell("panel.deliver-format"))
    if mode is not None and project.GetCurrentRenderMode() != mode:
        lost.append(tell("panel.deliver-mode"))
    if not saved:
        lost.append(tell("panel.deliver-rest"))
    return [tell("panel.deliver-changed", what=lost)] if lost else []


def set_up(project: api.Project, timeline: api.Timeline, kind: str) -> None:
    """Everything of a render but its range and folder, so that nothing of the person's own delivery comes into it.

    Raises: HostError — Resolve offers no codec for it.
    """
    if kind == "picture":
        _picture_codec(project)
    else:
        _sound_codec(project)
    for settings in _ours(timeline, kind):
        project.SetRenderSettings(settings)  # each on its own: a key that this version lacks would take the others with it


def _picture_codec(project: Any) -> None:
    """Codecs are chosen by id (GetRenderCodecs gives description → id), and asked for by the file's suffix."""
    offered = [str(codec) for codec in ((project.GetRenderCodecs("mov") if can(project, "GetRenderCodecs") else None) or {}).values()]
    ranked = [codec for beginning in _PICTURE for codec in sorted(offered) if codec.startswith(beginning)]
    if not any(project.SetCurrentRenderFormatAndCodec("mov", codec) for codec in dict.fromkeys(ranked or _GUESSED)):
        raise HostError("NoCodec", "panel.export-no-codec")


def _sound_codec(project: Any) -> None:
    """WAV, which most versions list no codec for; else the sound of a QuickTime file without its picture."""
    for codec in ("lpcm", "LinearPCM"):
        if project.SetCurrentRenderFormatAndCodec("wav", codec):
            return
    _picture_codec(project)


def _ours(timeline: api.Timeline, kind: str) -> Iterator[dict[str, Any]]:
    if kind == "sound":
        yield from ({"AudioFormat": "wav"}, {"AudioCodec": "lpcm"}, {"AudioBitDepth": 24}, {"AudioSampleRate": 48000})
        return
    width, height = media_storage.size_of(timeline)
    if width and height:
        yield {"FormatWidth": width, "FormatHeight": height}
    yield {"FrameRate": round(float(timecode.exact(timeline.GetSetting("timelineFrameRate"))), 3)}
    yield from ({"VideoQuality": 0}, {"ExportAlpha": False}, {"ExportSubtitle": False, "SubtitleFormat": "BurnIn"}, {"DataBurnIn": "None"})
    yield from ({"UseFullExtents": False}, {"AddFrameHandles": 0})


def render(project: api.Project, first: int, last: int, folder: str, kind: str, wait: Callable[[float], None]) -> None:
    """Renders frames first to last (absolute, both included) into a folder. Raises: HostError — it did not, or not to the end."""
    settings = {
        "SelectAllFrames": False,
        "MarkIn": first,
        "MarkOut": last,
        "TargetDir": folder,
        "ExportVideo": kind == "picture",
        "ExportAudio": kind == "sound",
    }
    if not project.SetRenderSettings(settings):
        raise HostError("NoSettings", "panel.export-no-settings")
    job = _added(project, wait)
    try:
        if not project.StartRendering(job):  # type: ignore[attr-defined]  # the form with a flag by name has been seen to hang
            raise HostError("NotStarted", "panel.export-not-started")
        _finished(project, job, wait)
    finally:
        put_back([lambda: project.DeleteRenderJob(job)])


def _added(project: Any, wait: Callable[[float], None]) -> str:
    for _ in range(_TRIES):
        job = project.AddRenderJob()
        if job:
            return str(job)
        wait(_TRY_AGAIN_S)
    raise HostError("NoJob", "panel.export-no-job")


def _finished(project: Any, job: str, wait: Callable[[float], None]) -> None:
    """The status text is in the language of the editor, so its figures count. A file that stops early is no file."""
    deadline, idle_since = time.monotonic() + _LONGEST_S, None
    while True:
        if time.monotonic() > deadline:
            project.StopRendering()
            raise HostError("TooLong", "panel.export-too-long")
        if project.IsRenderingInProgress():
            idle_since = None
        else:
            status = (project.GetRenderJobStatus(job) if can(project, "GetRenderJobStatus") else None) or {}
            if status.get("Error"):
                raise HostError("Failed", "panel.export-failed", why=status["Error"])
            done = status.get("CompletionPercentage")
            if done is None or int(done) >= 100:
                return
            idle_since = time.monotonic() if idle_since is None else idle_since
            if time.monotonic() - idle_since > (_STALLED_S if int(done) == 0 else 2.0):
                raise HostError("Stopped", "panel.export-cancelled", percent=int(done))
        wait(0.1)
