"""Timelines made by hand, as JSON: OpenTimelineIO's own form and the dialects of Resolve and Premiere. No code under test is used."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from heygem_core.errors import MediaNotFound
from heygem_server.timeline.conform_types import MediaFacts

Json = dict[str, Any]


def time(value: float, rate: float) -> Json:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate}


def times(start: float, duration: float, rate: float) -> Json:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, rate), "duration": time(duration, rate)}


def external(url: str, available: Json | None = None, **metadata: Any) -> Json:
    return {"OTIO_SCHEMA": "ExternalReference.1", "target_url": url, "available_range": available, "metadata": metadata, "name": ""}


def clip(name: str, source: Json | None, reference: Json | None = None, *, effects: tuple[Json, ...] = (), **more: Any) -> Json:
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": name,
        "source_range": source,
        "media_references": {"DEFAULT_MEDIA": reference or {"OTIO_SCHEMA": "MissingReference.1", "name": "", "metadata": {}}},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "effects": list(effects),
        "markers": [],
        "metadata": {},
        "enabled": True,
    } | more


def gap(duration: float, rate: float) -> Json:
    return {"OTIO_SCHEMA": "Gap.1", "name": "", "source_range": times(0, duration, rate), "effects": [], "markers": [], "metadata": {}}


def warp(scalar: float) -> Json:
    return {"OTIO_SCHEMA": "LinearTimeWarp.1", "name": "", "effect_name": "LinearTimeWarp", "time_scalar": scalar, "metadata": {}}


def effect(schema: str, **fields: Any) -> Json:
    return {"OTIO_SCHEMA": schema, "name": "", "effect_name": "", "metadata": {}} | fields


def transition(before: float, after: float, rate: float) -> Json:
    return {
        "OTIO_SCHEMA": "Transition.1",
        "name": "",
        "transition_type": "SMPTE_Dissolve",
        "in_offset": time(before, rate),
        "out_offset": time(after, rate),
        "metadata": {},
    }


def track(kind: str, name: str, *children: Json, **more: Any) -> Json:
    return composition("Track.1", name, *children, kind=kind) | more


def stack(name: str, *children: Json, source: Json | None = None, effects: tuple[Json, ...] = ()) -> Json:
    return composition("Stack.1", name, *children) | {"source_range": source, "effects": list(effects)}


def composition(schema: str, name: str, *children: Json, **more: Any) -> Json:
    return {
        "OTIO_SCHEMA": schema,
        "name": name,
        "children": list(children),
        "source_range": None,
        "effects": [],
        "markers": [],
        "metadata": {},
        "enabled": True,
    } | more


def timeline(*tracks: Json, start: Json | None = None, name: str = "Cut", **metadata: Any) -> Json:
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": name,
        "global_start_time": start,
        "tracks": composition("Stack.1", "tracks", *tracks),
        "metadata": metadata,
    }


def data(document: Any) -> bytes:
    return json.dumps(document).encode()


def video(rate: Fraction, frames: int, start_timecode: str | None = None) -> MediaFacts:
    return MediaFacts(kind="video", rate=rate, frames=frames, duration_s=frames / rate, start_timecode=start_timecode, sound=True)


def sound(seconds: float) -> MediaFacts:
    return MediaFacts(kind="sound", duration_s=Fraction(seconds), sound=True)


class Files:
    """A folder of empty files whose facts are a table: conforming opens none of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._facts: dict[str, MediaFacts] = {}

    def add(self, name: str, facts: MediaFacts) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._facts[str(path)] = facts
        return str(path)

    def facts(self, path: Path) -> MediaFacts:
        if str(path) not in self._facts:
            raise MediaNotFound(f"no facts of {path}")
        return self._facts[str(path)]
