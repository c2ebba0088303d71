"""Reads FCPXML as Final Cut Pro and Resolve write it. OTIO's adapter (1.0.0, 2023) loses 29.97, stops at 23.976 and drops retimes,
so this is a reader of its own: storylines, connected clips, compound clips, auditions (the versions of a clip) and retimes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import opentimelineio as otio

from heygem_core.messages import words

from ..errors import UnreadableTimeline
from ..exact_time import exact_seconds, tidy, time_range
from ..flatten import MAX_NESTS
from ..looks import Looks, effects_of
from ..metadata import set_own_values
from .assembly import Event, marker, media_clip, timeline_of, tracks_of
from .bent_maps import BentMap, Media, bent_map
from .xml_safe import number, parse_xml, time_of, url_in

_schema = otio.schema
_ZERO, _ONE = Fraction(0), Fraction(1)
_STORY = {"asset-clip", "clip", "video", "audio", "title", "gap", "ref-clip", "sync-clip", "mc-clip", "audition", "spine"}
_SOUND_SUFFIXES = (".wav", ".bwf", ".aif", ".aiff", ".aifc", ".caf", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".opus")
_NESTS = ("ref-clip", "sync-clip")
_NAMED_RATE = re.compile(r"(?<=\d)(?P<scan>[pi])(?P<rate>\d{2,5})(?=_|$)", re.ASCII)
_EFFECTS = ("filter-video", "adjust-transform", "adjust-crop", "adjust-corners", "adjust-stabilization", "adjust-colorConform")


def read_fcpxml(data: bytes, rate: Fraction | None = None) -> tuple[Any, list[str]]:
    """(timeline, notices). rate: where its format has none. Raises: UnreadableTimeline."""
    timeline, reader = read_tree(parse_xml(data, "fcpxml"), rate)
    return timeline, reader.notices


def read_tree(root: Element, rate: Fraction | None = None, elements: dict[int, Element] | None = None) -> tuple[Any, Reader]:
    """(timeline, its reader). elements: gets the element of each picture, by the number that stands as `element` in our metadata of it."""
    projects = list(root.iter("project"))
    if len(projects) != 1:
        raise UnreadableTimeline("fcpxml.several-projects", projects=len(projects))
    sequence = projects[0].find("sequence")
    reader = Reader(root, elements)
    rate = reader.rate(sequence) or rate
    if sequence is None or rate is None:
        raise UnreadableTimeline("fcpxml.no-rate")
    timeline = timeline_of(projects[0].get("name", ""), time_of(sequence.get("tcStart")), rate, reader.tracks(sequence, rate, 0))
    set_own_values(timeline, drop_frame=sequence.get("tcFormat") == "DF", frame_size=reader.size(sequence), note=_note(sequence))
    for each in reader.story:
        if each.element.tag == "gap":  # a gap is no clip: what is marked there is marked on the sequence
            timeline.tracks.markers.extend(_markers(each.element, each.start, each.local, rate))
    return timeline, reader


def rate_of_format(format: Element | None) -> Fraction | None:
    """Frames per second of a `format`: by the length of its frames, else by the name of Final Cut's own, such as FFVideoFormat1080i5994."""
    if format is None:
        return None
    frame = time_of(format.get("frameDuration"))
    if frame > 0:
        return 1 / frame
    named = _NAMED_RATE.search(format.get("name", ""))
    if named is None:
        return None
    written = int(named["rate"])
    rate = Fraction(round(written / 100) * 1000, 1001) if written >= 1000 else Fraction(written)
    return (rate / 2 if named["scan"] == "i" else rate) or None


@dataclass(slots=True)
class _Lanes:
    """Events by lane: 0 is the main storyline, above it positive, below negative. Sound has its own, by role."""

    picture: dict[int, list[Event]] = field(default_factory=dict)
    sound: dict[tuple[str, int], list[Event]] = field(default_factory=dict)
    dissolves: dict[int, list[tuple[Fraction, Fraction]]] = field(default_factory=dict)  # by lane: (start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An element of the main storyline. Seconds of the sequence."""

    element: Element
    start: Fraction
    end: Fraction
    local: Fraction  # what the element calls its first moment


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFacts:
    """What a document says of an asset."""

    url: str | None
    rate: Fraction
    start: Fraction  # second that its first frame is called
    available: Any  # its time as an OTIO range; None = it does not say
    length: Fraction | None  # s; None = it does not say
    size: list[int] | None


class Reader:
    """Reads the sequences of one document."""

    def __init__(self, root: Element, elements: dict[int, Element] | None = None) -> None:
        self.notices: list[str] = []
        self.story: list[Story] = []  # the main storyline, in order
        self.highest = self.lowest = 0  # lanes in use
        self._elements = elements
        self._facts: dict[tuple[str, Fraction], AssetFacts] = {}
        self._resources = {each.get("id", ""): each for resources in root.iter("resources") for each in resources}
        self._open: list[str] = []
        self._links = 0

    def rate(self, element: Element | None) -> Fraction | None:
        return rate_of_format(self._resources.get(element.get("format", "")) if element is not None else None)

    def size(self, element: Element | None) -> list[int] | None:
        """Width and height of the format that an element names."""
        format = self._resources.get(element.get("format", "")) if element is not None else None
        sides = [number(format.get(name)) for name in ("width", "height")] if format is not None else []
        return [int(each) for each in sides if each] if len(sides) == 2 and all(each and each < 100_000 for each in sides) else None

    def tracks(self, container: Element, rate: Fraction, depth: int) -> list[Any]:
        """The tracks of a sequence, from the bottom; sound below, by role."""
        lanes = _Lanes()
        origin = time_of(container.get("tcStart")) if container.tag == "sequence" else _ZERO
        story = container.find("spine") if container.tag == "sequence" else container
        if story is not None:
            self._storyline(story, -origin, 0, lanes, rate, depth)
        tracks: list[Any] = []
        if depth == 0:
            used = [*lanes.picture, *(lane for _, lane in lanes.sound)]
            self.highest, self.lowest = max(used, default=0), min(used, default=0)
        for lane, events in sorted(lanes.picture.items()):
            dissolves = sorted(lanes.dissolves.get(lane, ()))
            crossed = [_with_dissolve(event, dissolves) for event in events]
            tracks += tracks_of(crossed, rate, _schema.TrackKind.Video, "" if lane == 0 else f"Lane {lane}")
        for (role, _), events in sorted(lanes.sound.items(), key=lambda item: (-item[0][1], item[0][0])):
            tracks += tracks_of(events, rate, _schema.TrackKind.Audio, role)
        return tracks

    def _storyline(self, spine: Element, shift: Fraction, lane: int, lanes: _Lanes, rate: Fraction, depth: int) -> None:
        """shift: seconds from this storyline's own time to the time of the tracks."""
        position: Fraction | None = None
        for child in spine:
            if child.tag == "transition":
                start = time_of(child.get("offset")) + shift
                lanes.dissolves.setdefault(lane, []).append((start, start + time_of(child.get("duration"))))
            elif child.tag in _STORY and child.get("lane") is None:
                given = child.get("offset")
                start = time_of(given) + shift if given is not None else (position if position is not None else shift)
                position = tidy(start + self._element(child, start, lane, lanes, rate, depth))

    def _element(self, element: Element, start: Fraction, lane: int, lanes: _Lanes, rate: Fraction, depth: int) -> Fraction:
        """Places one element and what is connected to it; returns its length."""
        if depth > MAX_NESTS:
            raise UnreadableTimeline("timeline.nested-too-deeply")
        if element.tag == "spine":
            self._storyline(element, start, lane, lanes, rate, depth + 1)
            return _ZERO
        others: list[Element] = []
        if element.tag == "audition":
            choices = [each for each in element if each.tag in _STORY]
            if not choices:
                return _ZERO
            element, others = choices[0], choices[1:]
        local, duration = self.own_time(element)
        if depth == 0:
            self.story.append(Story(element=element, start=start, end=start + duration, local=local))
        if element.tag != "gap":
            self._items(element, others, start, local, duration, lane, lanes, rate, depth)
        for child in element:
            if child.tag in _STORY and child.get("lane") is not None:
                at = start + time_of(child.get("offset"), local) - local
                self._element(child, at, lane + lane_of(child), lanes, rate, depth + 1)
        return duration

    def _items(
        self,
        element: Element,
        others: list[Element],
        start: Fraction,
        local: Fraction,
        duration: Fraction,
        lane: int,
        lanes: _Lanes,
        rate: Fraction,
        depth: int,
    ) -> None:
        wanted = element.get("srcEnable", "all")
        link = None
        pictures, sounds = self.holds(element)
        if pictures and sounds:
            self._links += 1
            link = str(self._links)
        if pictures and wanted != "audio":
            item = self._picture(element, local, duration, rate, depth)
            for number_, other in enumerate(others, 1):
                self._add_version(item, other, f"version {number_}")
            self._set_details(item, element, link)
            if self._elements is not None:
                self._elements[len(self._elements)] = element
                set_own_values(item, element=len(self._elements) - 1)
            lanes.picture.setdefault(lane, []).append(Event(start=start, end=start + duration, item=item))
        if sounds and wanted != "video":
            # A split edit: the sound begins and ends elsewhere than the picture.
            begins = time_of(element.get("audioStart"), local)
            length = time_of(element.get("audioDuration"), duration)
            early = max(_ZERO, local - begins - start)  # before the sequence begins
            begins, length = begins + early, max(_ZERO, length - early)
            item = self._sound(element, begins, length, rate, depth)
            self._set_details(item, element, link)
            role = element.get("audioRole") or element.get("role") or _inner_role(element) or "dialogue"
            at = start + begins - local
            lanes.sound.setdefault((role, lane), []).append(Event(start=at, end=at + length, item=item))

    def _sound(self, element: Element, local: Fraction, duration: Fraction, rate: Fraction, depth: int) -> Any:
        if element.tag in _NESTS or element.tag == "mc-clip":
            return self._picture(element, local, duration, rate, depth, _schema.TrackKind.Audio)
        item = self._media(element, local, duration, rate)
        channels = self._channels(element)
        set_own_values(item, channels=channels)
        item.enabled = channels != []
        return item

    def holds(self, element: Element) -> tuple[bool, bool]:
        """Whether an element holds (picture, sound)."""
        if element.tag == "audio":
            return False, True
        if element.tag in _NESTS or element.tag == "mc-clip":
            split = "audioStart" in element.attrib or "audioDuration" in element.attrib
            return True, element.get("srcEnable") == "audio" or element.tag == "mc-clip" or split
        asset = self.asset(element)
        if element.tag == "asset-clip" and asset is not None:
            return _holds(asset)
        if element.tag == "clip":
            return any(True for _ in element.iterfind("video")), any(True for each in _inside(element) if each.tag == "audio")
        return True, False

    def _channels(self, element: Element) -> list[int] | None:
        """The channels of its file that an element plays, counted through all sources; empty = none; None = it does not say."""
        parts = element.findall("audio-channel-source")
        if parts:
            heard = [each for each in parts if each.get("enabled", "1") != "0" and each.get("active", "1") != "0"]
            channels = [_numbers(each.get("srcCh")) for each in heard]
            return [number for each in channels for number in each] if all(channels) else None
        sounds = [element] if element.tag == "audio" else [each for each in _inside(element) if each.tag == "audio"]
        numbers = [number for each in sounds for number in self._of_source(each)]
        return numbers or None

    def _of_source(self, sound: Element) -> list[int]:
        """The channels of an `audio` element: `srcCh` counts them in one of the file's sources, `srcID` says in which."""
        asset = self.asset(sound)
        source, each = (int(number(text) or 1) for text in (sound.get("srcID"), asset.get("audioChannels") if asset is not None else None))
        return [(max(source, 1) - 1) * max(each, 1) + channel for channel in _numbers(sound.get("srcCh"))]

    def own_time(self, element: Element) -> tuple[Fraction, Fraction]:
        """(the element's own time at its start, its length)."""
        asset = self.asset(element)
        start = time_of(asset.get("start")) if asset is not None and element.tag in ("asset-clip", "video", "audio") else _ZERO
        length = time_of(asset.get("duration")) if asset is not None else _ZERO
        return time_of(element.get("start"), start), time_of(element.get("duration"), length)

    def facts_of(self, asset: Element, rate: Fraction) -> AssetFacts:
        """rate: of the sequence, which is that of an asset that says none."""
        key = (asset.get("id", ""), rate)
        if key not in self._facts:
            own, start, length = self.rate(asset) or rate, time_of(asset.get("start")), time_of(asset.get("duration"))
            self._facts[key] = AssetFacts(
                url=_source_url(asset),
                rate=own,
                start=start,
                available=time_range(start, length, own) if length > 0 else None,
                length=length if length > 0 else None,
                size=self.size(asset),
            )
        return self._facts[key]

    def asset(self, element: Element) -> Element | None:
        found = self._resources.get(element.get("ref", ""))
        return found if found is not None and found.tag == "asset" else None

    def _picture(self, element: Element, local: Fraction, duration: Fraction, rate: Fraction, depth: int, only: str | None = None) -> Any:
        """only: the kind of tracks that is played of a nest; None = all that the element plays."""
        if element.tag in _NESTS:
            split = "audioStart" in element.attrib or "audioDuration" in element.attrib
            video = only is None and (split or element.get("srcEnable") == "video")
            return self._nest(element, local, duration, rate, depth, _schema.TrackKind.Video if video else only)
        if element.tag in ("asset-clip", "clip", "video") and self.asset(inner_element(element)) is not None:
            return self._media(element, local, duration, rate)
        source = time_range(local, duration, rate)
        kind = {"title": "title", "mc-clip": "multicam"}.get(element.tag, "generator")
        clip = _schema.Clip(
            name=element.get("name", ""), media_reference=_schema.GeneratorReference(generator_kind=kind), source_range=source
        )
        if element.tag == "mc-clip":
            set_own_values(clip, host_only=words("clip.multicam"))
        return clip

    def _media(self, element: Element, local: Fraction, duration: Fraction, rate: Fraction) -> Any:
        inner = inner_element(element)
        asset = self.asset(inner)
        known = self.facts_of(asset, rate) if asset is not None else None
        media_rate = known.rate if known is not None else rate
        speed, low, reason = _retiming(element, local, duration)
        bent, shift = None, _ZERO
        if inner is not element:  # from a clip's own time to the time of the media in it
            shift = time_of(inner.get("start"), known.start if known is not None else _ZERO) - time_of(inner.get("offset"))
        if reason is not None and known is not None:
            bent = bent_map(element, Media(rate=media_rate, begins=known.start - shift, length=known.length), local, duration, rate)
            low, reason = (low, reason) if bent is None else (bent.low, None)
        low += shift
        conform = element.find("conform-rate")
        if (
            conform is not None
            and conform.get("scaleEnabled", "1") != "0"
            and media_rate != rate
            and abs(media_rate / rate - 1) < Fraction(5, 100)
        ):
            reason = reason or words("clip.conformed-rate")
        clip = media_clip(
            element.get("name", ""),
            known.url if known is not None else None,
            low,
            duration,
            media_rate,
            available=known.available if known is not None else None,
            speed=speed,
        )
        begins = low if speed.numerator >= 0 else low + duration * abs(speed)
        if bent is not None:
            clip.effects.append(bent.effect())
        if element.tag != "audio" and len(element):
            clip.markers.extend(_markers(element, begins, local, rate, speed, bent, shift))
        drop = element.get("tcFormat")
        size = known.size if known is not None else None
        if size is not None or drop is not None:
            set_own_values(clip.media_reference, frame_size=size, drop_frame=None if drop is None else drop == "DF")
        if reason is not None:
            set_own_values(clip, host_only=reason)
        return clip

    def _nest(self, element: Element, local: Fraction, duration: Fraction, rate: Fraction, depth: int, only: str | None) -> Any:
        stack = _schema.Stack(name=element.get("name", ""), source_range=time_range(local, duration, rate))
        reason = words("clip.compound-effects") if any(element.find(tag) is not None for tag in _EFFECTS) else None
        if element.find("timeMap") is not None:
            reason = words("clip.compound-speed")
        key = element.get("ref", "")
        media = self._resources.get(key)
        container = element if element.tag == "sync-clip" else (media.find("sequence") if media is not None else None)
        if key and key in self._open:
            reason, container = words("clip.nested-in-itself"), None
        elif container is None:
            reason = reason or words("clip.without-contents")
        set_own_values(stack, host_only=reason)
        if container is None or reason is not None:
            return stack
        self._open.append(key)
        inner_rate = self.rate(container) or rate
        if container.tag == "sequence":  # its own time begins at its timecode
            stack.source_range = time_range(local - time_of(container.get("tcStart")) if element.get("start") else _ZERO, duration, rate)
        elements, self._elements = self._elements, None if only == _schema.TrackKind.Audio else self._elements
        stack.extend(each for each in self.tracks(container, inner_rate, depth + 1) if only is None or each.kind == only)
        self._elements = elements
        self._open.pop()
        return stack

    def _add_version(self, clip: Any, other: Element, key: str) -> None:
        """An audition's other choice as a further reference, where it shows the same time of its media."""
        asset = self.asset(inner_element(other))
        if not isinstance(clip, _schema.Clip) or asset is None:
            return
        local, duration = self.own_time(other)
        reference = _schema.ExternalReference(target_url=_source_url(asset))
        # All references share the clip's source times, so the other's range is moved to them.
        shift = exact_seconds(clip.source_range.start_time) - local
        length = time_of(asset.get("duration"), duration)
        reference.available_range = time_range(time_of(asset.get("start")) + shift, length, self.rate(asset) or Fraction(1))
        _set_take(own_metadata(other), reference)
        references = dict(clip.media_references())
        references[key] = reference
        clip.set_media_references(references, clip.active_media_reference_key)

    def _set_details(self, item: Any, element: Element, link: str | None) -> None:
        if element.get("enabled", "1") == "0":
            item.enabled = False
        if not len(element):
            if link is not None:
                set_own_values(item, link=link)
            return
        if isinstance(item, _schema.Clip):
            item.effects.extend(effects_of(_looks(element, self._resources)))
        ours = own_metadata(element)
        set_own_values(item, link=link, note=_note(element), id=ours.get("id"), of=ours.get("of"))
        if isinstance(item, _schema.Clip) and item.media_reference is not None:
            _set_take(ours, item.media_reference)
            if ours.get("of"):
                set_own_values(item, take=ours.get("take"))


def _holds(asset: Element) -> tuple[bool, bool]:
    """Whether an asset has (picture, sound). Both marks may be absent: then what else the asset tells decides, or it may have either."""
    video, audio = asset.get("hasVideo"), asset.get("hasAudio")
    if video == "1" or audio == "1":
        return video == "1", audio == "1"
    only_sound = (_source_url(asset) or "").lower().endswith(_SOUND_SUFFIXES)
    return video is None and not only_sound, audio is None


def _note(element: Element) -> str | None:
    text = (element.findtext("note") or "").strip()
    return text if text and not text.startswith("heygem ") else None


def _markers(
    element: Element,
    origin: Fraction,
    local: Fraction,
    rate: Fraction,
    speed: Fraction = Fraction(1),
    bent: BentMap | None = None,
    shift: Fraction = _ZERO,
) -> Iterator[Any]:
    """The markers of an element. origin: second of what carries them that stands where the element calls its time `local`.

    shift: from the time that a curve leads to, to that of the media.
    """
    for each in element:
        if each.tag in ("marker", "chapter-marker"):
            start, length = time_of(each.get("start"), local), time_of(each.get("duration"))
            if bent is not None:
                at, end = sorted((bent.value_at(start) + shift, bent.value_at(start + length) + shift))
                length = end - at
            else:
                length *= abs(speed)
                at = origin + (start - local) * speed - (length if speed < 0 else 0)
            yield marker(each.get("value", ""), each.get("note", ""), at, length, rate)


def _looks(element: Element, resources: dict[str, Element]) -> Looks:
    """Size, place and opacity where they stay the same, and the names of all other effects."""
    scale = position = rotation = opacity = None
    others: list[str] = []
    for each in element:
        tag = each.tag if isinstance(each.tag, str) else ""
        plain = not len(each)
        if tag == "adjust-transform" and plain:
            scale, position = _pair(each.get("scale"), 1), _pair(each.get("position"), 0)
            position = None if position is None else (position[0] / 100, position[1] / 100)
            turned = number(each.get("rotation"))
            rotation = float(turned) if turned else None
            others += ["Transform"] if _is_set(each.get("anchor")) else []
        elif tag == "adjust-blend" and plain and each.get("mode") in (None, "0", "normal"):
            amount = number(each.get("amount"))
            opacity = float(amount) if amount is not None and amount != 1 else opacity
        elif tag == "conform-rate" or each.get("enabled") == "0":
            continue
        elif tag.startswith("adjust-"):
            others.append(tag.removeprefix("adjust-"))
        elif tag.startswith("filter-"):
            effect = resources.get(each.get("ref", ""))
            others.append(each.get("name") or (effect.get("name", "") if effect is not None else "") or tag)
    return Looks(scale=scale, position=position, rotation=rotation, opacity=opacity, others=tuple(others))


def _pair(text: str | None, plain: int) -> tuple[float, float] | None:
    """Two numbers in a text; None where they say nothing, as `plain` does."""
    values = [number(part) for part in (text or "").split()]
    if len(values) != 2 or values[0] is None or values[1] is None or values == [plain, plain]:
        return None
    return float(values[0]), float(values[1])


def _is_set(text: str | None) -> bool:
    return any(number(part) for part in (text or "").split())


def _numbers(text: str | None) -> list[int]:
    """Of `srcCh`, such as "1, 2"."""
    found = [number(part.strip()) for part in (text or "").split(",")[:256]]
    return [int(each) for each in found if each is not None and each.denominator == 1 and 1 <= each <= 256]


def _with_dissolve(event: Event, dissolves: list[tuple[Fraction, Fraction]]) -> Event:
    """The event with the dissolve that lies over its beginning. dissolves: (start, end) of its lane, sorted."""
    last = bisect_right(dissolves, event.start, key=lambda each: each[0])
    for start, end in reversed(dissolves[max(0, last - 2) : last]):
        if start <= event.start <= end and event.end > start:
            return Event(start=event.start, end=event.end, item=event.item, dissolve=(event.start - start, end - event.start))
    return event


def _retiming(element: Element, local: Fraction, duration: Fraction) -> tuple[Fraction, Fraction, str | None]:
    """(speed, lowest second of the media that shows, why only an editor can play it)."""
    time_map = element.find("timeMap")
    if time_map is None:
        return _ONE, local, None
    points = time_map.findall("timept")
    if len(points) == 1:  # one moment of the media, whenever it is looked at
        return _ZERO, time_of(points[0].get("value")), None
    slopes = set()
    first: Fraction | None = None
    for before, after in pairwise(points):
        t1, t2, v1, v2 = (time_of(each.get(name)) for name in ("time", "value") for each in (before, after))
        if t1 >= t2 or (len(points) > 2 and (t2 <= local or t1 >= local + duration)):
            continue  # what lies before and behind the clip is not seen
        curved = len(points) > 2 and "linear" not in (before.get("interp"), after.get("interp"))
        slopes.add(None if curved else (v2 - v1) / (t2 - t1))
        first = v1 + (local - t1) * (v2 - v1) / (t2 - t1) if first is None else first
    if len(slopes) != 1 or None in slopes or first is None:
        return Fraction(1), local, words("clip.speed-changes")
    speed = next(each for each in slopes if each is not None).limit_denominator(10_000)
    return speed, first if speed >= 0 else first + duration * speed, None


def lane_of(element: Element) -> int:
    """The lane that an element is connected on, counted from what it is connected to."""
    return int(number(element.get("lane")) or 0)


def inner_element(element: Element) -> Element:
    """The element that names the media: itself, or the picture or sound in a clip."""
    if element.tag != "clip":
        return element
    found = element.find("video")
    return found if found is not None else next((each for each in _inside(element) if each.tag == "audio"), element)


def _inside(element: Element) -> Iterator[Element]:
    """The elements inside a clip, without those that are connected to it."""
    for child in element:
        if child.tag in ("video", "audio", "gap") and child.get("lane") is None:
            yield child
            yield from (each for each in child if each.tag in ("audio", "video"))


def _inner_role(element: Element) -> str | None:
    return next((each.get("role") for each in _inside(element) if each.tag == "audio" and each.get("role")), None)


def _source_url(asset: Element | None) -> str | None:
    if asset is None:
        return None
    url = asset.get("src")
    for representation in asset.findall("media-rep"):
        if url is None or representation.get("kind", "original-media") == "original-media":
            url = representation.get("src") or url
    return url_in(url)


def own_metadata(element: Element) -> dict[str, str]:
    """What publishing left in an element: take, job, of, id."""
    found = {}
    for each in element.findall("metadata/md"):
        prefix, _, name = each.get("key", "").rpartition(".")
        if prefix == "com.heygem":
            found[name] = each.get("value", "")
    line = (element.findtext("note") or "").rpartition("\n")[2]  # of elements without metadata
    if not found and line.startswith("heygem "):
        found = dict(part.split("=", 1) for part in line.split() if "=" in part)
    return found


def _set_take(ours: dict[str, str], reference: Any) -> None:
    if "take" in ours:
        set_own_values(reference, take=ours["take"], job=ours.get("job"))
