"""Puts takes into the timeline they were made for: as further references of their clips, as clips on a track above, or both.

Whatever was not rendered stays as it was. Publishing the same take twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.media import timecode

from .conform_types import PUBLISH_MODE, FinishedTake, PublishMode
from .edl_codes import origin_by_code
from .exact_time import exact_rate, exact_seconds, time_range
from .flatten import flatten
from .formats.assembly import Event, tracks_of
from .grafting import Placing, first_frame, first_second, item_at, placings
from .media import original_reference
from .metadata import own_text, own_value, set_own_values
from .sequence import sequence_of

TRACK_NAME = "HeyGem"
_schema = otio.schema


def publish(
    timeline: Any, takes: Sequence[FinishedTake], mode: PublishMode = PUBLISH_MODE, *, rate: Fraction | None = None
) -> tuple[Any, list[str]]:
    """(a copy of the timeline with the takes, what could not be done as asked).

    A take that cannot be a further reference (its clip is retimed, or shown in part) goes on the track above whatever the
    mode, and one beside a dissolve stays below, where the dissolve is.
    """
    published = timeline.deepcopy()
    sequence = sequence_of(timeline, rate)
    placed, notices = placings(published, takes, mode)
    _tell_times(published, placed)
    for each in placed:
        set_own_values(each.item, id=each.take.shot.key)
        if each.reference:
            _add_reference(each.item, each.take, active=each.active)
    _add_above(published, [each.take for each in placed if each.above], sequence.rate)
    return published, notices


def _tell_times(timeline: Any, placed: Iterable[Placing]) -> None:
    """An edit list says no media's first timecode. That of the media that takes were made of is known, and other formats want it."""
    known: dict[str, FinishedTake] = {}
    for each in placed:
        media, shot = original_reference(each.item), each.take.shot
        if (
            isinstance(media, _schema.ExternalReference)
            and shot.start_timecode is not None
            and shot.media_frames
            and not shot.placement.baked
            and _frame_of(shot.start_timecode, each.take.rate) is not None
        ):
            known[media.target_url] = each.take
    for clip in timeline.find_clips() if known else ():
        media = original_reference(clip)
        take = known.get(getattr(media, "target_url", None) or "")
        if take is not None and media.available_range is None and own_value(clip, "absolute"):
            _tell_time(clip, media, take)


def _tell_time(clip: Any, media: Any, take: FinishedTake) -> None:
    """take: of the same media. Where a list counts seconds of another length than they do, they begin elsewhere in its time."""
    code, frames = take.shot.start_timecode or "", take.shot.media_frames or 0
    first = _frame_of(code, take.rate) or 0
    named = own_text(clip, "code")
    origin = first / take.rate
    if named is not None:
        known = origin_by_code(named, exact_rate(clip.source_range.start_time.rate), code, take.rate, frames)
        origin = origin if known is None else known
    media.available_range = time_range(origin, frames / take.rate, take.rate)
    if origin != first / take.rate:
        set_own_values(media, first=first)


def _frame_of(code: str, rate: Fraction) -> int | None:
    try:
        return timecode.parse(code, rate)
    except HeygemError:
        return None


def _add_reference(clip: Any, take: FinishedTake, *, active: bool) -> None:
    references = dict(clip.media_references())
    original = _original_key(clip, references)
    key = next((each for each, reference in references.items() if own_text(reference, "take") == take.take), f"heygem-{take.take}")
    # In the clip's own source time: what the clip shows of its media it shows of the take.
    begins = take.shot.source_start_s - take.shot.offset_s
    reference = _schema.ExternalReference(target_url=take.path, available_range=time_range(begins, _seconds(take), take.rate))
    reference.name = Path(take.path).name
    set_own_values(reference, first=first_frame(take) or 0, frame_size=_size_of(clip), **_labels(take))
    references[key] = reference
    if clip.source_range is None:
        clip.source_range = clip.trimmed_range()
    clip.set_media_references(references, key if active else clip.active_media_reference_key)
    set_own_values(clip, original=original)


def _original_key(clip: Any, references: dict[str, Any]) -> str:
    named = own_text(clip, "original")
    if named in references:
        return str(named)
    return next((key for key, reference in references.items() if own_text(reference, "take") is None), clip.active_media_reference_key)


def _seconds(take: FinishedTake) -> Fraction:
    return Fraction(take.frames) / take.rate


def _size_of(item: Any) -> list[int] | None:
    """Width and height of a clip's own media, where the document says them: its takes are as large."""
    size = own_value(original_reference(item), "frame_size")
    return list(size) if hasattr(size, "__len__") else None


def _labels(take: FinishedTake) -> dict[str, Any]:
    return {"take": take.take, "job": take.job, "version": take.version, "settings": dict(take.settings) or None}


def _add_above(timeline: Any, takes: Iterable[FinishedTake], rate: Fraction) -> None:
    """The takes on tracks of their own: for each take the lowest that is ours and free there, else a new one on top."""
    there = {own_text(each.item, "take") for each in flatten(timeline, rate)}
    new = [_event(timeline, take, rate) for take in takes if take.take not in there]
    old = _our_tracks(timeline)
    kept = [event for track in old for event in _events_of(track)]
    if not new:
        return
    tracks = tracks_of(_stacked(kept, new), rate, _schema.TrackKind.Video, TRACK_NAME)
    for track in tracks:
        set_own_values(track, takes=True)
    for track in old:
        timeline.tracks.remove(track)
    last = max((place for place, track in enumerate(timeline.tracks) if track.kind == _schema.TrackKind.Video), default=-1)
    for number, track in enumerate(tracks):
        timeline.tracks.insert(last + 1 + number, track)


def _stacked(kept: list[Event], new: list[Event]) -> list[Event]:
    """Earlier takes first, so that a later version of the same place lies above them."""
    return [*kept, *new]


def _our_tracks(timeline: Any) -> list[Any]:
    return [track for track in timeline.tracks if isinstance(track, _schema.Track) and own_value(track, "takes")]


def _events_of(track: Any) -> list[Event]:
    events, position = [], Fraction(0)
    for item in track:
        length = exact_seconds(item.source_range.duration)
        if not isinstance(item, _schema.Gap):
            events.append(Event(start=position, end=position + length, item=item.deepcopy()))
        position += length
    return events


def _event(timeline: Any, take: FinishedTake, rate: Fraction) -> Event:
    placement = take.shot.placement
    start = Fraction(placement.record_start) / rate
    duration = Fraction(placement.record_duration) / rate
    covered = item_at(timeline, take.shot.where)
    first = first_second(take)
    units = take.rate if (duration * take.rate).denominator == 1 else rate
    clip = _schema.Clip(
        name=covered.name,
        media_reference=_schema.ExternalReference(
            target_url=take.path, available_range=time_range(first, Fraction(take.frames) / take.rate, take.rate)
        ),
        source_range=time_range(first + take.shot.offset_s, duration, units),
    )
    if not placement.baked:  # else its place, effects and grade are in the picture already
        clip.metadata.update(_editor_metadata(covered))
        clip.effects.extend(effect.deepcopy() for effect in covered.effects if not isinstance(effect, _schema.TimeEffect))
    set_own_values(clip, of=take.shot.key, id=None, original=None, **_labels(take))
    set_own_values(clip.media_reference, frame_size=None if placement.baked else _size_of(covered), **_labels(take))
    return Event(start=start, end=start + duration, item=clip)


def _editor_metadata(clip: Any) -> dict[str, Any]:
    """What the editor says of the clip (its transform and grade among it), without what ties it to its sound."""
    kept = {name: dict(value) if hasattr(value, "keys") else value for name, value in clip.metadata.items()}
    for namespace, link in (("Resolve_OTIO", "Link Group ID"), ("PremierePro_OTIO", "LinkID")):
        if isinstance(kept.get(namespace), dict):
            kept[namespace].pop(link, None)
    kept.pop("heygem", None)
    return kept
