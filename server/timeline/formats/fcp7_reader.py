"""Reads Final Cut Pro 7 XML as Premiere and Resolve export it. OTIO's adapter (1.0.0) drops retimes and the tracks' names.

`in` and `out` count from the file's first frame. A dissolve takes the place of an edge (−1) of the clips beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.media.timecode import parse as parse_timecode
from heygem_core.messages import words

from ..errors import UnreadableTimeline
from ..exact_time import time_range
from ..flatten import MAX_NESTS
from ..looks import Looks, effects_of
from ..metadata import set_own_values
from .assembly import Event, marker, media_clip, timeline_of, tracks_of
from .bent_maps import BentMap, Media, baked
from .fcp7_speed import speed_graph
from .xml_safe import number as number_in
from .xml_safe import number_of, parse_xml, text_of, url_in

_schema = otio.schema
_MOST_CHANNELS = 256
_TICKS_PER_S = 254_016_000_000  # Premiere's
_ZERO, _ONE = Fraction(0), Fraction(1)


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
    start = first_second_of(timecode, rate) or Fraction(0)
    timeline = timeline_of(text_of(sequence, "name"), start, rate, reader.tracks(sequence, rate, 0))
    frame = sequence.find("media/video/format/samplecharacteristics")
    set_own_values(timeline, drop_frame=text_of(timecode, "displayformat").upper() == "DF", frame_size=_size(frame))
    timeline.tracks.markers.extend(_markers(sequence, Fraction(0), Fraction(0), rate))
    return timeline, reader


def rate_of(element: Element | None) -> Fraction | None:
    """Frames per second of the `rate` in an element; None where it is absent or 0."""
    text = text_of(element, "rate/timebase")
    return _rate_in(text, text_of(element, "rate/ntsc").upper() == "TRUE") if text else None


@lru_cache(maxsize=1024)
def _rate_in(text: str, ntsc: bool) -> Fraction | None:
    base = number_in(text)
    if base is None or not 1 <= base <= 1000:
        return None
    return base * Fraction(1000, 1001) if ntsc else base


def first_second_of(timecode: Element | None, rate: Fraction) -> Fraction | None:
    """What a `timecode` calls the first frame; None = it does not say. rate: where it has none of its own."""
    rate = rate_of(timecode) or rate
    frame = number_of(timecode, "frame")
    if frame is None:
        text = text_of(timecode, "string")
        drop = text_of(timecode, "displayformat").upper() == "DF"
        try:
            frame = Fraction(parse_timecode(text[:-3] + (";" if drop else ":") + text[-2:], rate)) if text else None
        except HeygemError:
            frame = None
    return None if frame is None else frame / rate


class Reader:
    """Reads sequences of one document."""

    def __init__(self, root: Element, elements: dict[int, Element] | None = None) -> None:
        self.notices: list[str] = []
        self._elements = elements
        self._facts: dict[tuple[int, Fraction], _FileFacts] = {}  # by the file's element
        # The first mention of a file or sequence is complete, later ones carry the id alone.
        self._files = {each.get("id", ""): each for each in root.iter("file") if len(each)}
        self._sequences = {each.get("id", ""): each for each in root.iter("sequence") if len(each)}
        self._open: list[str] = []
        self._frame: list[int] | None = None  # width and height of the sequence that is read

    def tracks(self, sequence: Element, rate: Fraction, depth: int) -> list[Any]:
        laid: list[Any] = []
        around, self._frame = self._frame, _size(sequence.find("media/video/format/samplecharacteristics"))
        for kind, tag in ((_schema.TrackKind.Video, "video"), (_schema.TrackKind.Audio, "audio")):
            for number, track in enumerate(sequence.findall(f"media/{tag}/track"), 1):
                name = track.get("MZ.TrackName") or text_of(track, "name") or f"{kind[0]}{number}"
                made = tracks_of(self._events(track, rate, depth, kind), rate, kind, name)
                if len(made) > 1:
                    self.notices.append(words("fcp7.overlap", name=name, count=len(made)))
                for each in made or [_schema.Track(name=name, kind=kind)]:
                    each.enabled = text_of(track, "enabled").upper() != "FALSE"
                    laid.append(each)
        self._frame = around
        return laid

    def _events(self, track: Element, rate: Fraction, depth: int, kind: str) -> list[Event]:
        items = [each for each in track if each.tag in ("clipitem", "generatoritem", "transitionitem")]
        events: list[Event] = []
        for index, item in enumerate(items):
            if item.tag == "transitionitem":
                continue
            before = items[index - 1] if index and items[index - 1].tag == "transitionitem" else None
            after = items[index + 1] if index + 1 < len(items) and items[index + 1].tag == "transitionitem" else None
            events.append(self._event(item, before, after, rate, depth, kind))
        return events

    def _event(self, item: Element, before: Element | None, after: Element | None, rate: Fraction, depth: int, kind: str) -> Event:
        start, end = number_of(item, "start"), number_of(item, "end")
        trimmed, dissolve = _ZERO, None
        if before is not None:
            cut, begins, ends = cut_point(before)
            dissolve = ((cut - begins) / rate, (ends - cut) / rate)
            if start is None or start.numerator < 0:  # the clip begins with the dissolve; its edit lies at the cut
                start, trimmed = cut, (cut - begins) / rate
        runs_on = _ZERO
        if (end is None or end.numerator < 0) and after is not None:
            end, _, ends = cut_point(after)
            runs_on = (ends - end) / rate
        problem = None
        if start is None or end is None or start.numerator < 0 or end < start:
            problem, start = words("clip.no-place"), max(start or _ZERO, _ZERO)
            end = start
        begins = start / rate
        duration = (end - start) / rate
        clip = self._item(item, _Shown(trimmed=trimmed, duration=duration, runs_on=runs_on), rate, depth, kind)
        if text_of(item, "enabled").upper() == "FALSE":
            clip.enabled = False
        if isinstance(clip, _schema.Clip) and item.find("filter") is not None:
            clip.effects.extend(effects_of(_looks(item, self._aspect_of(item, rate))))
        number = None
        if self._elements is not None:
            number = len(self._elements)
            self._elements[number] = item
        set_own_values(
            clip,
            problem=problem,
            link=text_of(item, "link/linkclipref") or None,
            note=text_of(item, "logginginfo/lognote") or None,
            label=text_of(item, "labels/label2") or None,
            element=number,
        )
        return Event(start=begins, end=begins + duration, item=clip, dissolve=dissolve)

    def _item(self, item: Element, shown: _Shown, rate: Fraction, depth: int, kind: str) -> Any:
        name = text_of(item, "name")
        file = item.find("file")
        file = self._files.get(file.get("id", ""), file) if file is not None else None
        known = self._facts_of(file, rate_of(item) or rate)  # a file that says no rate has that of its clip
        nested = item.find("sequence")
        inside = self._sequences.get(nested.get("id", ""), nested) if nested is not None else None
        source = _source(item, shown, rate, known.rate if inside is None else rate_of(inside) or rate, known.length)
        if item.tag == "generatoritem":
            reference = _schema.GeneratorReference(generator_kind=text_of(item, "effect/name") or "generator")
            return _schema.Clip(name=name, media_reference=reference, source_range=time_range(source.low, shown.duration, rate))
        if nested is not None:
            return self._nest(item, nested, name, source.low, shown.duration, rate, depth, kind)
        name = name or known.name
        reason = words("clip.multicam") if item.find("multiclip") is not None else source.host_only
        low, speed = source.low, source.speed
        if _is_still(item) and reason is None:
            frame = number_of(item, "stillframeoffset")
            low, speed = (frame or _ZERO) / source.rate, _ZERO
            reason = words("clip.freeze") if frame is None else None
        if source.from_end and known.length is not None:
            low = known.length - source.hidden - low - shown.duration * abs(speed)
        elif source.from_end:
            reason = reason or words("clip.reversed-length")
        if known.length is not None and known.begins:
            low += known.begins
        clip = media_clip(name, known.url, low, shown.duration, source.rate, available=known.available, speed=speed)
        if source.bent is not None:
            clip.effects.append(source.bent.effect())
        if item.find("marker") is None:
            pass
        elif source.bent is not None and kind == _schema.TrackKind.Video:
            clip.markers.extend(_markers_on_curve(item, low - source.low, source.bent, source.rate))
        elif kind == _schema.TrackKind.Video and abs(speed) == 1:
            clip.markers.extend(_markers(item, low - source.low, Fraction(0), source.rate))
        elif kind == _schema.TrackKind.Video:  # they count in the clip's own, retimed frames
            own = (number_of(item, "in") or Fraction(0)) / source.rate + shown.trimmed
            clip.markers.extend(_markers(item, low, own, source.rate, speed))
        if known.size is not None or known.drop is not None:
            set_own_values(clip.media_reference, frame_size=known.size, drop_frame=known.drop)
        ours = _comments_of(item)
        set_own_values(clip, channels=_channels(item), host_only=reason, take=ours.get("take"), job=ours.get("job"), of=ours.get("of"))
        return clip

    def _aspect_of(self, item: Element, rate: Fraction) -> Fraction | None:
        """Width of the frame by its height, where the clip's own picture is as large: only there programs agree how far it is moved."""
        file = item.find("file")
        size = self._facts_of(self._files.get(file.get("id", ""), file), rate).size if file is not None else None
        return Fraction(size[0], size[1]) if size is not None and size == self._frame else None

    def _facts_of(self, file: Element | None, rate: Fraction) -> _FileFacts:
        """rate: of the sequence, which is that of a file that says none."""
        key = (id(file), rate)
        if key not in self._facts:
            self._facts[key] = _file_facts(file, rate)
        return self._facts[key]

    def _nest(
        self, item: Element, nested: Element, name: str, low: Fraction, duration: Fraction, rate: Fraction, depth: int, kind: str
    ) -> Any:
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
        # A nest on a track plays what is of that track's kind: its sound has clips of its own.
        stack.extend(each for each in self.tracks(whole, rate_of(whole) or rate, depth + 1) if each.kind == kind)
        self._open.pop()
        return stack


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileFacts:
    """What a document says of a file."""

    name: str
    url: str | None
    rate: Fraction
    begins: Fraction  # second that its first frame is called
    length: Fraction | None  # s
    available: Any  # both as an OTIO range; None = it does not say
    size: list[int] | None
    drop: bool | None  # whether its timecode is drop-frame; None = it has none


def _file_facts(file: Element | None, rate: Fraction) -> _FileFacts:
    rate = rate_of(file) or rate
    frames = number_of(file, "duration")
    length = frames / rate if frames else None
    timecode = file.find("timecode") if file is not None else None
    begins = first_second_of(timecode, rate) or _ZERO
    return _FileFacts(
        name=text_of(file, "name"),
        url=url_in(text_of(file, "pathurl")),
        rate=rate,
        begins=begins,
        length=length,
        available=time_range(begins, length, rate) if length is not None else None,
        size=_size(file.find("media/video/samplecharacteristics") if file is not None else None),
        drop=None if timecode is None else text_of(timecode, "displayformat").upper() == "DF",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a clip shows, in seconds of the sequence."""

    trimmed: Fraction  # of a dissolve before its cut
    duration: Fraction  # from cut to cut
    runs_on: Fraction  # of a dissolve behind its cut

    @property
    def whole(self) -> Fraction:
        return self.trimmed + self.duration + self.runs_on if self.trimmed or self.runs_on else self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Which part of its file a clip shows."""

    low: Fraction  # s from the file's first frame, at the cut
    speed: Fraction
    rate: Fraction  # that the clip counts in
    from_end: bool = False  # a reversed clip counts `low` back from the end of its part of the file
    hidden: Fraction = _ZERO  # s of the file behind the part of it that a clip is of
    bent: BentMap | None = None  # where its speed changes
    host_only: str | None = None  # why only an editor can play it


def _source(item: Element, shown: _Shown, rate: Fraction, file_rate: Fraction, length: Fraction | None) -> _Source:
    """The finest value in the document wins: points of the speed's graph, then ticks, then the percents, which are rounded.

    length: s of the file; None = unknown.
    """
    begin, end = number_of(item, "in") or _ZERO, number_of(item, "out") or _ZERO
    clip_rate = rate_of(item) or rate
    # Of a subclip: how much of the file lies before and behind the part of it that `in` and `out` count in.
    before, behind = ((number_of(item, f"subclipinfo/{name}offset") or _ZERO) / clip_rate for name in ("start", "end"))
    effect = _time_remap(item)
    if effect is None:
        subclip = before * clip_rate
        clip_rate = _rate_that_fits(end - begin, shown.whole, clip_rate, (rate, file_rate))
        low = _by_ticks(item, "pproTicksIn", begin / clip_rate, clip_rate)
        low += subclip / clip_rate if subclip else _ZERO
        return _Source(low=low + shown.trimmed if shown.trimmed else low, speed=_ONE, rate=clip_rate)
    plain, reason = _retiming(effect)
    unknown = _Source(low=begin / clip_rate + shown.trimmed, speed=plain, rate=clip_rate, host_only=reason)
    graph = speed_graph(effect)
    if graph.points and (before or behind):
        part = None if length is None else length - before - behind
        moved = graph.of_the_file(before * file_rate, None if part is None else part * file_rate)
        if moved is None:  # its points may count in the part or in the whole
            return replace(unknown, host_only=words("clip.retimed-subclip"))
        graph = moved
    if not graph.is_linear(begin, end) and (_is_variable(effect) or graph.is_bent(begin, end)):
        return replace(unknown, host_only=words("clip.speed-changes"))
    at, step = begin + shown.trimmed * clip_rate, shown.duration * clip_rate
    values = [graph.at(each) for each in (at, at + step)]
    if values[0] is not None and values[1] is not None and step > 0 and graph.is_straight(begin, end):
        low, high = values[0] / file_rate, values[1] / file_rate
        return _Source(low=min(low, high), speed=(high - low) / shown.duration, rate=clip_rate)
    if graph.is_bent(begin, end):
        media = Media(rate=file_rate, begins=_ZERO, length=length)
        bent = baked(graph.seconds(clip_rate, file_rate), media, at / clip_rate, shown.duration, rate)
        if bent is None:
            return replace(unknown, host_only=words("clip.speed-changes"))
        return _Source(low=bent.low, speed=_ONE, rate=clip_rate, bent=bent)
    if reason is not None:
        return unknown
    # Some programs count a retimed clip's `in` in the file's frames and some in its own, slowed ones; the length tells which.
    first, last = (_by_ticks(item, name, each / clip_rate, clip_rate) for name, each in (("pproTicksIn", begin), ("pproTicksOut", end)))
    start = before if plain > 0 else _ZERO
    if not plain:  # one frame of the file, which no slowed count can name
        return _Source(low=before + first, speed=plain, rate=clip_rate)
    counted, share = last - first, abs(plain)
    if share == 1:
        low = start + first + shown.trimmed
    elif abs(counted - shown.whole) < abs(counted - shown.whole * share):
        low = start + (first + shown.trimmed) * share
    else:
        if item.find("pproTicksIn") is not None and shown.whole and abs(counted / shown.whole - share) < Fraction(1, 100):
            share = counted / shown.whole
        low = start + first + shown.trimmed * share
    return _Source(low=low, speed=share if plain > 0 else -share, rate=clip_rate, from_end=plain < 0, hidden=behind)


def _time_remap(item: Element) -> Element | None:
    """The effect that retimes a clip; None = nothing does, or it is switched off."""
    if item.find("filter") is None:
        return None
    on = (each for each in item.findall("filter") if text_of(each, "enabled").upper() != "FALSE")
    return next((effect for each in on for effect in each.findall("effect") if text_of(effect, "effectid") == "timeremap"), None)


def _is_still(item: Element) -> bool:
    """Whether a clip shows one frame of its file, `stillframeoffset`; of a picture it says so too."""
    return text_of(item, "stillframe").upper() == "TRUE"


def _rate_that_fits(frames: Fraction, seconds: Fraction, rate: Fraction, others: tuple[Fraction, ...]) -> Fraction:
    """The rate that `in` and `out` count in: another one than the clip claims where they agree with start and end in that one alone.

    others: of the sequence and of the file. A clip that claims neither is doubted more.
    """
    if frames == seconds * rate:
        return rate
    rounding = Fraction(9, 10) if rate in others else Fraction(1, 100)
    if abs(frames / rate - seconds) * rate <= rounding:
        return rate
    return next((each for each in others if abs(frames / each - seconds) * each < Fraction(1, 100)), rate)


def _by_ticks(item: Element, name: str, seconds: Fraction, rate: Fraction) -> Fraction:
    """A time by Premiere's ticks, which are finer than the frames beside them; these where both do not agree."""
    ticks = number_of(item, name)
    exact = None if ticks is None else ticks / _TICKS_PER_S
    return exact if exact is not None and abs(exact - seconds) * rate < 1 else seconds


def cut_point(transition: Element) -> tuple[Fraction, Fraction, Fraction]:
    """(cut, start, end) of a transition in frames of the sequence."""
    start, end = number_of(transition, "start") or Fraction(0), number_of(transition, "end") or Fraction(0)
    alignment = text_of(transition, "alignment")
    if alignment in ("start", "start-black"):
        return start, start, end
    if alignment in ("end", "end-black"):
        return end, start, end
    return Fraction((start + end) // 2), start, end


def _retiming(effect: Element) -> tuple[Fraction, str | None]:
    """(constant speed by its percents, 0 where it stands still, why only an editor can play it) of a Time Remap without a graph."""
    values = {text_of(each, "parameterid"): text_of(each, "value") for each in effect.findall("parameter")}
    if _is_variable(effect):
        return Fraction(1), words("clip.speed-changes")
    percent = number_of(effect, "parameter[parameterid='speed']/value")
    if percent is None:  # what stands nowhere is as it was
        return Fraction(1), words("clip.unknown-speed") if values.get("speed") else None
    speed = percent / 100
    return (-abs(speed) if values.get("reverse", "").upper() == "TRUE" else speed), None


def _is_variable(effect: Element) -> bool:
    return text_of(effect, "parameter[parameterid='variablespeed']/value").upper() not in ("", "0", "FALSE")


def _markers(holder: Element, origin: Fraction, counted_from: Fraction, rate: Fraction, speed: Fraction = Fraction(1)) -> Iterator[Any]:
    """The markers in an element. origin: second of what carries them at which they count `counted_from`."""
    for each in holder.findall("marker"):
        begins, ends = number_of(each, "in"), number_of(each, "out")
        if begins is None or begins < 0:
            continue
        length = max((ends if ends is not None and ends > begins else begins) - begins, Fraction(0)) / rate * abs(speed)
        at = origin + (begins / rate - counted_from) * abs(speed)
        yield marker(text_of(each, "name"), text_of(each, "comment"), at, length, rate)


def _markers_on_curve(holder: Element, origin: Fraction, bent: BentMap, rate: Fraction) -> Iterator[Any]:
    """The same of a clip whose speed changes: they count in the clip's own frames. origin: second that its file's first frame is called."""
    for each in holder.findall("marker"):
        begins, ends = number_of(each, "in"), number_of(each, "out")
        if begins is None or begins < 0:
            continue
        times = (bent.value_at(frame / rate) for frame in (begins, ends if ends is not None and ends > begins else begins))
        low, high = sorted(times)
        yield marker(text_of(each, "name"), text_of(each, "comment"), origin + low, high - low, rate)


def _size(characteristics: Element | None) -> list[int] | None:
    width, height = number_of(characteristics, "width"), number_of(characteristics, "height")
    return [int(width), int(height)] if width and height and 0 < width < 100_000 and 0 < height < 100_000 else None


def _looks(item: Element, aspect: Fraction | None) -> Looks:
    """Size, place and opacity where they stay the same, and the names of all other effects but the speed. aspect: see `_aspect_of`."""
    scale = position = rotation = opacity = None
    others: list[str] = []
    enabled = [each for each in item.findall("filter") if text_of(each, "enabled").upper() != "FALSE"]
    for effect in (found for each in enabled for found in each.findall("effect")):
        key = text_of(effect, "effectid")
        if key == "timeremap":
            continue
        animated = effect.find("parameter/keyframe") is not None
        if key == "basic" and not animated:
            percent = number_of(effect, "parameter[parameterid='scale']/value")
            scale = (float(percent / 100),) * 2 if percent and percent != 100 else None
            clockwise = number_of(effect, "parameter[parameterid='rotation']/value")
            rotation = -float(clockwise) if clockwise else None
            x, y = (number_of(effect, f"parameter[parameterid='center']/value/{side}") or _ZERO for side in ("horiz", "vert"))
            position = (float(x * aspect), -float(y)) if aspect is not None and (x or y) else None
            known = ("scale", "antiflicker", "rotation", *(("center",) if aspect is not None else ()))
            others += [text_of(effect, "name")] if any(_is_set(each, known) for each in effect.findall("parameter")) else []
        elif key == "opacity" and not animated and (percent := number_of(effect, "parameter[parameterid='opacity']/value")) is not None:
            opacity = float(percent / 100) if percent != 100 else None
        else:
            others.append(text_of(effect, "name") or key or "effect")
    return Looks(scale=scale, position=position, rotation=rotation, opacity=opacity, others=tuple(others))


def _is_set(parameter: Element, known: tuple[str, ...]) -> bool:
    """Whether a parameter of Basic Motion that is not known moves the picture."""
    values = (number_of(parameter, path) for path in ("value", "value/horiz", "value/vert"))
    return text_of(parameter, "parameterid") not in known and any(values)


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
    return _comments_of(item).get(name)


def _comments_of(item: Element) -> dict[str, str]:
    text = text_of(item, "comments/mastercomment4")
    return dict(part.split("=", 1) for part in text.split() if "=" in part) if text.startswith("heygem ") else {}
