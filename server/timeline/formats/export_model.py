"""Prepares a timeline for writers of other formats: its clips in order, on whole frames, with the media that are active."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.messages import words

from ..conform_types import Sequence
from ..errors import BadTime
from ..exact_time import exact_rate, exact_seconds, round_half_up
from ..flatten import TimelineItem, flatten
from ..locate import name_of, path_of
from ..metadata import own_text
from ..sequence import sequence_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMedia:
    """One media reference."""

    path: str  # as the machine that has it writes it
    start: Fraction | None  # s that its first frame is called; None = unknown
    duration: Fraction | None  # s
    rate: Fraction  # of its frames
    take: str | None = None
    job: str | None = None

    @property
    def name(self) -> str:
        return name_of(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportClip:
    """One clip. Frames are of the sequence."""

    name: str
    start: int
    end: int
    low: Fraction  # s of the media's time
    high: Fraction
    speed: Fraction
    media: ExportMedia | None  # None = nothing that other programs can play
    others: tuple[ExportMedia, ...] = ()
    lead: int = 0  # frames of a dissolve before `start`, and how many of it after
    lead_after: int = 0
    enabled: bool = True
    link: str | None = None
    of: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTrack:
    kind: str  # "picture" or "sound"
    number: int
    name: str
    clips: tuple[ExportClip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportModel:
    sequence: Sequence
    tracks: tuple[ExportTrack, ...]
    notices: tuple[str, ...]

    @property
    def frames(self) -> int:
        return max((clip.end for track in self.tracks for clip in track.clips), default=0)


def export_model_of(timeline: Any, rate: Fraction | None = None) -> ExportModel:
    """Opens nests and puts what overlaps then on further tracks; the notices say what other formats cannot be given."""
    sequence = sequence_of(timeline, rate)
    notices: dict[str, int] = {}  # code → how often
    by_track: dict[tuple[str, int, str], list[ExportClip]] = {}
    items = flatten(timeline, sequence.rate)
    tails = {(each.kind, each.track, each.end): each.tail for each in items if each.tail}
    for each in items:
        clip = _export_clip(each, sequence.rate, tails.get((each.kind, each.track, each.start), Fraction(0)), notices)
        by_track.setdefault((each.kind, each.track, each.track_name), []).append(clip)
    tracks: list[ExportTrack] = []
    for (kind, _, name), clips in sorted(by_track.items(), key=lambda item: item[0][:2]):
        for layer in _layers(clips):
            number = 1 + sum(track.kind == kind for track in tracks)
            tracks.append(ExportTrack(kind=kind, number=number, name=name, clips=tuple(layer)))
    said = tuple(sorted(words(code, count=count) for code, count in notices.items()))
    return ExportModel(sequence=sequence, tracks=tuple(tracks), notices=said)


def _layers(clips: list[ExportClip]) -> list[list[ExportClip]]:
    layers: list[list[ExportClip]] = []
    for clip in sorted(clips, key=lambda each: each.start):
        free = next((layer for layer in layers if layer[-1].end <= clip.start), None)
        if free is None:
            layers.append([clip])
        else:
            free.append(clip)
    return layers


def _export_clip(each: TimelineItem, rate: Fraction, tail_before: Fraction, notices: dict[str, int]) -> ExportClip:
    def note(code: str) -> None:
        notices[code] = notices.get(code, 0) + 1

    media, others = None, []
    if each.problem is None and each.host_only is None and each.speed and isinstance(each.item, otio.schema.Clip):
        references = dict(each.item.media_references())
        active = references.pop(each.item.active_media_reference_key, None)
        media = _media(active, each, rate)
        others = [found for reference in references.values() if (found := _media(reference, each, rate)) is not None]
    if media is None:
        note("format.left-empty")
    if each.nested:
        note("format.nests-opened")
    if any(not isinstance(effect, otio.schema.TimeEffect) for effect in each.item.effects):
        note("format.effects-lost")
    start, end = (round_half_up(time * rate) for time in (each.start, each.end))
    return ExportClip(
        name=each.item.name,
        start=start,
        end=max(end, start),
        low=each.source_low,
        high=each.source_high,
        speed=each.speed,
        media=media,
        others=tuple(others),
        lead=round_half_up(each.lead * rate),
        lead_after=round_half_up(tail_before * rate),
        enabled=each.enabled,
        link=own_text(each.item, "link"),
        of=own_text(each.item, "of"),
        key=own_text(each.item, "id"),
    )


def _media(reference: Any, each: TimelineItem, rate: Fraction) -> ExportMedia | None:
    if not isinstance(reference, otio.schema.ExternalReference):
        return None
    start = duration = None
    media_rate = each.source_rate or rate
    try:
        path = path_of(reference.target_url or "")
        if reference.available_range is not None:
            start = exact_seconds(reference.available_range.start_time)
            duration = exact_seconds(reference.available_range.duration)
            media_rate = exact_rate(reference.available_range.duration.rate)
    except BadTime:
        start = duration = None
        path = reference.target_url
    except HeygemError:
        return None
    return ExportMedia(
        path=path, start=start, duration=duration, rate=media_rate, take=own_text(reference, "take"), job=own_text(reference, "job")
    )


def file_url(path: str) -> str:
    """A file: URL of a path of any system."""
    slashed = path.replace("\\", "/")
    if slashed.startswith("//"):
        return "file:" + quote(slashed, safe="/:")
    return "file://" + quote(slashed if slashed.startswith("/") else "/" + str(PurePosixPath(slashed)), safe="/:")
