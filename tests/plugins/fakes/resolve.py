"""A DaVinci Resolve without DaVinci Resolve: the part of its scripting API that the panel uses, with the habits that the ledger records.

Its files are real (probed with PyAV), its timelines can be compared (`Timeline.picture`), and its OpenTimelineIO is written the
way Resolve writes it. Frames of items are absolute. Nothing here knows the panel's code.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.plugins.media import facts

from .ledger import RESOLVE, active
from .resolve_otio import otio_of

_numbers = itertools.count(1)
_PROPERTIES: dict[str, Any] = {
    "Pan": 0.0,
    "Tilt": 0.0,
    "ZoomGang": True,
    "ZoomX": 1.0,
    "ZoomY": 1.0,
    "RotationAngle": 0.0,
    "CropLeft": 0.0,
    "Opacity": 100.0,
    "CompositeMode": 0,
    "FlipX": False,
    "Scaling": 0,
}


class Remote:
    """What Resolve hands out: an unknown call is None (so hasattr says yes to all), and dir() lists what this version has."""

    _since: dict[str, tuple[int, ...]] = {}  # noqa: RUF012

    def __init__(self, app: App) -> None:
        self._app = app

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or not name[0].isupper():
            return object.__getattribute__(self, name)
        app = object.__getattribute__(self, "_app")
        if app.broken or self in app.dead:
            return None
        app.calls.append(f"{type(self).__name__}.{name}")
        if app.version < type(self)._since.get(name, (0,)):
            return None
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return None

    def __dir__(self) -> list[str]:
        names = [name for name in object.__dir__(self) if name[0].isupper()]
        return [name for name in names if self._app.version >= type(self)._since.get(name, (0,))]


class App:
    """State shared by all objects of one running editor."""

    def __init__(self, version: tuple[int, ...], studio: bool, without: frozenset[str]) -> None:
        self.version, self.studio = version, studio
        self.active = active(RESOLVE, without)
        self.broken = False  # a modal dialog is open: nothing answers
        self.dead: set[Any] = set()
        self.calls: list[str] = []
        self.page = "edit"

    def does(self, name: str) -> bool:
        if name not in RESOLVE:
            raise KeyError(name)
        return name in self.active


class MediaPoolItem(Remote):
    def __init__(self, app: App, path: str | None, name: str | None = None) -> None:
        super().__init__(app)
        self.path, self.name = path, name or os.path.basename(path or "")
        self.id = f"media-{next(_numbers)}"
        self.rate, self.frames, self.samples, self.start_frame = facts(path) if path else (None, 0, None, 0)

    def GetName(self) -> str:
        return self.name

    def GetUniqueId(self) -> str:
        return self.id

    def GetClipProperty(self, name: str | None = None) -> Any:
        values = {"File Path": self.path or "", "FPS": float(self.rate) if self.rate else "", "Frames": str(self.frames)}
        return values if name is None else values.get(name, "")


class Folder(Remote):
    def __init__(self, app: App, name: str) -> None:
        super().__init__(app)
        self.name, self.id = name, f"folder-{next(_numbers)}"
        self.folders: list[Folder] = []
        self.clips: list[MediaPoolItem] = []

    def GetName(self) -> str:
        return self.name

    def GetUniqueId(self) -> str:
        return self.id

    def GetSubFolderList(self) -> list[Folder]:
        return list(self.folders)

    def GetClipList(self) -> list[MediaPoolItem]:
        return list(self.clips)


class TimelineItem(Remote):
    _since = {"CopyGrades": (18, 0), "GetColorGroup": (19, 0), "AssignToColorGroup": (19, 0)}  # noqa: RUF012

    def __init__(self, app: App, name: str, media: MediaPoolItem | None, start: int | None, length: int, offset: int) -> None:
        super().__init__(app)
        self.name, self.media, self.start, self.length, self.offset = name, media, start, length, offset
        self.id = f"item-{next(_numbers)}"
        self.properties: dict[str, Any] = dict(_PROPERTIES)
        self.ignored: set[str] = set()  # properties that SetProperty accepts and ignores
        self.grade, self.group, self.colour = "", None, ""
        self.enabled, self.comps = True, 0
        self.linked: list[TimelineItem] = []
        self.takes: list[tuple[MediaPoolItem, int, int]] = []
        self.shown = 0

    def GetName(self) -> str:
        return self.name

    def GetUniqueId(self) -> str:
        return self.id

    def GetStart(self) -> int | None:
        return self.start

    def GetEnd(self) -> int | None:
        return None if self.start is None else self.start + self.length

    def GetDuration(self) -> int:
        return self.length

    def GetLeftOffset(self) -> int:
        return self.offset

    def GetMediaPoolItem(self) -> MediaPoolItem | None:
        return self.media

    def GetLinkedItems(self) -> list[TimelineItem]:
        return list(self.linked)

    def GetNumNodes(self) -> int:
        return 2 if self.grade else 1

    def GetFusionCompCount(self) -> int:
        return self.comps

    def GetClipColor(self) -> str:
        return self.colour

    def GetProperty(self, key: str | None = None) -> Any:
        return dict(self.properties) if key is None else self.properties.get(key)

    def SetProperty(self, key: str, value: Any) -> bool:
        if key not in self.properties:
            return False
        if key in self.ignored and self._app.does("property.ignored-is-true"):
            return True
        self.properties[key] = value
        return True

    def CopyGrades(self, targets: list[TimelineItem]) -> bool:
        for target in targets:
            target.grade = self.grade
        return True

    def GetColorGroup(self) -> Any:
        return self.group

    def AssignToColorGroup(self, group: Any) -> bool:
        self.group = group
        return True

    def SetClipEnabled(self, enabled: bool) -> bool:
        self.enabled = enabled
        return True

    def GetClipEnabled(self) -> bool:
        return self.enabled

    def AddTake(self, media: MediaPoolItem, first: int | None = None, end: int | None = None) -> bool:
        if not self.takes and self.media is not None:
            self.takes, self.shown = [(self.media, self.offset, self.length)], 1
        length = (end or 0) - (first or 0) + (0 if self._app.does("take.end-is-exclusive") else 1)
        self.takes.append((media, first or 0, length))
        return True

    def GetTakesCount(self) -> int:
        return len(self.takes)

    def GetTakeByIndex(self, index: int) -> dict[str, Any] | None:
        if not 1 <= index <= len(self.takes):
            return None
        media, first, length = self.takes[index - 1]
        return {"startFrame": first, "endFrame": first + length, "mediaPoolItem": media}

    def GetSelectedTakeIndex(self) -> int:
        return self.shown

    def SelectTakeByIndex(self, index: int) -> bool:
        if not 1 <= index <= len(self.takes):
            return False
        self.shown = index
        self.media, self.offset, length = self.takes[index - 1]
        if self._app.does("take.length-changes-clip"):
            self.length = length
        return True

    def DeleteTakeByIndex(self, index: int) -> bool:
        if index == self.shown or not 1 <= index <= len(self.takes):
            return False
        del self.takes[index - 1]
        self.shown -= index < self.shown
        return True

    def picture(self) -> dict[str, Any]:
        """Everything about the clip that a user could see, for comparing."""
        names = ("name", "start", "length", "offset", "properties", "grade", "enabled", "colour", "shown")
        facts = {name: getattr(self, name) for name in names}
        return {**facts, "path": self.media.path if self.media else None, "id": self.id, "takes": [take[0].path for take in self.takes]}


class Track:
    def __init__(self, name: str) -> None:
        self.name, self.locked, self.enabled = name, False, True
        self.items: list[TimelineItem] = []


class Timeline(Remote):
    _since = {"GetSelectedClips": (21, 0, 4), "GetMarkInOut": (18, 6), "SetMarkInOut": (18, 6), "ClearMarkInOut": (18, 6)}  # noqa: RUF012

    def __init__(self, app: App, name: str, rate: str, start_frame: int, start_timecode: str) -> None:
        super().__init__(app)
        self.name, self.id, self.rate, self.start_frame, self.start_timecode = (
            name,
            f"timeline-{next(_numbers)}",
            rate,
            start_frame,
            start_timecode,
        )
        self.tracks: dict[str, list[Track]] = {"video": [Track("Video 1")], "audio": [Track("Audio 1")]}
        self.marks: dict[str, dict[str, int]] = {}
        self.markers: dict[int, dict[str, Any]] = {}
        self.playhead, self.selected, self.current = start_timecode, [], None

    @property
    def exact_rate(self) -> Fraction:
        number = Fraction(self.rate)
        pulled = Fraction(round(number) * 1000, 1001)
        return pulled if abs(number - pulled) < Fraction(3, 1000) else number

    def GetName(self) -> str:
        return self.name

    def GetUniqueId(self) -> str:
        return self.id

    def GetStartFrame(self) -> int:
        return self.start_frame

    def GetStartTimecode(self) -> str:
        return self.start_timecode

    def GetSetting(self, name: str) -> Any:
        drop = "1" if ";" in self.start_timecode else "0"
        return {"timelineFrameRate": float(self.rate), "timelineDropFrameTimecode": drop}.get(name, "")

    def GetCurrentTimecode(self) -> str:
        return self.playhead

    def SetCurrentTimecode(self, timecode: str) -> bool:
        self.playhead = timecode
        return True

    def GetTrackCount(self, kind: str) -> int:
        return len(self.tracks.get(kind, []))

    def GetTrackName(self, kind: str, index: int) -> str:
        return self.tracks[kind][index - 1].name

    def SetTrackName(self, kind: str, index: int, name: str) -> bool:
        self.tracks[kind][index - 1].name = name
        return True

    def GetIsTrackLocked(self, kind: str, index: int) -> bool:
        return self.tracks[kind][index - 1].locked

    def GetIsTrackEnabled(self, kind: str, index: int) -> bool:
        return self.tracks[kind][index - 1].enabled

    def SetTrackEnable(self, kind: str, index: int, enabled: bool) -> bool:
        self.tracks[kind][index - 1].enabled = enabled
        return True

    def AddTrack(self, kind: str, options: Any = None) -> bool:
        if self._app.does("add-track.changes-page"):
            self._app.page = "cut"
        self.tracks[kind].append(Track(f"{kind.title()} {len(self.tracks[kind]) + 1}"))
        return True

    def DeleteTrack(self, kind: str, index: int) -> bool:
        del self.tracks[kind][index - 1]
        return True

    def GetItemListInTrack(self, kind: str, index: int) -> list[TimelineItem]:
        return sorted(self.tracks[kind][index - 1].items, key=lambda item: item.start or 0)

    def DeleteClips(self, items: list[TimelineItem], ripple: bool = False) -> bool:
        for tracks in self.tracks.values():
            for track in tracks:
                track.items = [item for item in track.items if item not in items]
        return True

    def GetSelectedClips(self) -> list[TimelineItem]:
        return list(self.selected)

    def GetCurrentVideoItem(self) -> TimelineItem | None:
        return self.current

    def GetMarkInOut(self) -> dict[str, dict[str, int]]:
        return {kind: dict(marks) for kind, marks in self.marks.items()}

    def SetMarkInOut(self, first: int, last: int, kind: str = "all") -> bool:
        for one in ("video", "audio") if kind == "all" else (kind,):
            self.marks[one] = {"in": first, "out": last}
        return True

    def ClearMarkInOut(self, kind: str = "all") -> bool:
        self.marks = {}
        return True

    def GetMarkers(self) -> dict[int, dict[str, Any]]:
        return {frame: dict(marker) for frame, marker in self.markers.items()}

    def AddMarker(self, frame: int, color: str, name: str, note: str, duration: float, custom: str = "") -> bool:
        if frame in self.markers and self._app.does("marker.one-per-frame"):
            return False
        self.markers[frame] = {"color": color, "name": name, "note": note, "duration": duration, "customData": custom}
        return True

    def Export(self, path: str, kind: Any, subtype: Any = None) -> bool:
        if kind != "otio":
            return False
        Path(path).write_text(json.dumps(otio_of(self)), encoding="utf-8")
        return True

    def picture(self, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        """Every clip but those of the files in `without`, by track; empty tracks of no name of their own do not count."""
        seen = {}
        for kind, tracks in self.tracks.items():
            for number, track in enumerate(tracks, 1):
                items = [item.picture() for item in track.items if not (item.media and item.media.path in without)]
                if items:
                    seen[f"{kind} {number}"] = {"name": track.name, "locked": track.locked, "enabled": track.enabled, "items": items}
        return seen


class MediaPool(Remote):
    def __init__(self, app: App, project: Project) -> None:
        super().__init__(app)
        self.project = project
        self.root = Folder(app, "Master")
        self.current = self.root

    def GetRootFolder(self) -> Folder:
        return self.root

    def GetCurrentFolder(self) -> Folder:
        return self.current

    def SetCurrentFolder(self, folder: Folder) -> bool:
        self.current = folder
        return True

    def AddSubFolder(self, parent: Folder, name: str) -> Folder:
        parent.folders.append(Folder(self._app, name))
        self.current = parent.folders[-1]
        return parent.folders[-1]

    def ImportMedia(self, paths: list[str]) -> Any:
        made = []
        for path in paths:
            if not os.path.exists(path):
                return None
            known = any(clip.path == path for clip in self.current.clips)
            if not (known and self._app.does("import.duplicate-is-not-imported")):
                made.append(MediaPoolItem(self._app, path))
        self.current.clips += made
        return None if self._app.does("import.returns-nothing") else made

    def AppendToTimeline(self, infos: list[dict[str, Any]]) -> list[TimelineItem]:
        timeline = self.project.timeline
        return [self._append(timeline, info) for info in infos]

    def _append(self, timeline: Timeline, info: dict[str, Any]) -> TimelineItem:
        media: MediaPoolItem = info["mediaPoolItem"]
        rate = media.rate or timeline.exact_rate
        last = media.frames or math.ceil((media.samples or 0) / 48000 * timeline.exact_rate)
        end = min(info["endFrame"] + (0 if self._app.does("append.end-is-exclusive") else 1), last)
        length = math.floor((end - info["startFrame"]) * timeline.exact_rate / rate)
        start = info["recordFrame"] + (0 if self._app.does("append.record-frame-is-absolute") else timeline.start_frame)
        item = TimelineItem(self._app, media.name, media, start, length, info["startFrame"])
        hollow = TimelineItem(self._app, "", None, None, 0, 0)
        kinds = {1: ["video"], 2: ["audio"]}.get(info.get("mediaType", 0), ["video", "audio"])
        if "audio" in kinds and media.samples is None:
            kinds.remove("audio")
        placed = False
        for kind in kinds:
            tracks = timeline.tracks[kind]
            if info["trackIndex"] > len(tracks) or tracks[info["trackIndex"] - 1].locked or start < timeline.start_frame or length <= 0:
                continue
            track = tracks[info["trackIndex"] - 1]
            overlaps = any(one.start < start + length and start < one.start + one.length for one in track.items)
            if overlaps and self._app.does("append.overlap-is-dropped"):
                continue
            track.items.append(item)
            placed = True
        return item if placed and not self._app.does("append.hollow-result") else hollow


class Project(Remote):
    def __init__(self, app: App, name: str) -> None:
        super().__init__(app)
        self.name, self.id = name, f"project-{next(_numbers)}"
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
        job = f"job-{next(_numbers)}"
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
