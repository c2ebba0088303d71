"""Reads CMX3600 edit decision lists. They name neither their rate nor their media: the rate is given, media are found by name.

Source times are the media's own timecode. OTIO's adapter (1.0.0) refuses drop-frame at the usual spellings of 29.97 and
stops at the first event it does not expect; here an event that cannot be read is one clip with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.media import timecode
from heygem_core.messages import words

from ..errors import UnreadableTimeline
from ..metadata import set_own_values
from .assembly import Event, media_clip, timeline_of, tracks_of

_CODE = r"\d{2}:\d{2}:\d{2}[:;.,]\d{2,3}"
_EVENT = re.compile(
    rf"(?P<number>\d{{1,9}}) (?P<reel>\S+) (?P<channels>\S+) (?P<edit>C|D|W\d{{1,9}}|K ?[BO]?)(?: ?(?P<length>\d{{1,9}}))? "
    rf"(?P<source_in>{_CODE}) (?P<source_out>{_CODE}) (?P<record_in>{_CODE}) (?P<record_out>{_CODE})"
)
_MOTION = re.compile(rf"M2 (?P<reel>.*?) ?(?P<fps>[+-]?\d{{1,6}}(?:\.\d{{1,9}})?) (?P<at>{_CODE})")
_COMMENT = re.compile(r"\*\s*(?P<name>FROM CLIP NAME|TO CLIP NAME|FROM CLIP|TO CLIP|SOURCE FILE|HEYGEM TAKE)\s*(?:IS)?:\s*(?P<text>.*)")
_BLACK = {"BL", "BLACK"}
MAX_EVENTS = 100_000
MAX_BYTES = 32 * 1024**2
_LONGEST_LINE = 4096  # letters of an event; comments may be longer


@dataclass(slots=True)
class _EventLines:
    """One event with the lines that belong to it."""

    fields: dict[str, str | None]
    comments: dict[str, str] = field(default_factory=dict)
    fps: Fraction | None = None  # of its motion effect


def read_edl(data: bytes, rate: Fraction | None = None) -> tuple[Any, list[str]]:
    """(timeline, notices). Raises: UnreadableTimeline — no event, or the rate is not given and nothing tells it."""
    if len(data) > MAX_BYTES:
        raise UnreadableTimeline("timeline.too-large", most_mb=MAX_BYTES // 1024**2)
    text = data.decode("utf-8-sig", errors="replace")
    lines = list(_events(text))
    if not lines:
        raise UnreadableTimeline("edl.no-events")
    drop = any(";" in (line.fields["record_in"] or "") for line in lines) or bool(re.search(r"FCM:\s*DROP", text))
    rate = rate or (Fraction(30000, 1001) if drop else None)
    if rate is None:
        raise UnreadableTimeline("edl.no-rate")
    drop = drop and timecode.may_drop(rate)
    notices: list[str] = []
    tracks: dict[tuple[str, int], list[Event]] = {}
    origin = min((start for line in lines if (start := _seconds(line, "record_in", rate, drop)) is not None), default=Fraction(0))
    # Lists usually begin within a minute after a full hour, which is then the sequence's first frame.
    hour = timecode.parse(f"{int(origin / 3600 + Fraction(1, 100)):02d}:00:00{';' if drop else ':'}00", rate) / rate
    start = hour if 0 <= origin - hour <= 60 else origin
    for line in lines:
        for key, event in _track_events(line, rate, drop, start, notices):
            tracks.setdefault(key, []).append(event)
    title = re.search(r"^TITLE:\s*(.*)$", text, re.MULTILINE)
    tracks_in_order = [
        track
        for kind in (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio)
        for (each, number), events in sorted(tracks.items(), key=lambda item: item[0][1])
        if each == kind
        for track in tracks_of(events, rate, kind, f"{kind[0]}{number}")
    ]
    timeline = timeline_of(title[1].strip() if title else "Edit list", start, rate, tracks_in_order)
    set_own_values(timeline, drop_frame=drop)
    return timeline, notices


def _events(text: str) -> Iterator[_EventLines]:
    line: _EventLines | None = None
    count = 0
    for raw in text.splitlines():
        raw = raw.strip()
        plain = " ".join(raw.split()) if len(raw) < _LONGEST_LINE else ""  # expressions need not look for white space of any length
        if match := _EVENT.fullmatch(plain):
            if line is not None:
                yield line
            line, count = _EventLines(match.groupdict()), count + 1
            if count > MAX_EVENTS:
                raise UnreadableTimeline("edl.too-many-events", most=MAX_EVENTS)
        elif line is not None and (match := _MOTION.fullmatch(plain)):
            line.fps = Fraction(match["fps"])
        elif line is not None and (match := _COMMENT.fullmatch(raw)):
            line.comments[match["name"]] = match["text"].strip()
    if line is not None:
        yield line


def _track_events(
    line: _EventLines, rate: Fraction, drop: bool, start: Fraction, notices: list[str]
) -> Iterator[tuple[tuple[str, int], Event]]:
    times = [_seconds(line, name, rate, drop) for name in ("source_in", "source_out", "record_in", "record_out")]
    source_in, source_out, record_in, record_out = times
    number, reel = line.fields["number"], line.fields["reel"] or ""
    if record_in is None or record_out is None or record_out < record_in:
        notices.append(words("edl.no-record-times", number=number))
        return
    if reel.upper() in _BLACK or record_out == record_in:
        return  # black, or the outgoing side of a dissolve
    dissolve = None
    if (line.fields["edit"] or "C") != "C" and line.fields["length"]:
        dissolve = (Fraction(0), Fraction(line.fields["length"]) / rate)  # an edit list's dissolve begins at the cut
    for key in _channels(line.fields["channels"] or "V"):
        clip = _clip(line, reel, source_in, source_out, record_out - record_in, rate)
        yield key, Event(start=record_in - start, end=record_out - start, item=clip, dissolve=dissolve)


def _clip(line: _EventLines, reel: str, low: Fraction | None, high: Fraction | None, duration: Fraction, rate: Fraction) -> Any:
    side = "TO" if (line.fields["edit"] or "C") != "C" and "TO CLIP NAME" in line.comments else "FROM"
    name = line.comments.get(f"{side} CLIP NAME") or line.comments.get("SOURCE FILE") or reel
    url = line.comments.get(f"{side} CLIP") or line.comments.get("SOURCE FILE")
    url = url if url and "." in url else None
    problem = words("edl.no-source-times") if low is None or high is None else None
    speed = Fraction(1) if line.fps is None else _speed(line.fps, rate, None if high is None or low is None else (high - low) / duration)
    low = low or Fraction(0)
    clip = media_clip(name, url, low, duration, rate, speed=speed if speed else Fraction(1))
    if not speed:
        clip.effects.append(otio.schema.FreezeFrame())
    elif line.fps is None and problem is None and high is not None and high - low != duration:
        problem = words("edl.unexplained-length", source_s=f"{float(high - low):.2f}", place_s=f"{float(duration):.2f}")
    set_own_values(clip, absolute=True, reel=reel, problem=problem, take=line.comments.get("HEYGEM TAKE"))
    return clip


def _speed(fps: Fraction, rate: Fraction, ratio: Fraction | None) -> Fraction:
    """The exact speed. Lists write 59.9, 59.94 or 60 for double speed at 29.97; lengths of source and record decide where they agree."""
    if not fps:
        return fps
    for base in (rate, Fraction(round(rate))):
        if ratio and abs(abs(fps) / base / ratio - 1) < Fraction(1, 100):
            return ratio if fps > 0 else -ratio
    plain = (fps / rate).limit_denominator(20)
    return plain if plain and abs(fps / rate / plain - 1) < Fraction(1, 200) else fps / rate


def _channels(text: str) -> list[tuple[str, int]]:
    """The tracks of a channel code: V, A, A2, AA, B, AA/V …"""
    video, audio = otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio
    found: list[tuple[str, int]] = []
    for part in re.split(r"[/,+]", text.upper()):
        if match := re.fullmatch(r"V(\d{0,4})|VIDEO(\d{0,4})", part):
            found.append((video, int(match[1] or match[2] or 1)))
        elif match := re.fullmatch(r"(AA|A|NONE|B)(\d{0,4})", part):
            found += [(video, 1)] if match[1] == "B" else []
            found += [(audio, 1), (audio, 2)] if match[1] == "AA" else [(audio, int(match[2] or 1))] if match[1] != "NONE" else []
        else:
            found.append((video, 1))
    return found


def _seconds(line: _EventLines, name: str, rate: Fraction, drop: bool) -> Fraction | None:
    """Seconds since 00:00:00:00 of a timecode, counted in frames; None = it is none at this rate."""
    text = line.fields[name] or ""
    marker = ";" if drop else ":"
    try:
        return timecode.parse(re.sub(r"[:;.,](\d+)$", rf"{marker}\1", text), rate) / rate
    except HeygemError:
        return None
