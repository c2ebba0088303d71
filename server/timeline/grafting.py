"""Decides how each take goes into a timeline: as a further reference of its clip, on a track above, or both. The same for every format;
what writes the takes (`publish`, and the `graft` of each format) does what is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.media import timecode
from heygem_core.messages import words

from .conform_types import FinishedTake, PublishMode
from .metadata import own_text

_schema = otio.schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Where one take goes."""

    take: FinishedTake
    item: Any  # the OTIO item that it was made of, in the timeline that was given
    above: bool  # a clip on a track above
    reference: bool  # a further reference of its clip
    active: bool  # and the one that shows


def placings(
    timeline: Any, takes: Sequence[FinishedTake], mode: PublishMode, *, holds_references: bool = True
) -> tuple[list[Placing], list[str]]:
    """(every take that has a place, earlier versions first; what could not be done as asked).

    A take that cannot be a further reference (its clip is retimed, or shown in part) goes on the track above whatever the
    mode, and one beside a dissolve stays below, where the dissolve is. holds_references: whether a clip of this format can have
    further references; where it cannot, all takes go above, those beside dissolves too.
    """
    placed, notices = [], []
    for take in sorted(takes, key=lambda each: each.version):
        item = item_at(timeline, take.shot.where)
        if item is None or not (take.shot.placement.baked or isinstance(item, _schema.Clip)):  # an exported nest is covered whole
            notices.append(words("publish.gone", clip=take.shot.clip, timecode=take.shot.timecode_in, file=Path(take.path).name))
            continue
        if not holds_references:
            placed.append(Placing(take=take, item=item, above=True, reference=False, active=False))
            continue
        above, why = _goes_above(take, mode)
        if why is not None:
            notices.append(words("clip.at", clip=take.shot.clip, timecode=take.shot.timecode_in, reason=why))
        reference = _no_reference(take) is None and (mode != "track" or not above)
        placed.append(Placing(take=take, item=item, above=above, reference=reference, active=mode == "references" or not above))
    return placed, notices


def _goes_above(take: FinishedTake, mode: PublishMode) -> tuple[bool, str | None]:
    no_reference = _no_reference(take)
    if mode == "references":
        return (False, None) if no_reference is None else (True, words("publish.above-since", reason=no_reference))
    if take.shot.not_above is not None and no_reference is None:
        return False, words("publish.version-where", reason=take.shot.not_above)
    return True, None


def _no_reference(take: FinishedTake) -> str | None:
    """Why a take cannot stand in for its clip's media."""
    return words("publish.patch") if take.settings.get("kind") == "patch" else take.shot.not_a_reference


def item_at(timeline: Any, where: Sequence[int]) -> Any:
    """The item with these indexes from the stack of tracks down; None = there is none."""
    item = timeline.tracks
    for index in where:
        if not isinstance(item, otio.core.Composition) or index >= len(item):
            return None
        item = item[index]
    return item if where and isinstance(item, otio.core.Item) else None


def takes_in(timeline: Any) -> set[str]:
    """The takes that a timeline holds already, as clips."""
    found = timeline.find_children(descended_from_type=_schema.Clip)
    return {take for clip in found if (take := own_text(clip, "take")) is not None}


def takes_of(item: Any) -> set[str]:
    """The takes that are references of an item already."""
    references = item.media_references().values() if isinstance(item, _schema.Clip) else ()
    return {take for each in references if (take := own_text(each, "take")) is not None}


def first_frame(take: FinishedTake) -> int | None:
    """What the take's own timecode calls its first frame, counted; None where it has none."""
    if take.start_timecode is None:
        return None
    try:
        return timecode.parse(take.start_timecode, take.rate)
    except HeygemError:
        return None


def first_second(take: FinishedTake) -> Fraction:
    """The same in seconds; 0 where it has none."""
    return (first_frame(take) or 0) / take.rate
