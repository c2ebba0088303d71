"""A DaVinci Resolve without DaVinci Resolve: the part of its scripting API that the panel uses, with the habits that the ledger records.

Nothing here knows the panel's code.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from .resolve_media import MediaPool, MediaPoolItem
from .resolve_remote import App, Remote, numbers
from .resolve_timeline import Timeline, TimelineItem, Track


class Project(Remote):
    def __init__(self, app: App, name: str) -> None:
        super().__init__(app)
        self.name, self.id = name, f"project-{next(numbers)}"
        self.pool = MediaPool(app, self)
        self.timelines: list[Timeline] = []
        self.timeline: Timeline | None = None
        self.deliver: dict[str, Any] = {
            "format": "mp4",
            "codec": "H264",
            "mode": 0,
            "settings": {"TargetDir": "/films", "CustomName": "master"},
        }
        self.presets: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {"users-own": {"done": False}}
        self.renders = 0  # polls until the render is done
        self.codecs = {("mov", "DNxHRHQX"), ("wav", "LinearPCM"), ("mp4", "H264")}

    def GetName(self) -> str:
        return self.name

    def GetUniqueId(self) -> str:
        return self.id

    def GetMediaPool(self) -> MediaPool:
        return self.pool

    def GetTimelineCount(self) -> int:
        return len(self.timelines)

    def GetTimelineByIndex(self, index: int) -> Timeline:
        return self.timelines[index - 1]

    def GetCurrentTimeline(self) -> Timeline | None:
        return self.timeline

    def SetCurrentTimeline(self, timeline: Timeline) -> bool:
        self.timeline = timeline
        return True

    def GetCurrentRenderFormatAndCodec(self) -> dict[str, str]:
        return {"format": self.deliver["format"], "codec": self.deliver["codec"]}

    def SetCurrentRenderFormatAndCodec(self, form: str, codec: str) -> bool:
        if (form, codec) not in self.codecs:
            return False
        self.deliver.update(format=form, codec=codec)
        return True

    def GetCurrentRenderMode(self) -> int:
        return self.deliver["mode"]

    def SetCurrentRenderMode(self, mode: int) -> bool:
        self.deliver["mode"] = mode
        return True

    def SetRenderSettings(self, settings: dict[str, Any]) -> bool:
        self.deliver["settings"] = {**self.deliver["settings"], **settings}
        return True

    def SaveAsNewRenderPreset(self, name: str) -> bool:
        self.presets[name] = json.loads(json.dumps(self.deliver))
        return True

    def LoadRenderPreset(self, name: str) -> bool:
        if name not in self.presets:
            return False
        self.deliver = json.loads(json.dumps(self.presets[name]))
        return True

    def DeleteRenderPreset(self, name: str) -> bool:
        return self.presets.pop(name, None) is not None

    def AddRenderJob(self) -> str:
        job = f"job-{next(numbers)}"
        shown = [track.name for track in self.timeline.tracks["video"] if track.enabled and track.items] if self.timeline else []
        self.jobs[job] = {"deliver": json.loads(json.dumps(self.deliver)), "tracks": shown, "done": False}
        return job

    def DeleteRenderJob(self, job: str) -> bool:
        self.finished = self.jobs.pop(job, None)
        return self.finished is not None

    def StartRendering(self, jobs: list[str], interactive: bool = False) -> bool:
        self.renders = 3
        for job in jobs:
            settings = self.jobs[job]["deliver"]["settings"]
            source = next((track.items[0].media.path for track in self.timeline.tracks["video"] if track.enabled and track.items), None)
            suffix = self.jobs[job]["deliver"]["format"]
            if source and Path(settings["TargetDir"]).is_dir():
                shutil.copy(source, Path(settings["TargetDir"]) / f"{settings['CustomName']}.{suffix}")
            self.jobs[job]["done"] = True
        return True

    def IsRenderingInProgress(self) -> bool:
        self.renders = max(0, self.renders - 1)
        return self.renders > 0

    def StopRendering(self) -> None:
        self.renders = 0


class ProjectManager(Remote):
    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.project: Project | None = None

    def GetCurrentProject(self) -> Project | None:
        return self.project


class Resolve(Remote):
    """`without` names entries of the ledger that do not hold in this test."""

    _since = {"EXPORT_OTIO": (18, 5)}  # noqa: RUF012
    EXPORT_OTIO = "otio"
    EXPORT_NONE = "none"

    def __init__(self, *, version: tuple[int, ...] = (21, 0, 4), studio: bool = True, without: frozenset[str] = frozenset()) -> None:
        super().__init__(App(version, studio, without))
        self.app = self._app
        self.manager = ProjectManager(self._app)

    def GetProjectManager(self) -> ProjectManager:
        return self.manager

    def GetProductName(self) -> str:
        return "DaVinci Resolve Studio" if self._app.studio else "DaVinci Resolve"

    def GetVersionString(self) -> str:
        return ".".join(str(number) for number in self._app.version)

    def GetCurrentPage(self) -> str:
        return self._app.page

    def OpenPage(self, page: str) -> bool:
        self._app.page = page
        return True

    # what a test does with it, in lower case

    def new_project(self, name: str = "Film") -> Project:
        """Opens it; objects of the former one die."""
        former = self.manager.project
        if former is not None and self._app.does("dead-objects.raise-type-error"):
            self._app.dead |= {former, former.pool, *former.timelines}
        self.manager.project = Project(self._app, name)
        return self.manager.project

    def new_timeline(self, *, rate: str = "25", start_frame: int = 0, start_timecode: str = "00:00:00:00", name: str = "Scene") -> Timeline:
        project = self.manager.project or self.new_project()
        timeline = Timeline(self._app, name, rate, start_frame, start_timecode)
        project.timelines.append(timeline)
        project.timeline = timeline
        return timeline

    def reopen(self, project: Project) -> None:
        self._app.dead -= {project, project.pool, *project.timelines}
        self.manager.project = project

    def add_clip(
        self, timeline: Timeline, path: str | None, *, start: int, length: int, offset: int = 0, track: int = 1, sound: int | None = None
    ) -> TimelineItem:
        """A clip at `start` frames from the timeline's start; `sound` = the audio track of its linked sound."""
        media = MediaPoolItem(self._app, path)
        item = TimelineItem(self._app, media.name or "Title", media if path else None, timeline.start_frame + start, length, offset)
        while len(timeline.tracks["video"]) < track:
            timeline.tracks["video"].append(Track(f"Video {len(timeline.tracks['video']) + 1}"))
        timeline.tracks["video"][track - 1].items.append(item)
        if sound is not None:
            linked = self.add_sound(timeline, path, start=start, length=length, offset=offset, track=sound)
            item.linked, linked.linked = [linked], [item]
        return item

    def add_sound(self, timeline: Timeline, path: str | None, *, start: int, length: int, offset: int = 0, track: int = 1) -> TimelineItem:
        media = MediaPoolItem(self._app, path)
        item = TimelineItem(self._app, media.name, media, timeline.start_frame + start, length, offset)
        while len(timeline.tracks["audio"]) < track:
            timeline.tracks["audio"].append(Track(f"Audio {len(timeline.tracks['audio']) + 1}"))
        timeline.tracks["audio"][track - 1].items.append(item)
        return item


class Fusion:
    """The window toolkit's owner. Asking for it on the free edition opens a dialog, and nothing answers afterwards."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def UIManager(self) -> Any:
        if not self._app.studio and self._app.version >= (19, 1) and self._app.does("ui.studio-only-since-19.1"):
            self._app.broken = True
        return None
