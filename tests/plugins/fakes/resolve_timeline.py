"""The fake Resolve's timelines. Frames of clips are absolute; `Timeline.picture` is everything a user could see, for comparing."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from .resolve_otio import otio_of
from .resolve_remote import App, Remote, numbers

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


_SECTIONS = {"TransformEnabled": True, "CroppingEnabled": True, "CompositeEnabled": True, "DynamicZoomEnabled": False,
             "LensCorrectionEnabled": True}  # fmt: skip


class Graph(Remote):
    """A grade is a text here: with one, there are two nodes, the second of which holds it."""

    def __init__(self, app: App, grade: str) -> None:
        super().__init__(app)
        self.grade = grade

    def GetNumNodes(self) -> int:
        return 2 if self.grade else 1

    def GetNodeLabel(self, number: int) -> str:
        return self.grade if number == 2 else ""

    def GetLUT(self, number: int) -> str:
        return ""

    def GetToolsInNode(self, number: int) -> list[str] | None:
        return ["Primary Balance"] if number == 2 else None


class TimelineItem(Remote):
    _since = {  # noqa: RUF012
        "CopyGrades": (18, 0), "GetColorGroup": (19, 0), "AssignToColorGroup": (19, 0), "GetType": (21, 1), "GetProperties": (21, 1),
        "SetProperties": (21, 1), "CopyAttributes": (21, 1), "GetFades": (21, 1), "SetFades": (21, 1), "GetNodeGraph": (19, 0),
    }  # fmt: skip

    def __init__(self, app: App, name: str, media: Any | None, start: int | None, length: int, offset: int) -> None:
        super().__init__(app)
        self.name, self.media, self.start, self.length, self.offset = name, media, start, length, offset
        self.id = f"item-{next(numbers)}"
        self.properties: dict[str, Any] = dict(_PROPERTIES)
        self.ignored: set[str] = set()  # properties that SetProperty accepts and ignores
        self.grade, self.group, self.colour = "", None, ""
        self.layers: list[str] = []  # grades of the node layers above the first
        self.enabled, self.comps = True, 0
        self.shows: str | None = media.path if media else None  # the file whose frames Resolve plays here
        self.kind, self.sections, self.fades = "video", dict(_SECTIONS), {"FadeIn": 0.0, "FadeOut": 0.0}
        self.effects: list[dict[str, Any]] = []  # as the timeline document carries them
        self.stubborn = False  # its track is locked: it can be switched neither off nor on
        self.linked: list[TimelineItem] = []
        self.takes: list[tuple[Any, int, int]] = []
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

    def GetMediaPoolItem(self) -> Any | None:
        return self.media

    def GetLinkedItems(self) -> list[TimelineItem]:
        return list(self.linked)

    def GetNumNodes(self) -> int:
        return 2 if self.grade else 1

    def GetNodeGraph(self, layer: int = 1) -> Graph | None:
        grades = [self.grade, *self.layers]
        return Graph(self._app, grades[layer - 1]) if 1 <= layer <= len(grades) else None

    def GetFusionCompCount(self) -> int:
        return self.comps

    def GetClipColor(self) -> str:
        return self.colour

    def SetClipColor(self, name: str) -> bool:
        self.colour = name
        return True

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
            target.grade = "" if self._app.does("grade.copy-does-nothing") else self.grade
        return True

    def CopyAttributes(self, targets: list[TimelineItem]) -> bool:
        if self._app.does("attributes.other-arguments"):
            raise TypeError("CopyAttributes wants something else")
        for target in targets:
            target.properties, target.effects = dict(self.properties), json.loads(json.dumps(self.effects))
            if self._app.does("attributes.copy-retimes"):
                target.length //= 2
            if self._app.does("attributes.without-keyframes"):
                target.effects = []
        return True

    def GetColorGroup(self) -> Any:
        return self.group

    def AssignToColorGroup(self, group: Any) -> bool:
        self.group = group
        return True

    def SetClipEnabled(self, enabled: bool) -> bool:
        if not self.stubborn:
            self.enabled = enabled
        return not self.stubborn

    def GetType(self) -> str:
        return self.kind

    def GetProperties(self) -> dict[str, Any]:
        return {**self.properties, **self.sections}

    def SetProperties(self, values: dict[str, Any]) -> bool:
        self.sections.update(values)
        return True

    def GetFades(self) -> dict[str, float]:
        return dict(self.fades)

    def SetFades(self, fades: dict[str, int]) -> bool:
        self.fades.update(fades)
        return True

    def GetClipEnabled(self) -> bool:
        return self.enabled

    def AddTake(self, media: Any, first: int | None = None, end: int | None = None) -> bool:
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
        self.shows = self.media.path
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
            f"timeline-{next(numbers)}",
            rate,
            start_frame,
            start_timecode,
        )
        self.tracks: dict[str, list[Track]] = {"video": [Track("Video 1")], "audio": [Track("Audio 1")]}
        self.marks: dict[str, dict[str, int]] = {}
        self.markers: dict[int, dict[str, Any]] = {}
        self.playhead, self.selected, self.current = start_timecode, [], None
        self.size = (64, 64)

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

    def GetEndFrame(self) -> int:
        ends = [item.start + item.length for tracks in self.tracks.values() for track in tracks for item in track.items if item.start]
        return max(ends, default=self.start_frame)

    def GetStartTimecode(self) -> str:
        return self.start_timecode

    def GetSetting(self, name: str) -> Any:
        drop = "1" if ";" in self.start_timecode else "0"
        size = {"timelineResolutionWidth": str(self.size[0]), "timelineResolutionHeight": str(self.size[1])}
        return {"timelineFrameRate": float(self.rate), "timelineDropFrameTimecode": drop, **size}.get(name, "")

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
        if not self._app.does("track.enable-is-ignored"):
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
        for one in ("video", "audio") if kind == "all" else (kind,):
            self.marks.pop(one, None)
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
