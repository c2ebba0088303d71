"""A DaVinci Resolve without DaVinci Resolve: the part of its scripting API that the panel uses, with the habits that the ledger records.

Nothing here knows the panel's code.
"""

from __future__ import annotations

from typing import Any

from .resolve_deliver import Deliver
from .resolve_media import MediaPool, MediaPoolItem
from .resolve_remote import App, Remote, numbers
from .resolve_timeline import Timeline, TimelineItem, Track


class Project(Deliver):
    def __init__(self, app: App, name: str) -> None:
        super().__init__(app)
        self.name, self.id = name, f"project-{next(numbers)}"
        self.pool = MediaPool(app, self)
        self.timelines: list[Timeline] = []
        self.timeline: Timeline | None = None
        self.layers = 1  # node layers of the project's settings

    def GetName(self) -> str:
        return self.name

    def GetUniqueId(self) -> str:
        return self.id

    def GetSetting(self, name: str) -> str:
        return {"nodeStackLayers": str(self.layers)}.get(name, "")

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


class ProjectManager(Remote):
    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.project: Project | None = None

    def GetCurrentProject(self) -> Project | None:
        return self.project


class MediaStorage(Remote):
    def GetMountedVolumeList(self) -> list[str]:
        return list(self._app.volumes)


class Resolve(Remote):
    """`without` names entries of the ledger that do not hold in this test, `also` rare ones that do."""

    _since = {"EXPORT_OTIO": (18, 5)}  # noqa: RUF012
    EXPORT_OTIO = "otio"
    EXPORT_NONE = "none"

    def __init__(
        self,
        *,
        version: tuple[int, ...] = (21, 0, 4),
        studio: bool = True,
        without: frozenset[str] = frozenset(),
        also: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(App(version, studio, without, also))
        self.app = self._app
        self.manager = ProjectManager(self._app)

    def GetProjectManager(self) -> ProjectManager:
        return self.manager

    def GetProductName(self) -> str:
        return "DaVinci Resolve Studio" if self._app.studio else "DaVinci Resolve"

    def GetVersionString(self) -> str:
        return ".".join(str(number) for number in self._app.version)

    def GetMediaStorage(self) -> MediaStorage:
        return MediaStorage(self._app)

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

    def add_compound(self, timeline: Timeline, shows: str, *, start: int, length: int, offset: int = 0, track: int = 1) -> TimelineItem:
        """A compound clip: it has no file of its own, and only Resolve knows what it shows."""
        item = self.add_clip(timeline, None, start=start, length=length, offset=offset, track=track)
        item.media, item.name, item.shows = MediaPoolItem(self._app, None, "Compound Clip 1"), "Compound Clip 1", shows
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
