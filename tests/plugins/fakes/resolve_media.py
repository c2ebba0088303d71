"""The fake Resolve's media pool. Its files are real and probed with PyAV."""

from __future__ import annotations

import math
import os
from typing import Any

from tests.plugins.media import facts

from .resolve_remote import App, Remote, numbers
from .resolve_timeline import Timeline, TimelineItem


class MediaPoolItem(Remote):
    def __init__(self, app: App, path: str | None, name: str | None = None) -> None:
        super().__init__(app)
        self.path, self.name = path, name or os.path.basename(path or "")
        self.id = f"media-{next(numbers)}"
        self.colour, self.proxy = "", ""  # file that plays in its place
        self.rate, self.frames, self.samples, self.start_frame = facts(path) if path else (None, 0, None, 0)

    def GetName(self) -> str:
        return self.name

    def GetUniqueId(self) -> str:
        return self.id

    def ReplaceClip(self, path: str) -> Any:
        done = os.path.exists(path) and not self._app.does("relink.is-refused")
        if done:
            self.path = path
            self.rate, self.frames, self.samples, self.start_frame = facts(path)
        return None if self._app.does("relink.returns-nothing") else done

    def SetClipColor(self, name: str) -> bool:
        self.colour = name
        return True

    def GetClipProperty(self, name: str | None = None) -> Any:
        values = {"File Path": self.path or "", "FPS": float(self.rate) if self.rate else "", "Frames": str(self.frames),
                  "Proxy Media Path": self.proxy}  # fmt: skip
        return values if name is None else values.get(name, "")


class Folder(Remote):
    def __init__(self, app: App, name: str) -> None:
        super().__init__(app)
        self.name, self.id = name, f"folder-{next(numbers)}"
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


class MediaPool(Remote):
    def __init__(self, app: App, project: Any) -> None:
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
        brings_sound = "mediaType" in info or self._app.does("append.without-media-type-brings-sound")
        if "audio" in kinds and (media.samples is None or not brings_sound):
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
