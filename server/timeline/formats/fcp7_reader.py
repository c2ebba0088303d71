"""Reads Final Cut Pro 7 XML as Premiere and Resolve export it. OTIO's adapter (1.0.0) drops retimes and the tracks' names.

`in` and `out` count from the file's first frame. A dissolve takes the place of an edge (−1) of the clips beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element

import opentimelineio as otio

from heygem_core.messages import words

from ..errors import UnreadableTimeline
from ..exact_time import time_range
from ..flatten import MAX_NESTS
from ..metadata import set_own_values
from .assembly import Event, media_clip, timeline_of, tracks_of
from .xml_safe import number_of, parse_xml, text_of

_schema = otio.schema
_MOST_CHANNELS = 256


def read_fcp7(data: bytes) -> tuple[Any, list[str]]:
    """(timeline, notices). Raises: UnreadableTimeline."""
    timeline, reader = read_tree(parse_xml(data, "xmeml"))
    return timeline, reader.notices


def main_sequence(root: Element) -> Element:
    """The sequence that a document is about. Raises: UnreadableTimeline — there is none, or several."""
    sequences = list(_outermost_sequences(root))
    if len(sequences) != 1:
        raise UnreadableTimeline("fcp7.several-sequences", sequences=len(sequences))
    return sequences[0]


def _outermost_sequences(folder: Element) -> Iterator[Element]:
    for child in folder:
        if child.tag == "sequence":
            yield child
        elif child.tag in ("project", "bin", "children"):
            yield from _outermost_sequences(child)


def read_tree(root: Element, elements: dict[int, Element] | None = None) -> tuple[Any, Reader]:
    """(timeline, its reader). elements: gets the element of each clip, by the number that stands as `element` in our metadata of it."""
    reader = Reader(root, elements)
    sequence = main_sequence(root)
    rate = rate_of(sequence)
    if rate is None:
        raise UnreadableTimeline("fcp7.no-rate")
    timecode = sequence.find("timecode")
    start = (number_of(timecode, "frame") or Fraction(0)) / (rate_of(timecode) or rate)
    timeline = timeline_of(text_of(sequence, "name"), start, rate, reader.tracks(sequence, rate, 0))
    set_own_values(timeline, drop_frame=text_of(timecode, "displayformat").upper() == "DF")
    return timeline, reader


def rate_of(element: Element | None) -> Fraction | None:
    """Frames per second of the `rate` in an element; None where it is absent or 0."""
    base = number_of(element, "rate/timebase")
    if base is None or not 1 <= base <= 1000:
        return None
    return base * Fraction(1000, 1001) if text_of(element, "rate/ntsc").upper() == "TRUE" else base


class Reader:
    """Reads sequences of one document."""

    def __init__(self, root: Element, elements: dict[int, Element] | None = None) -> None:
        self.notices: list[str] = []
        self._elements = elements
        # The first mention of a file or sequence is complete, later ones carry the id alone.
        self._files = {each.get("id", ""): each for each in root.iter("file") if len(each)}
        self._sequences = {each.get("id", ""): each for each in root.iter("sequence") if len(each)}
        self._open: list[str] = []

    def tracks(self, sequence: Element, rate: Fraction, depth: int) -> list[Any]:
        laid: list[Any] = []
        for kind, tag in ((_schema.TrackKind.Video, "video"), (_schema.TrackKind.Audio, "audio")):
            for number, track in enumerate(sequence.findall(f"media/{tag}/track"), 1):
                name = track.get("MZ.TrackName") or text_of(track, "name") or f"{kind[0]}{number}"
                made = tracks_of(self._events(track, rate, depth), rate, kind, name)
                if len(made) > 1:
                    self.notices.append(words("fcp7.overlap", name=name, count=len(made)))
                for each in made or [_schema.Track(name=name, kind=kind)]:
                    each.enabled = text_of(track, "enabled").upper() != "FALSE"
                    laid.append(each)
        return laid

    def _events(self, track: Element, rate: Fraction, depth: int) -> list[Event]:
        items = [each for each in track if each.tag in ("clipitem", "generatoritem", "transitionitem")]
        events: list[Event] = []
        for index, item in enumerate(items):
            if item.tag == "transitionitem":
                continue
            before = items[index - 1] if index and items[index - 1].tag == "transitionitem" else None
            after = items[index + 1] if index + 1 < len(items) and items[index + 1].tag == "transitionitem" else None
            events.append(self._event(item, before, after, rate, depth))
        return events

    def _event(self, item: Element, before: Element | None, after: Element | None, rate: Fraction, depth: int) -> Event:
        start, end = number_of(item, "start"), number_of(item, "end")
        trimmed, dissolve = Fraction(0), None
        if before is not None:
            cut, begins, ends = cut_point(before)
            dissolve = ((cut - begins) / rate, (ends - cut) / rate)
            if start is None or start < 0:  # the clip begins with the dissolve; its edit lies at the cut
                start, trimmed = cut, (cut - begins) / rate
        if (end is None or end < 0) and after is not None:
            end = cut_point(after)[0]
        clip_rate = rate_of(item) or rate
        first = (number_of(item, "in") or Fraction(0)) / clip_rate
        last = (number_of(item, "out") or Fraction(0)) / clip_rate
        problem = None
        if start is None or end is None or start < 0 or end < start:
            problem, start = words("clip.no-place"), max(start or Fraction(0), Fraction(0))
            end = start
        duration = (end - start) / rate
        clip = self._item(item, first, last, trimmed, duration, rate, depth)
        clip.enabled = text_of(item, "enabled").upper() != "FALSE"
        set_own_values(clip, problem=problem, link=text_of(item, "link/linkclipref") or None)
        if self._elements is not None:
            self._elements[len(self._elements)] = item
            set_own_values(clip, element=len(self._elements) - 1)
        return Event(start=start / rate, end=end / rate, item=clip, dissolve=dissolve)

    def _item(
        self, item: Element, first: Fraction, last: Fraction, trimmed: Fraction, duration: Fraction, rate: Fraction, depth: int
    ) -> Any:
        name = text_of(item, "name")
        if item.tag == "generatoritem":
            reference = _schema.GeneratorReference(generator_kind=text_of(item, "effect/name") or "generator")
            return _schema.Clip(name=name, media_reference=reference, source_range=time_range(first + trimmed, duration, rate))
        nested = item.find("sequence")
        if nested is not None:
            return self._nest(item, nested, name, first + trimmed, duration, rate, depth)
        file = item.find("file")
        file = self._files.get(file.get("id", ""), file) if file is not None else None
        speed, reason = _retiming(item)
        low = _first_second(first, last, trimmed, duration, speed)
        url, name = text_of(file, "pathurl") or None, name or text_of(file, "name")
        if item.find("multiclip") is not None:
            reason = words("clip.multicam")
        length, file_rate = number_of(file, "duration"), rate_of(file) or rate
        available = time_range(Fraction(0), length / file_rate, file_rate) if length else None
        if speed < 0 and length:
            low = length / file_rate - low - duration * abs(speed)
        clip = media_clip(name, url, low, duration, rate_of(item) or file_rate, available=available, speed=speed)
        set_own_values(
            clip,
            channels=_channels(item),
            host_only=reason,
            take=comment_of(item, "take"),
            job=comment_of(item, "job"),
            of=comment_of(item, "of"),
        )
        return clip

    def _nest(self, item: Element, nested: Element, name: str, low: Fraction, duration: Fraction, rate: Fraction, depth: int) -> Any:
        key = nested.get("id", "")
        whole = self._sequences.get(key, nested)
        stack = _schema.Stack(name=name, source_range=time_range(low, duration, rate))
        if key in self._open or depth > MAX_NESTS:
            set_own_values(stack, host_only=words("clip.nested-in-itself") if key in self._open else words("clip.nested-too-deeply"))
            return stack
        if item.find("filter") is not None:
            set_own_values(stack, host_only=words("clip.nest-effects"))
            return stack
        self._open.append(key)
        stack.extend(self.tracks(whole, rate_of(whole) or rate, depth + 1))
        self._open.pop()
        return stack


def _first_second(first: Fraction, last: Fraction, trimmed: Fraction, duration: Fraction, speed: Fraction) -> Fraction:
    """The first second of the file that is shown. Some programs count a retimed clip's `in` in the file's frames and some in
    its own, slowed ones; the length between `in` and `out` tells which."""
    if abs(speed) == 1:
        return first + trimmed
    own = abs((last - first) - (duration + trimmed)) < abs((last - first) - (duration + trimmed) * abs(speed))
    return ((first + trimmed) if own else first / abs(speed) + trimmed) * abs(speed)


def cut_point(transition: Element) -> tuple[Fraction, Fraction, Fraction]:
    """(cut, start, end) of a transition in frames of the sequence."""
    start, end = number_of(transition, "start") or Fraction(0), number_of(transition, "end") or Fraction(0)
    alignment = text_of(transition, "alignment")
    if alignment in ("start", "start-black"):
        return start, start, end
    if alignment in ("end", "end-black"):
        return end, start, end
    return Fraction((start + end) // 2), start, end


def _retiming(item: Element) -> tuple[Fraction, str | None]:
    """(constant speed, why only an editor can play it)."""
    for effect in item.findall("filter/effect"):
        if text_of(effect, "effectid") != "timeremap":
            continue
        values = {text_of(each, "parameterid"): text_of(each, "value") for each in effect.findall("parameter")}
        if values.get("variablespeed", "0") not in ("0", "FALSE", "false", ""):
            return Fraction(1), words("clip.speed-changes")
        percent = number_of(effect, "parameter[parameterid='speed']/value") or Fraction(0)
        if not percent:
            return Fraction(1), words("clip.freeze")
        speed = percent / 100
        return (-abs(speed) if values.get("reverse", "").upper() == "TRUE" else speed), None
    return Fraction(1), None


def _channels(item: Element) -> list[int] | None:
    """The channels of its file that a sound plays. Premiere lays those of a stereo clip on two tracks, and marks both."""
    if text_of(item, "sourcetrack/mediatype") != "audio":
        return None
    number = number_of(item, "sourcetrack/trackindex")
    if number is None or number.denominator != 1 or not 1 <= number <= _MOST_CHANNELS:
        return None
    if item.get("premiereChannelType") == "stereo":
        left = int(number - 1) // 2 * 2 + 1
        return [left, left + 1]
    return [int(number)]


def comment_of(item: Element, name: str) -> str | None:
    """What publishing left in a clip's comments: take, job, of."""
    text = text_of(item, "comments/mastercomment4")
    found = dict(part.split("=", 1) for part in text.split() if "=" in part) if text.startswith("heygem ") else {}
    return found.get(name)
