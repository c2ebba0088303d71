"""Reads CMX3600 edit decision lists. They name neither their rate nor their media: the rate is given, media are found by name or by reel.

Source times are the media's own timecode. OTIO's adapter (1.0.0) refuses drop-frame at the usual spellings of 29.97 and
stops at the first event it does not expect; here an event that cannot be read is one clip with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.media import timecode
from heygem_core.messages import words

from ..errors import UnreadableTimeline
from ..exact_time import time_range
from ..flatten import constant_speed
from ..metadata import set_own_values
from .assembly import Event, media_clip, timeline_of, tracks_of
from .edl_lines import EdlText, EventLines, decoded, event_before_takes, taken_apart, unknown_lines
from .line_tracks import OFF_SCREEN, ON_SCREEN

BLACK = {"BL", "BLACK"}
_MOST_NAMED = 20  # lines that are not understood are named one by one up to here
_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTiming:
    """How the timecodes of a list count frames."""

    rate: Fraction
    marked: bool  # the list marks drop-frame where it is meant
    record_drop: bool  # of record times without a mark, where the list marks none
    drops: bool = field(init=False)  # whether the rate knows drop-frame
    known: dict[tuple[str, bool], int | None] = field(default_factory=dict, repr=False)  # timecodes that were reckoned
    seconds: dict[int, Fraction] = field(default_factory=dict, repr=False)  # of so many frames

    def __post_init__(self) -> None:
        object.__setattr__(self, "drops", timecode.may_drop(self.rate))

    def drop(self, event: EventLines, name: str) -> bool:
        """Whether a timecode is drop-frame: by its own mark; in a list without marks as FCM says from its line on, of which the
        first is that of the record times. An event whose source is as long as its place in the other count alone is counted so."""
        if not self.drops:
            return False
        if any(mark in event.text(name) for mark in ";,."):
            return True
        if self.marked:
            return False
        if name.startswith("record"):
            return self.record_drop
        said = bool(event.mode)
        return said if event.fps is not None or self._is_as_long(event, said) or not self._is_as_long(event, not said) else not said

    def _is_as_long(self, event: EventLines, drop: bool) -> bool:
        """Whether the source of an event is as long as its place if its timecodes are counted so."""
        places = ("source_in", drop), ("source_out", drop), ("record_in", self.record_drop), ("record_out", self.record_drop)
        frames = [self._counted(event.text(name), counted) for name, counted in places]
        first, last, begin, end = (-1 if each is None else each for each in frames)
        return None not in frames and last - first == end - begin

    def frames(self, event: EventLines, name: str) -> int | None:
        """Frames since 00:00:00:00; None = it is no timecode of this rate."""
        return self._counted(event.text(name), self.drop(event, name))

    def _counted(self, text: str, drop: bool) -> int | None:
        key = text, drop
        if key not in self.known:  # where an event ends the next one begins, so most timecodes are asked for twice
            self.known[key] = _frames_of(*key, self.rate)
        return self.known[key]

    def code(self, event: EventLines, name: str) -> str:
        """A timecode as it is counted: `;` before the frames where that is drop-frame."""
        text = event.text(name)
        return f"{text[:8]}{';' if self.drop(event, name) else ':'}{text[9:]}"

    def seconds_of(self, frames: int) -> Fraction:
        if frames not in self.seconds:
            self.seconds[frames] = frames / self.rate
        return self.seconds[frames]


def _frames_of(text: str, drop: bool, rate: Fraction) -> int | None:
    mark = text.rfind(":") if ":" in text[7:] else max(text.rfind(each) for each in ";.,")
    try:
        return timecode.parse(f"{text[:mark]}{';' if drop else ':'}{text[mark + 1 :]}", rate)
    except HeygemError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTimes:
    """The times of an event in seconds since 00:00:00:00. None = no timecode of this rate."""

    source_in: Fraction | None
    source_out: Fraction | None
    record_in: Fraction
    record_out: Fraction


def read_edl(data: bytes, rate: Fraction | None = None) -> tuple[Any, list[str]]:
    """(timeline, notices). Raises: UnreadableTimeline — no event, or the rate is not given and nothing tells it."""
    text, _ = decoded(data)
    parsed = taken_apart(text)
    timing = timing_of(parsed, rate)
    notices = [words("edl.line-not-understood", number=number, text=line) for number, line in unknown_lines(parsed, _MOST_NAMED)]
    if len(parsed.unknown) > _MOST_NAMED:
        notices.append(words("edl.lines-not-understood", count=len(parsed.unknown) - _MOST_NAMED))
    times = [times_of(event, timing) for event in parsed.events]
    drop = any(timing.drop(event, "record_in") for event in parsed.events)
    start = _first_second(times, parsed, timing)
    tracks: dict[tuple[str, int], list[Event]] = {}
    names: dict[tuple[str, int], str] = {}
    for number, (event, its) in enumerate(zip(parsed.events, times, strict=True)):
        if its is None:
            notices.append(words("edl.no-record-times", number=event.text("number")))
            continue
        for key, placed in _track_events(event, its, number, parsed, timing, start):
            tracks.setdefault(key, []).append(placed)
            names.setdefault(key, _name_of_lines(event) or f"{key[0][0]}{key[1]}")
    tracks_in_order = [
        track
        for kind in (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio)
        for (each, number), events in sorted(tracks.items(), key=lambda item: item[0][1])
        if each == kind
        for track in tracks_of(events, timing.rate, kind, names[each, number])
    ]
    timeline = timeline_of(parsed.title if parsed.title is not None else "Edit list", start, timing.rate, tracks_in_order)
    set_own_values(timeline, drop_frame=drop)
    return timeline, notices


def _name_of_lines(event: EventLines) -> str | None:
    """Of a track that holds lines of a cue sheet."""
    return ON_SCREEN if "HEYGEM LINE" in event.comments else OFF_SCREEN if "HEYGEM OFF-SCREEN LINE" in event.comments else None


def timing_of(parsed: EdlText, rate: Fraction | None) -> ListTiming:
    """Raises: UnreadableTimeline — the rate is not given and nothing tells it."""
    drops = parsed.marked or any(event.mode for event in parsed.events)
    rate = rate or (Fraction(30000, 1001) if drops else None)
    if rate is None:
        raise UnreadableTimeline("edl.no-rate")
    return ListTiming(rate=rate, marked=parsed.marked and timecode.may_drop(rate), record_drop=bool(parsed.mode))


def times_of(event: EventLines, timing: ListTiming) -> EventTimes | None:
    """None = it has no usable record times. Times that pass midnight go on after it."""
    source_in, source_out = timing.frames(event, "source_in"), timing.frames(event, "source_out")
    record_in, record_out = timing.frames(event, "record_in"), timing.frames(event, "record_out")
    if record_in is None or record_out is None:
        return None
    record_out = _after_midnight(record_in, record_out, event, "record_out", timing)
    if record_out < record_in:
        return None
    if source_in is not None and source_out is not None:
        source_out = _after_midnight(source_in, source_out, event, "source_out", timing)
    return EventTimes(
        source_in=None if source_in is None else timing.seconds_of(source_in),
        source_out=None if source_out is None else timing.seconds_of(source_out),
        record_in=timing.seconds_of(record_in),
        record_out=timing.seconds_of(record_out),
    )


def _after_midnight(low: int, high: int, event: EventLines, name: str, timing: ListTiming) -> int:
    """The later of two times as a count of frames; one that lies half a day before the earlier is of the next day."""
    if high >= low or high >= low - _DAY_S // 2 * timing.rate:
        return high
    return high + timecode.frames_per_day(timing.rate, drop=timing.drop(event, name))


def first_second_of(parsed: EdlText, timing: ListTiming) -> Fraction:
    """What the sequence's first frame is called."""
    return _first_second([times_of(event, timing) for event in parsed.events], parsed, timing)


def _first_second(times: list[EventTimes | None], parsed: EdlText, timing: ListTiming) -> Fraction:
    """Lists usually begin within a minute after a full hour, which is then the sequence's first frame."""
    rate, drop = timing.rate, any(timing.drop(event, "record_in") for event in parsed.events)
    origin = min((its.record_in for its in times if its is not None), default=Fraction(0))
    hour = timecode.parse(f"{int(origin / 3600 + Fraction(1, 100)) % 24:02d}:00:00{';' if drop else ':'}00", rate) / rate
    return hour if 0 <= origin - hour <= 60 else origin


def _track_events(
    event: EventLines, its: EventTimes, number: int, parsed: EdlText, timing: ListTiming, start: Fraction
) -> Iterator[tuple[tuple[str, int], Event]]:
    if event.text("reel").upper() in BLACK or its.record_out == its.record_in:
        return  # black, or the outgoing side of a dissolve
    dissolve = None
    if is_dissolve(event) and event.fields["length"]:
        dissolve = (Fraction(0), int(event.text("length")) / timing.rate)  # an edit list's dissolve begins at the cut
    for key in channels_of(event):
        clip = _clip(event, its, parsed, timing, number)
        _with_earlier(clip, event, parsed, timing, number)
        yield key, Event(start=its.record_in - start, end=its.record_out - start, item=clip, dissolve=dissolve)


def is_dissolve(event: EventLines) -> bool:
    """Whether an event comes in by a dissolve, a wipe or a key."""
    return event.text("edit") != "C"


def _clip(event: EventLines, its: EventTimes, parsed: EdlText, timing: ListTiming, number: int) -> Any:
    low, high, duration = its.source_in, its.source_out, its.record_out - its.record_in
    side = "TO" if is_dissolve(event) and "TO CLIP NAME" in event.comments else "FROM"
    own = event.comments.get("SOURCE FILE") if side == "FROM" else None
    reel = event.text("reel")
    name = event.comments.get(f"{side} CLIP NAME") or own or reel
    url = event.comments.get(f"{side} FILE") or event.comments.get(f"{side} CLIP") or own
    url = url if url and "." in url else None
    problem = words("edl.no-source-times") if low is None or high is None else None
    length = None if high is None or low is None else high - low
    speed = Fraction(1) if event.fps is None else _speed(event.fps, timing.rate, None if length is None else length / duration)
    if length is not None and not _explains(speed, length, duration, event.fps is not None, timing.rate):
        seconds = {"source_s": f"{float(length):.2f}", "place_s": f"{float(duration):.2f}"}
        if event.fps is None:
            problem = words("edl.unexplained-length", **seconds)
        else:
            problem = words("edl.other-length", **seconds, speed=f"{float(speed):.0%}")
    clip = media_clip(name, url, low or Fraction(0), duration, timing.rate, speed=speed)
    set_own_values(
        clip,
        absolute=True,
        code=None if problem is not None else timing.code(event, "source_in"),
        reel=parsed.reels.get(reel, reel),
        problem=problem,
        take=event.comments.get("HEYGEM TAKE"),
        event=number,
    )
    return clip


def _explains(speed: Fraction, length: Fraction, duration: Fraction, retimed: bool, rate: Fraction) -> bool:
    """Whether a speed, which a motion effect says or not, explains how long the source of an event lasts. Some programs write of a retimed
    clip as much source as its place is long, and of a frozen one anything."""
    if not retimed:
        return length == duration
    if length < 0:
        return False
    near = max(2 / rate, length / 50)
    return not speed or abs(length - duration * abs(speed)) <= near or abs(length - duration) <= near


def _with_earlier(clip: Any, event: EventLines, parsed: EdlText, timing: ListTiming, number: int) -> None:
    """A clip whose event plays a take gets back the media that it had before: a later take is made from those."""
    take, was = event.comments.get("HEYGEM TAKE"), event_before_takes(event)
    its = times_of(was, timing) if was is not None else None
    if take is None or was is None or its is None or its.record_out == its.record_in:
        return
    before = _clip(was, its, parsed, timing, number)
    here = times_of(event, timing)
    assert here is not None
    speed = constant_speed(before)[0]
    hidden = here.record_in - its.record_in if speed > 0 else its.record_out - here.record_out  # of the event before, by its other parts
    low = (its.source_in or Fraction(0)) + hidden * abs(speed)
    before.source_range = time_range(low, here.record_out - here.record_in, timing.rate)
    reference = clip.media_reference.clone()
    if isinstance(reference, otio.schema.ExternalReference):
        reference.available_range = before.source_range  # what the clip shows of its media it shows of the take
    set_own_values(reference, take=take)
    clip.name, clip.source_range = before.name, before.source_range
    for effect in before.effects:
        clip.effects.append(effect.clone())
    clip.set_media_references({"DEFAULT_MEDIA": before.media_reference.clone(), f"heygem-{take}": reference}, f"heygem-{take}")
    clip.metadata["heygem"] = dict(before.metadata["heygem"]) | {"original": "DEFAULT_MEDIA"}


def _speed(fps: Fraction, rate: Fraction, ratio: Fraction | None) -> Fraction:
    """The exact speed. Lists write 59.9, 59.94 or 60 for double speed at 29.97; lengths of source and record decide where they agree."""
    if not fps:
        return fps
    for base in (rate, Fraction(round(rate))):
        if ratio and abs(abs(fps) / base / ratio - 1) < Fraction(1, 100):
            return ratio if fps > 0 else -ratio
    plain = (fps / rate).limit_denominator(20)
    return plain if plain and abs(fps / rate / plain - 1) < Fraction(1, 200) else fps / rate


def channels_of(event: EventLines) -> list[tuple[str, int]]:
    """The tracks of an event's channel code (V, A, A2, AA, B, AA/V …) and of the further channels that it names."""
    found = _channels_in((event.text("channels") or "V").upper())
    return list(dict.fromkeys([*found, *((otio.schema.TrackKind.Audio, number) for number in event.channels)]))


@lru_cache(maxsize=1024)
def _channels_in(code: str) -> tuple[tuple[str, int], ...]:
    video, audio = otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio
    found: list[tuple[str, int]] = []
    for part in re.split(r"[/,+]", code):
        if match := re.fullmatch(r"V(\d{0,4})|VIDEO(\d{0,4})", part):
            found.append((video, int(match[1] or match[2] or 1)))
        elif match := re.fullmatch(r"(AA|AV|VA|A|NONE|B)(\d{0,4})", part):
            found += [(video, 1)] if match[1] in ("B", "AV", "VA") else []
            found += [(audio, 1), (audio, 2)] if match[1] == "AA" else [(audio, int(match[2] or 1))] if match[1] != "NONE" else []
        else:
            found.append((video, 1))
    return tuple(dict.fromkeys(found))
