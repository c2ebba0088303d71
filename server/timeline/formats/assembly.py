"""Builds a timeline of events that know their own places, as FCPXML, FCP 7 XML and EDL give them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ..exact_time import rational_time, time_range

_schema = otio.schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An item and its place, in seconds from where its tracks begin."""

    start: Fraction
    end: Fraction
    item: Any
    dissolve: tuple[Fraction, Fraction] | None = None  # s of a transition into it, before and after `start`


def tracks_of(events: Iterable[Event], rate: Fraction, kind: str, name: str) -> list[Any]:
    """The events as one track, or more where they overlap: nothing is moved or cut."""
    tracks: list[Any] = []
    ends: list[Fraction] = []
    for event in sorted(events, key=lambda each: each.start):
        place = next((number for number, end in enumerate(ends) if end <= event.start), len(ends))
        if place == len(ends):
            tracks.append(_schema.Track(name=name, kind=kind))
            ends.append(Fraction(0))
        _append(tracks[place], ends[place], event, rate)
        ends[place] = max(event.end, event.start)
    return tracks


def _append(track: Any, end: Fraction, event: Event, rate: Fraction) -> None:
    if event.start > end:
        track.append(_schema.Gap(source_range=time_range(Fraction(0), event.start - end, rate)))
    if event.dissolve is not None and any(event.dissolve) and len(track):
        before, after = event.dissolve
        track.append(
            _schema.Transition(
                transition_type=_schema.TransitionTypes.SMPTE_Dissolve,
                in_offset=rational_time(before, rate),
                out_offset=rational_time(after, rate),
            )
        )
    track.append(event.item)


def timeline_of(name: str, start: Fraction, rate: Fraction, tracks: Iterable[Any]) -> Any:
    """start: seconds that the first frame is called."""
    timeline = _schema.Timeline(name=name, global_start_time=rational_time(start, rate))
    timeline.tracks.extend(list(tracks))
    return timeline


def media_clip(
    name: str, url: str | None, low: Fraction, duration: Fraction, rate: Fraction, *, available: Any = None, speed: Fraction = Fraction(1)
) -> Any:
    """A clip that shows `duration` seconds of the timeline from second `low` of its media. speed: 0 = it stands still there."""
    reference = _schema.ExternalReference(target_url=url, available_range=available) if url else _schema.MissingReference(name=name)
    clip = _schema.Clip(name=name, media_reference=reference, source_range=time_range(low, duration, rate))
    if speed != 1:
        clip.effects.append(_schema.LinearTimeWarp(time_scalar=float(speed)) if speed else _schema.FreezeFrame())
    return clip


def marker(name: str, comment: str, start: Fraction, duration: Fraction, rate: Fraction) -> Any:
    """A marker. Seconds of whatever carries it."""
    return _schema.Marker(name=name, comment=comment, marked_range=time_range(start, duration, rate))
