"""Prepares a timeline for writers of other formats: its clips in order, on whole frames, with the media that are active."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import quote

import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.messages import Message, tell, words

from ..conform_types import Sequence
from ..errors import BadTime
from ..exact_time import exact_rate, exact_seconds, round_half_up
from ..flatten import TimelineItem, flatten
from ..locate import name_of, path_of
from ..looks import Looks, looks_of
from ..metadata import NAMESPACE, own_text, own_value
from ..sequence import sequence_of

MOST_NAMED = 30  # clips in one sentence
BESIDE = "./"
_DRIVE = re.compile(r"[A-Za-z]:/")
_KNOWN_NAMESPACES = ("Resolve_OTIO",)  # what Resolve writes on every clip: links and channels, which are carried as such


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMedia:
    """One media reference."""

    path: str  # as the machine that has it writes it
    start: Fraction | None  # s that its first frame is called; None = unknown
    duration: Fraction | None  # s
    rate: Fraction  # of its frames
    take: str | None = None
    job: str | None = None
    drop_frame: bool | None = None  # whether its timecode drops frames; None = the timeline does not say
    frame_size: tuple[int, int] | None = None  # width, height
    shift: Fraction = Fraction(0)  # s from the source times of its clip to those of its own file

    @property
    def name(self) -> str:
        return name_of(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportClip:
    """One clip. Frames are of the sequence."""

    name: str
    start: int
    end: int
    low: Fraction  # s of the time of `media`
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
    markers: tuple[ExportMarker, ...] = ()
    looks: Looks = field(default_factory=Looks)
    note: str | None = None
    label: str | None = None
    channels: tuple[int, ...] = ()  # of its file that a sound plays; empty = it does not say

    def playing(self, other: ExportMedia) -> ExportClip:
        """The same clip with one of its other media, and in their time."""
        by = other.shift - (self.media.shift if self.media is not None else 0)
        markers = tuple(replace(each, start=each.start + by) for each in self.markers)
        return replace(self, media=other, low=self.low + by, high=self.high + by, markers=markers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMarker:
    """A marker. Seconds: of the media's time where a clip carries it, of the sequence where that does."""

    name: str
    comment: str
    start: Fraction
    duration: Fraction


Kind = Literal[
    "effect",
    "transform",
    "opacity",
    "marker",
    "note",
    "label",
    "metadata",
    "left-empty",
    "nest-opened",
    "dissolve",
    "channels",
    "first-timecode",
]
"""What a change of format may lose, or change."""

_SENTENCES: dict[Kind, str] = {
    "effect": "lost.effect",
    "transform": "lost.transform",
    "opacity": "lost.opacity",
    "marker": "lost.marker",
    "note": "lost.note",
    "label": "lost.label",
    "metadata": "lost.metadata",
    "left-empty": "lost.left-empty",
    "nest-opened": "lost.nest-opened",
    "dissolve": "lost.dissolve",
    "channels": "lost.channels",
    "first-timecode": "lost.first-timecode",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that a clip has and a format may be unable to say."""

    kind: Kind
    clip: str
    frame: int  # of the sequence
    detail: str = ""  # such as the name of an effect


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
    possible: tuple[Loss, ...] = ()  # everything that some format cannot say
    markers: tuple[ExportMarker, ...] = ()  # of the sequence
    frame_size: tuple[int, int] | None = None
    note: str | None = None

    def notices(self, carried: Iterable[Kind] = (), more: Iterable[Loss] = ()) -> list[str]:
        """What a format cannot say, counted and named. carried: the kinds that it can; more: what its writer found besides."""
        said: dict[Kind, list[Loss]] = {}
        for each in (*(loss for loss in self.possible if loss.kind not in set(carried)), *more):
            said.setdefault(each.kind, []).append(each)
        said_as = ((_SENTENCES[kind], found) for kind, found in sorted(said.items()))
        return [words(code, count=len(found), clips=self._named(found)) for code, found in said_as]

    def _named(self, found: list[Loss]) -> list[Message | str]:
        names = [f"{each.clip} ({self.sequence.timecode(each.frame)}" + (f", {each.detail})" if each.detail else ")") for each in found]
        rest = len(names) - MOST_NAMED
        return [*names[:MOST_NAMED], *([tell("lost.and-more", count=rest)] if rest > 0 else [])]

    @property
    def frames(self) -> int:
        return max((clip.end for track in self.tracks for clip in track.clips), default=0)


def export_model_of(timeline: Any, rate: Fraction | None = None) -> ExportModel:
    """Opens nests and puts what overlaps then on further tracks."""
    sequence = sequence_of(timeline, rate)
    possible: list[Loss] = []
    by_track: dict[tuple[str, int, str], list[ExportClip]] = {}
    items = flatten(timeline, sequence.rate)
    tails = {(each.kind, each.track, each.end): each.tail for each in items if each.tail}
    for each in items:
        clip = _export_clip(each, sequence.rate, tails.get((each.kind, each.track, each.start), Fraction(0)))
        possible += _losses(each, clip)
        by_track.setdefault((each.kind, each.track, each.track_name), []).append(clip)
    tracks: list[ExportTrack] = []
    for (kind, _, name), clips in sorted(by_track.items(), key=lambda item: item[0][:2]):
        for layer in _layers(clips):
            number = 1 + sum(track.kind == kind for track in tracks)
            tracks.append(ExportTrack(kind=kind, number=number, name=name, clips=tuple(layer)))
    marked = tuple(each for holder in (timeline.tracks, *timeline.tracks) for each in _markers(holder))
    possible += [
        Loss(kind="marker", clip=sequence.name, frame=round_half_up(each.start * sequence.rate), detail=each.name) for each in marked
    ]
    note = own_text(timeline, "note")
    if note is not None:
        possible.append(Loss(kind="note", clip=sequence.name, frame=0))
    return ExportModel(
        sequence=sequence,
        tracks=tuple(tracks),
        possible=tuple(possible),
        markers=marked,
        frame_size=_size(own_value(timeline, "frame_size")),
        note=note,
    )


def _losses(each: TimelineItem, clip: ExportClip) -> Iterator[Loss]:
    def loss(kind: Kind, detail: str = "") -> Loss:
        return Loss(kind=kind, clip=clip.name, frame=clip.start, detail=detail)

    if clip.media is None:
        yield loss("left-empty")
    if each.nested:
        yield loss("nest-opened")
    yield from (loss("effect", name) for name in clip.looks.others)
    yield from (loss("marker", marked.name) for marked in clip.markers)
    looks = clip.looks
    held = (("transform", looks.transforms or None), ("opacity", looks.opacity), ("note", clip.note), ("label", clip.label))
    for kind, value in held:
        if value is not None:
            yield loss(kind)  # type: ignore[arg-type]
    if clip.channels:
        yield loss("channels")
    if each.own.get("absolute") and clip.media is not None and clip.media.start is None:
        yield loss("first-timecode")
    others = sorted(name for name in each.item.metadata if name not in (NAMESPACE, *_KNOWN_NAMESPACES))
    if others:
        yield loss("metadata", ", ".join(others))


def _markers(holder: Any) -> Iterator[ExportMarker]:
    for each in holder.markers:
        try:
            start, duration = exact_seconds(each.marked_range.start_time), exact_seconds(each.marked_range.duration)
        except BadTime:
            continue
        yield ExportMarker(name=each.name, comment=getattr(each, "comment", "") or "", start=start, duration=max(duration, Fraction(0)))


def _size(values: Any) -> tuple[int, int] | None:
    numbers = [each for each in values if type(each) is int] if hasattr(values, "__len__") and not isinstance(values, str) else []
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _layers(clips: list[ExportClip]) -> list[list[ExportClip]]:
    layers: list[list[ExportClip]] = []
    for clip in sorted(clips, key=lambda each: each.start):
        free = next((layer for layer in layers if layer[-1].end <= clip.start), None)
        if free is None:
            layers.append([clip])
        else:
            free.append(clip)
    return layers


def _export_clip(each: TimelineItem, rate: Fraction, tail_before: Fraction) -> ExportClip:
    media, others = None, []
    if each.problem is None and each.host_only is None and each.speed and not each.offsets and isinstance(each.item, otio.schema.Clip):
        references = dict(each.item.media_references())
        active = references.pop(each.item.active_media_reference_key, None)
        media = _media(active, each, rate)
        others = [found for reference in references.values() if (found := _media(reference, each, rate)) is not None]
    start, end = (round_half_up(time * rate) for time in (each.start, each.end))
    channels: Any = own_value(each.item, "channels") if each.kind == "sound" else None
    clip = ExportClip(
        name=each.item.name,
        start=start,
        end=max(end, start),
        low=each.source_low,
        high=each.source_high,
        speed=each.speed,
        media=None,
        others=tuple(others),
        lead=round_half_up(each.lead * rate),
        lead_after=round_half_up(tail_before * rate),
        enabled=each.enabled,
        link=own_text(each.item, "link"),
        of=own_text(each.item, "of"),
        key=own_text(each.item, "id"),
        markers=tuple(_markers(each.item)),
        looks=looks_of(each.item),
        note=own_text(each.item, "note"),
        label=own_text(each.item, "label"),
        channels=tuple(number for number in channels if type(number) is int) if hasattr(channels, "__len__") else (),
    )
    return clip if media is None else clip.playing(media)


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
    first, shift = own_value(reference, "first"), Fraction(0)
    if type(first) is int and start is not None:  # a take: programs find its frames by its own timecode
        start, shift = first / media_rate, first / media_rate - start
    drop = own_value(reference, "drop_frame")
    return ExportMedia(
        path=path,
        start=start,
        duration=duration,
        rate=media_rate,
        take=own_text(reference, "take"),
        job=own_text(reference, "job"),
        drop_frame=drop if isinstance(drop, bool) else None,
        frame_size=_size(own_value(reference, "frame_size")),
        shift=shift,
    )


def file_url(path: str) -> str:
    """A file: URL of a path of any system; of one that starts nowhere (a recording that was sent) one from beside the document."""
    slashed = path.replace("\\", "/")
    if not slashed.startswith("/") and not _DRIVE.match(slashed):
        return BESIDE + quote(slashed.removeprefix(BESIDE), safe="/")
    if slashed.startswith("//"):
        return "file:" + quote(slashed, safe="/:")
    return "file://" + quote(slashed if slashed.startswith("/") else "/" + str(PurePosixPath(slashed)), safe="/:")
