"""Adds takes to Final Cut Pro 7 XML as clips on tracks above; the document that was read stays as it was.

The format holds no versions of a clip, so a take always lies above. Beside a dissolve the track above repeats the dissolve, with the
part of the neighbour that it shows: what is seen is the dissolve from or to the take.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from heygem_core.messages import words

from ..conform_types import FinishedTake, PublishMode
from ..errors import UnreadableTimeline
from ..grafting import placings, takes_in
from ..metadata import own_value
from ..sequence import sequence_of
from .fcp7_reader import comment_of, cut_point, main_sequence, read_tree
from .fcp7_take import TakeClips
from .fcp7_writer import text_element
from .occupied import Occupied, lowest_free, occupied
from .xml_edits import XmlEdits, edits_of
from .xml_safe import number_of

TRACK_NAME = "HeyGem"
_ITEMS = ("clipitem", "generatoritem", "transitionitem")
_ZERO = Fraction(0)


def graft_fcp7(data: bytes, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None) -> tuple[bytes, list[str]]:
    """(the document with the takes, what could not be done as asked). Raises: UnreadableTimeline."""
    edits = edits_of(data, "xmeml")
    elements: dict[int, Element] = {}
    timeline, _ = read_tree(edits.root, elements)
    placed, notices = placings(timeline, takes, mode, holds_references=False)
    there = takes_in(timeline)
    new = [(each.take, elements[own_value(each.item, "element")]) for each in placed if each.take.take not in there]
    if mode != "track" and new:
        notices.append(words("fcp7.versions-above"))
    sequence = main_sequence(edits.root)
    runs = _Runs(sequence, sequence_of(timeline, rate).rate, TakeClips(edits.root, sequence_of(timeline, rate).rate))
    pieces = [piece for layer in _layers(new) for piece in runs.of(layer)]
    if pieces:
        _lay(pieces, sequence, edits)
    return edits.result(), [*notices, *runs.notices]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Elements that stand on one track together, and the frames of the sequence that they take."""

    start: int
    end: int
    elements: tuple[Element, ...]


@dataclass(slots=True)
class _Span:
    """A take on the track above, with the dissolves that are repeated there."""

    take: FinishedTake
    covered: Element
    start: int
    end: int
    before: Element | None = None
    after: Element | None = None


def _layers(new: Iterable[tuple[FinishedTake, Element]]) -> list[list[tuple[FinishedTake, Element]]]:
    """The takes in groups of which no two cover the same frames of a clip: further versions come in further groups."""
    layers: list[list[tuple[FinishedTake, Element]]] = []
    taken: dict[Element, list[Occupied]] = {}  # of each clip, by layer
    for take, covered in new:
        start, there = take.shot.placement.record_start, taken.setdefault(covered, [])
        end = start + take.shot.placement.record_duration
        level = lowest_free(there, start, end)
        if level == len(there):
            there.append(Occupied())
        if level == len(layers):
            layers.append([])
        there[level].take(start, end)
        layers[level].append((take, covered))
    return layers


@dataclass(slots=True)
class _Runs:
    """Makes what goes on the tracks above of takes and the dissolves between them."""

    sequence: Element
    rate: Fraction
    clips: TakeClips
    notices: list[str] = field(default_factory=list)
    _places: dict[Element, tuple[list[Element], int]] = field(init=False)
    _latest: dict[Element, _Span] = field(default_factory=dict)  # of a clip, the take that shows last of it

    def __post_init__(self) -> None:
        self._places = {}
        for track in self.sequence.findall("media/video/track"):
            items = [each for each in track if each.tag in _ITEMS]
            self._places |= {each: (items, index) for index, each in enumerate(items)}

    def of(self, layer: Iterable[tuple[FinishedTake, Element]]) -> list[_Piece]:
        """One piece for each run of takes that dissolve into one another."""
        spans = sorted((self._span(take, covered) for take, covered in layer), key=lambda each: (each.start, each.end))
        by_dissolve = {each.before: each for each in spans if each.before is not None}
        left = {each.after for each in spans}
        self._latest |= {each.covered: each for each in spans}
        pieces = []
        for span in spans:
            if span.before is not None and span.before in left:
                continue  # stands in the run of the take before
            run = [span]
            while run[-1].after is not None and run[-1].after in by_dissolve:
                run.append(by_dissolve[run[-1].after])
            elements = self._neighbour(run[0], run[0].before, -1)
            for each in run:
                fades = {"fades_in": each.before is not None, "fades_out": each.after is not None}
                elements.append(self.clips.of_take(each.take, each.covered, each.start, each.end, **fades))
                if each.after is not None:
                    elements.append(deepcopy(each.after))
            elements += self._neighbour(run[-1], run[-1].after, 1)
            pieces.append(_Piece(start=run[0].start, end=run[-1].end, elements=tuple(elements)))
        return pieces

    def _span(self, take: FinishedTake, covered: Element) -> _Span:
        place = take.shot.placement
        span = _Span(take, covered, place.record_start, place.record_start + place.record_duration)
        items, index = self._places.get(covered, ([], 0))
        before = items[index - 1] if index and items[index - 1].tag == "transitionitem" else None
        after = items[index + 1] if index + 1 < len(items) and items[index + 1].tag == "transitionitem" else None
        short = False
        if before is not None and cut_point(before)[0] == span.start:
            begins, ends = (int(each) for each in cut_point(before)[1:])
            if (span.start - begins) / self.rate <= take.shot.offset_s:
                span.start, span.before = begins, before
            else:
                span.start, short = max(span.start, ends), True
        if after is not None and cut_point(after)[0] == span.end:
            begins, ends = (int(each) for each in cut_point(after)[1:])
            left = take.frames / take.rate - take.shot.offset_s - place.record_duration / self.rate
            if (ends - span.end) / self.rate <= left:
                span.end, span.after = ends, after
            else:
                span.end, short = min(span.end, begins), True
        if short:
            self.notices.append(words("publish.short-for-dissolve", clip=take.shot.clip, timecode=take.shot.timecode_in))
        return span

    def _neighbour(self, span: _Span, dissolve: Element | None, side: int) -> list[Element]:
        """What a dissolve at the end of a run needs: itself where it comes first, and the part of the clip on its other side."""
        if dissolve is None:
            return []
        items, index = self._places[dissolve]
        clip = items[index + side] if 0 <= index + side < len(items) and items[index + side].tag != "transitionitem" else None
        own = [deepcopy(dissolve)] if side < 0 else []
        if clip is None:
            self.notices.append(words("publish.fade-above", clip=span.take.shot.clip, timecode=span.take.shot.timecode_in))
            return own
        _, begins, ends = (int(each) for each in cut_point(dissolve))
        known = self._latest.get(clip)
        if known is not None and (known.after if side < 0 else known.before) is dissolve:
            fades = {"fades_in": side > 0, "fades_out": side < 0}
            return [self.clips.of_take(known.take, clip, begins, ends, **fades), *own]
        return [self.clips.part_of(clip, span.take, self._whole(clip), begins, ends, fades_in=side > 0), *own]

    def _whole(self, clip: Element) -> tuple[int, int]:
        items, index = self._places[clip]
        return _frames(items, index)


def _frames(items: list[Element], index: int) -> tuple[int, int]:
    """The frames of the sequence that an item of a track takes, dissolves at its edges included."""
    start, end = number_of(items[index], "start"), number_of(items[index], "end")
    if (start is None or start < 0) and index:
        start = cut_point(items[index - 1])[1]
    if (end is None or end < 0) and index + 1 < len(items):
        end = cut_point(items[index + 1])[2]
    start = max(start or _ZERO, _ZERO)
    return int(start), int(max(end or _ZERO, start))


def _lay(pieces: list[_Piece], sequence: Element, edits: XmlEdits) -> None:
    """Puts each piece on the lowest of our tracks that is free there and above all that lies there."""
    video = sequence.find("media/video")
    tracks = sequence.findall("media/video/track")
    if video is None or not tracks:
        raise UnreadableTimeline("fcp7.no-rate")
    ours = [track for track in tracks if _is_ours(track)]
    taken = [occupied(_taken(track)) for track in ours]
    laid: list[list[_Piece]] = [[] for _ in ours]
    for piece in pieces:
        level = lowest_free(taken, piece.start, piece.end)
        if level == len(taken):
            taken.append(Occupied())
            laid.append([])
        taken[level].take(piece.start, piece.end)
        laid[level].append(piece)
    for number, on_track in enumerate(laid):
        on_track.sort(key=lambda each: each.start)
        if number < len(ours):
            _add_to(ours[number], on_track, edits)
        else:
            _add_track(video, tracks[-1], on_track, edits)


def _is_ours(track: Element) -> bool:
    clips = track.findall("clipitem")
    return bool(clips) and all(comment_of(each, "take") for each in clips)


def _taken(track: Element) -> list[tuple[int, int]]:
    items = [each for each in track if each.tag in _ITEMS]
    return [_frames(items, index) for index in range(len(items))]


def _add_to(track: Element, pieces: list[_Piece], edits: XmlEdits) -> None:
    items = [each for each in track if each.tag in _ITEMS]
    behind = next((each for each in list(track)[list(track).index(items[-1]) + 1 :]), None)
    starts = [_frames(items, index)[0] for index in range(len(items))]
    for piece in pieces:
        place = bisect_left(starts, piece.end)
        before = items[place] if place < len(items) else behind
        for element in piece.elements:
            edits.add(track, element, before)


def _add_track(video: Element, last: Element, pieces: list[_Piece], edits: XmlEdits) -> None:
    track = Element("track", {"MZ.TrackName": TRACK_NAME})
    for piece in pieces:
        track.extend(piece.elements)
    text_element(track, "enabled", "TRUE")
    text_element(track, "locked", "FALSE")
    children = list(video)
    place = children.index(last) + 1
    edits.add(video, track, children[place] if place < len(children) else None)
