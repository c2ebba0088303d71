"""Grafts takes into an AAF: the file that was read is opened and gets tracks above, and media for them; nothing else in it is touched.

A track above has the components of the one below, as fillers but where a take lies. Dissolves beside a take are repeated there between it
and its neighbours, whose part is copied. The master of a take carries its id in its comments ("HeyGem Take", "HeyGem Of").
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from heygem_core.media import timecode
from heygem_core.messages import words

from ..conform_types import FinishedTake, PublishMode
from ..exact_time import round_half_up
from ..grafting import first_frame, placings
from ..locate import name_of
from ..publish import publish
from ..sequence import sequence_of
from .aaf_adapter import OF, TAKE, read_aaf, write_aaf
from .export_model import file_url

TRACK_NAME = "HeyGem"


def graft_aaf(document: bytes, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None) -> tuple[bytes, list[str]]:
    """(the file with the takes, what could not be done as asked). A file that cannot be edited is written anew, which says what it loses.

    Raises: UnreadableTimeline.
    """
    timeline, _ = read_aaf(document)
    try:
        return _in_place(document, timeline, takes, mode, rate)
    except Exception:  # the library lets errors of any kind through
        logging.getLogger(__name__).debug("an AAF that cannot be edited", exc_info=True)
    published, notices = publish(timeline, takes, mode, rate=rate)
    data, lost = write_aaf(published)
    return data, [*notices, *lost]


def _in_place(
    document: bytes, timeline: Any, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None
) -> tuple[bytes, list[str]]:
    import aaf2

    placed, notices = placings(timeline, takes, mode, holds_references=False)
    notices.insert(0, words("aaf.experimental"))
    if mode != "track" and placed:
        notices.append(words("aaf.takes-above", count=len(placed)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "timeline.aaf")
        path.write_bytes(document)
        with aaf2.open(str(path), "rw") as file:
            _Graft(file=file, rate=rate or sequence_of(timeline).rate, notices=notices).add([each.take for each in placed])
        return path.read_bytes(), notices


@dataclass(slots=True)
class _Part:
    """A component of a track. Frames of the sequence, dissolves at its edges included."""

    component: Any
    start: int
    end: int
    into: Any = None  # the dissolve before it
    out_of: Any = None

    @property
    def cuts(self) -> tuple[int, int]:
        """Where the edits lie at its ends."""
        begin = self.start + (self.into["CutPoint"].value if self.into is not None else 0)
        return begin, self.end - (self.out_of.length - self.out_of["CutPoint"].value if self.out_of is not None else 0)


@dataclass(slots=True)
class _Piece:
    """What lies on a track above."""

    start: int
    end: int
    component: Any
    into: Any = None  # the dissolve from the piece before


@dataclass(slots=True, kw_only=True)
class _Graft:
    file: Any
    rate: Fraction
    notices: list[str] = field(default_factory=list)

    def add(self, takes: Sequence[FinishedTake]) -> None:
        (composition,) = list(self.file.content.toplevel())
        there = {dict(mob.comments.items()).get(TAKE) for mob in self.file.content.mastermobs()}
        slots = [slot for slot in composition.slots if _shows(slot)]
        by_slot: dict[int, list[FinishedTake]] = {}
        for take in takes:
            if take.take not in there:
                by_slot.setdefault(min(take.shot.placement.track, len(slots)) - 1, []).append(take)
        for number, chosen in sorted(by_slot.items()):
            parts = _parts_of(slots[number].segment)
            for layer in _layers(chosen):
                pieces = [*self._pieces(parts, layer)]
                self._lay(composition, slots[number], sorted(pieces, key=lambda each: each.start))

    def _pieces(self, parts: Sequence[_Part], takes: Iterable[FinishedTake]) -> Iterator[_Piece]:
        """The takes of one track above, with the dissolves beside them."""
        whole = {}
        for take in takes:
            start = take.shot.placement.record_start
            end = start + take.shot.placement.record_duration
            part = next((each for each in parts if each.cuts == (start, end)), None)
            if part is None:
                yield self._of_take(take, start, end)
            else:
                whole[part.start, part.end] = take
        for index, part in enumerate(parts):
            own = whole.get((part.start, part.end))
            if own is None:
                continue
            start, end = part.start, part.end
            before = parts[index - 1] if part.into is not None and index else None
            after = parts[index + 1] if part.out_of is not None and index + 1 < len(parts) else None
            low, high = self._reach(own)
            into = before is not None and low <= start and self._has_side(before, whole, part.into, last=True)
            out_of = after is not None and high >= end and self._has_side(after, whole, part.out_of, last=False)
            if (before is not None and not into) or (after is not None and not out_of):
                self.notices.append(words("publish.fade-above", clip=own.shot.clip, timecode=own.shot.timecode_in))
            start, end = start if into else part.cuts[0], end if out_of else part.cuts[1]
            if into and before is not None and (before.start, before.end) not in whole:
                yield _Piece(part.start, part.start + part.into.length, self._side(before, part.into, last=True))
            yield self._of_take(own, start, end, part.into if into else None)
            if out_of and after is not None and (after.start, after.end) not in whole:
                yield _Piece(after.start, after.start + part.out_of.length, self._side(after, part.out_of, last=False), part.out_of)

    def _reach(self, take: FinishedTake) -> tuple[int, int]:
        """The frames of the sequence at which the take has pictures."""
        start = take.shot.placement.record_start - round_half_up(take.shot.offset_s * self.rate)
        return start, start + int(Fraction(take.frames) / take.rate * self.rate)

    def _has_side(self, neighbour: _Part, whole: dict[Any, FinishedTake], dissolve: Any, *, last: bool) -> bool:
        """Whether there is something for a dissolve on its other side."""
        take = whole.get((neighbour.start, neighbour.end))
        if take is None:
            return self._side(neighbour, dissolve, last=last) is not None
        low, high = self._reach(take)
        return high >= neighbour.end if last else low <= neighbour.start

    def _side(self, part: _Part, dissolve: Any, *, last: bool) -> Any:
        """The part of a clip that a dissolve shows; None = it cannot be cut out."""
        kind = type(part.component).__name__
        if kind == "Filler":
            return self.file.create.Filler("picture", dissolve.length)
        if kind != "SourceClip":
            return None
        copy = part.component.copy(root=self.file)
        copy.start = part.component.start + (part.end - part.start - dissolve.length if last else 0)
        copy.length = dissolve.length
        return copy

    def _of_take(self, take: FinishedTake, start: int, end: int, into: Any = None) -> _Piece:
        master, slot = self._master(take)
        clip = self.file.create.SourceClip(
            start=start - self._reach(take)[0], length=end - start, mob_id=master.mob_id, slot_id=slot.slot_id, media_kind="picture"
        )
        return _Piece(start, end, clip, into)

    def _lay(self, composition: Any, below: Any, pieces: Sequence[_Piece]) -> None:
        numbers = [each["PhysicalTrackNumber"].value for each in composition.slots if _shows(each) and "PhysicalTrackNumber" in each]
        slot = composition.create_timeline_slot(below.edit_rate)
        slot.name = TRACK_NAME
        slot["PhysicalTrackNumber"].value = max(numbers, default=sum(map(_shows, composition.slots))) + 1
        sequence = self.file.create.Sequence(media_kind="picture")
        sequence.components.value = []
        slot.segment = sequence
        end = 0
        for piece in pieces:
            if piece.into is not None:
                sequence.components.append(piece.into.copy(root=self.file))
            elif piece.start > end:
                sequence.components.append(self.file.create.Filler("picture", piece.start - end))
            sequence.components.append(piece.component)
            end = piece.end
        sequence.length = end

    def _master(self, take: FinishedTake) -> tuple[Any, Any]:
        """The master of a take with its file and its timecode, which programs find it by: (it, its slot)."""
        create, rate, name = self.file.create, str(take.rate), name_of(take.path)
        tape, media, master = create.SourceMob(), create.SourceMob(), create.MasterMob()
        tape.name = media.name = master.name = name
        tape_slot, code_slot = tape.create_tape_slots(
            name, edit_rate=rate, timecode_fps=round(take.rate), drop_frame=timecode.is_drop(take.start_timecode or "")
        )
        tape.descriptor = create.ImportDescriptor()
        tape_slot.segment.length = code_slot.segment.length = take.frames
        code_slot.segment.start = first_frame(take) or 0
        descriptor = media.descriptor = create.CDCIDescriptor()
        for key, value in _DESCRIPTION.items():
            descriptor[key].value = value
        descriptor["SampleRate"].value = rate
        descriptor["Length"].value = take.frames
        for holder in (descriptor, tape.descriptor):
            locator = create.NetworkLocator()
            locator["URLString"].value = file_url(take.path)
            holder["Locator"].append(locator)
        below, below_slot = tape, tape_slot
        for mob in (media, master):
            slot = mob.create_timeline_slot(rate)
            slot.segment = create.SourceClip(
                start=0, length=take.frames, mob_id=below.mob_id, slot_id=below_slot.slot_id, media_kind="picture"
            )
            below, below_slot = mob, slot
        self.file.content.mobs.extend([tape, media, master])
        master.comments[TAKE] = take.take
        master.comments[OF] = take.shot.key
        return master, below_slot


_DESCRIPTION = {  # what the format wants to be told; programs look into the file itself
    "ComponentWidth": 8,
    "HorizontalSubsampling": 2,
    "ImageAspectRatio": "16/9",
    "StoredWidth": 1920,
    "StoredHeight": 1080,
    "FrameLayout": "FullFrame",
    "VideoLineMap": [42, 0],
}


def _shows(slot: Any) -> bool:
    """Whether a slot is a track of pictures."""
    return type(slot).__name__ == "TimelineMobSlot" and slot.segment is not None and slot.segment.media_kind == "Picture"


def _parts_of(segment: Any) -> list[_Part]:
    components = list(segment.components) if type(segment).__name__ == "Sequence" else [segment]
    parts: list[_Part] = []
    end, dissolve = 0, None
    for component in components:
        if type(component).__name__ == "Transition":
            dissolve = component
            continue
        start = end - (dissolve.length if dissolve is not None else 0)
        if dissolve is not None and parts:
            parts[-1].out_of = dissolve
        end = start + component.length
        parts.append(_Part(component, start, end, into=dissolve))
        dissolve = None
    return parts


def _layers(takes: Iterable[FinishedTake]) -> list[list[FinishedTake]]:
    """The takes in groups of which no two cover the same frames: further versions come in further groups."""
    layers: list[list[FinishedTake]] = []
    for take in takes:
        start = take.shot.placement.record_start
        end = start + take.shot.placement.record_duration
        free = (
            layer
            for layer in layers
            if all(
                other.shot.placement.record_start >= end
                or other.shot.placement.record_start + other.shot.placement.record_duration <= start
                for other in layer
            )
        )
        found = next(free, None)
        if found is None:
            layers.append([take])
        else:
            found.append(take)
    return layers
