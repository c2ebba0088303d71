"""Adds takes to FCPXML: as choices of auditions, connected above, or both; the document that was read stays as it was.

An audition is put around the clip, whose own element is not touched. Whatever was connected to the clip is connected to the take too,
its own sound among it: choosing one or the other changes the picture alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element, tostring

from heygem_core.messages import words

from ..conform_types import FinishedTake, PublishMode
from ..errors import UnreadableTimeline
from ..flatten import TimelineItem, flatten
from ..grafting import placings, takes_in, takes_of
from ..metadata import own_text, own_value
from ..sequence import sequence_of
from .fcpxml_reader import Reader, Story, lane_of, own_metadata, read_tree
from .fcpxml_take import BEHIND_ANCHORS, TakeClips
from .occupied import Occupied, lowest_free, occupied
from .xml_edits import XmlEdits, edits_of


def graft_fcpxml(data: bytes, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None) -> tuple[bytes, list[str]]:
    """(the document with the takes, what could not be done as asked). Raises: UnreadableTimeline."""
    edits = edits_of(data, "fcpxml")
    elements: dict[int, Element] = {}
    timeline, reader = read_tree(edits.root, rate, elements)
    placed, notices = placings(timeline, takes, mode)
    rate = sequence_of(timeline, rate).rate
    items = flatten(timeline, rate)
    starts = {each.where: each.start for each in items}
    uses, there = Counter(elements.values()), takes_in(timeline)
    choices, connected = _Choices(edits.root), _Connected(reader)
    connected.keep([(each, elements[own_value(each.item, "element")]) for each in items if each.kind == "picture" and _is_above(each)])
    for each in placed:
        covered, shot = elements[own_value(each.item, "element")], each.take.shot
        shared = each.reference and uses[covered] > 1
        if shared and not each.above:
            why = words("publish.above-since", reason=words("publish.nest-used-again"))
            notices.append(words("clip.at", clip=shot.clip, timecode=shot.timecode_in, reason=why))
        if each.reference and not shared and each.take.take not in takes_of(each.item):
            choices.add(each.take, covered, active=each.active)
        if (each.above or shared) and each.take.take not in there:
            start = Fraction(shot.placement.record_start) / rate
            connected.add(each.take, covered, start, start - starts.get(shot.where, start))
    _write(edits, choices, connected, TakeClips(edits.root, reader))
    return edits.result(), notices


def _is_above(each: TimelineItem) -> bool:
    return own_text(each.item, "take") is not None


@dataclass(slots=True)
class _Choices:
    """The takes that become choices of auditions, by the clip that they were made of."""

    root: Element
    found: dict[Element, list[tuple[FinishedTake, bool]]] = field(default_factory=dict)
    auditions: dict[Element, Element] = field(init=False)  # choice → its audition

    def __post_init__(self) -> None:
        self.auditions = {choice: audition for audition in self.root.iter("audition") for choice in audition}

    def add(self, take: FinishedTake, covered: Element, *, active: bool) -> None:
        siblings = self.of_one(covered)
        original = next((each for each in siblings if "take" not in own_metadata(each)), covered)
        self.found.setdefault(original, []).append((take, active))

    def of_one(self, choice: Element) -> list[Element]:
        """A clip with the other choices of its audition."""
        audition = self.auditions.get(choice)
        return [choice] if audition is None else [each for each in audition if isinstance(each.tag, str)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Above:
    """A take that is connected above."""

    take: FinishedTake
    covered: Element
    lane: int
    after: Fraction  # s from the beginning of what it is connected to
    into: Fraction  # s from the beginning of what it covers


@dataclass(slots=True)
class _Connected:
    """The takes that are connected above, by the element of the main storyline that carries them."""

    reader: Reader
    found: dict[Element, list[_Above]] = field(default_factory=dict)
    _lanes: list[int] = field(default_factory=list)
    _taken: list[Occupied] = field(default_factory=list)  # by lane

    def keep(self, ours: list[tuple[TimelineItem, Element]]) -> None:
        """Takes that an earlier publishing left: a new one goes on the lowest of their lanes that is free."""
        self._lanes = sorted({lane_of(element) for _, element in ours})
        self._taken = [occupied((each.start, each.end) for each, element in ours if lane_of(element) == lane) for lane in self._lanes]

    def add(self, take: FinishedTake, covered: Element, start: Fraction, into: Fraction) -> None:
        end = start + Fraction(take.shot.placement.record_duration) / take.shot.placement.rate
        level = lowest_free(self._taken, start, end)
        if level == len(self._lanes):
            self._lanes.append(max([self.reader.highest, *self._lanes]) + 1)
            self._taken.append(Occupied())
        self._taken[level].take(start, end)
        story = self._story_at(start)
        above = _Above(take=take, covered=covered, lane=self._lanes[level], after=start - story.start, into=into)
        self.found.setdefault(story.element, []).append(above)

    def _story_at(self, second: Fraction) -> Story:
        """What of the main storyline lies there; behind its end, the last. Raises: UnreadableTimeline — it is empty."""
        if not self.reader.story:
            raise UnreadableTimeline("fcpxml.no-story")
        last = bisect_right(self.reader.story, second, key=lambda each: each.start)
        return self.reader.story[max(last - 1, 0)]


def _write(edits: XmlEdits, choices: _Choices, connected: _Connected, clips: TakeClips) -> None:
    for element, above in connected.found.items():
        for target in choices.of_one(element):
            behind = _behind_anchors(target)
            for made in _anchors(target, above, connected.reader, clips):
                edits.add(target, made, behind)

    def choices_of(original: Element) -> tuple[list[Element], list[Element]]:
        takes = choices.found.get(original, [])
        if not takes:
            return [], []
        showing = choices.of_one(original)[0]
        above = connected.found.get(showing, [])
        made = [(_choice(take, original, showing, above, connected.reader, clips), shown) for take, shown in takes]
        return [each for each, shown in reversed(made) if shown], [each for each, shown in made if not shown]

    clips.choices_of = choices_of
    for original in choices.found:
        _write_choices(edits, choices, original, *choices_of(original))
    resources = next(edits.root.iter("resources"), None)
    if clips.resources and resources is None:
        raise UnreadableTimeline("fcpxml.no-rate")
    for made in clips.resources:
        assert resources is not None
        edits.add(resources, made)


def _choice(take: FinishedTake, original: Element, showing: Element, above: list[_Above], reader: Reader, clips: TakeClips) -> Element:
    choice = clips.choice(take, original, showing)
    local = reader.own_time(choice)[0]
    for each in above:
        made = clips.above(each.take, each.covered, each.lane, local + each.after, each.into)
        before = _behind_anchors(choice)
        choice.insert(len(choice) if before is None else list(choice).index(before), made)
    return choice


def _anchors(target: Element, above: list[_Above], reader: Reader, clips: TakeClips) -> list[Element]:
    local = reader.own_time(target)[0]
    return [clips.above(each.take, each.covered, each.lane, local + each.after, each.into) for each in above]


def _behind_anchors(parent: Element) -> Element | None:
    """The first child that stands behind what is connected to an element, as the document type wants it."""
    return next((each for each in parent if each.tag in BEHIND_ANCHORS), None)


def _write_choices(edits: XmlEdits, choices: _Choices, original: Element, active: list[Element], others: list[Element]) -> None:
    audition = choices.auditions.get(original)
    if audition is not None:
        for made in active:
            edits.add(audition, made, choices.of_one(original)[0])
        for made in others:
            edits.add(audition, made)
        return
    place = {name: value for name in ("lane", "offset") if (value := original.get(name)) is not None}
    opening = tostring(Element("audition", place), encoding="unicode", short_empty_elements=False).removesuffix("</audition>")
    first, last = ("".join(tostring(each, encoding="unicode") for each in group) for group in (active, others))
    edits.wrap(original, opening + first, last + "</audition>")
