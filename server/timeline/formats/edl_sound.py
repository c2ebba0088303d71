"""Lays the lines of a cue sheet under an edit list, as events of sound at its end; every line that was read stays as it was.

008  AX       A3    C        00:00:00:05 00:00:01:20 01:00:01:17 01:00:03:07
* FROM CLIP NAME: ben_1.wav
* FROM CLIP: /studio/ben_1.wav
* HEYGEM LINE: 2
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import PurePath

import opentimelineio as otio

from heygem_core.media import timecode
from heygem_core.messages import words

from ..conform_types import Cue
from ..exact_time import round_half_up
from .edl_lines import Encoding, EventLines, decoded, joined, lines_with_ends, taken_apart
from .edl_reader import channels_of, first_second_of, timing_of
from .line_tracks import OFF_SCREEN, is_kept, line_tracks

LINE, OFF_LINE = "HEYGEM LINE", "HEYGEM OFF-SCREEN LINE"


def lay_edl(document: bytes, cues: Sequence[Cue], kept: Sequence[str], rate: Fraction | None) -> tuple[bytes, list[str]]:
    """(the list with the lines, what should be known). Raises: UnreadableTimeline."""
    text, encoding = decoded(document)
    parsed = taken_apart(text)
    timing = timing_of(parsed, rate)
    ours = [event for event in parsed.events if is_line(event)]
    gone = {place for event in ours for place in range(event.line, event.end)}
    lines = [line for place, line in enumerate(lines_with_ends(text)) if place not in gone]
    others = [event for event in parsed.events if not is_line(event)]
    sounds = sorted({number for event in others for kind, number in channels_of(event) if kind == otio.schema.TrackKind.Audio})
    start = first_second_of(parsed, timing)
    drop = any(timing.drop(event, "record_in") for event in parsed.events)
    number = max((int(event.text("number")) for event in others), default=0)
    end = next((line[len(line.rstrip("\r\n")) :] for line in lines if line.rstrip("\r\n") != line), "\n")

    def code(frames: int, *, drop: bool) -> str:
        written = timecode.format(max(frames, 0), timing.rate, drop=drop and timecode.may_drop(timing.rate))
        return written if timing.marked else written.replace(";", ":")

    if lines and lines[-1].rstrip("\r\n") == lines[-1] and lines[-1]:
        lines[-1] += end
    moved, beyond, zero = 0, 0, round_half_up(start * timing.rate)
    day = timecode.frames_per_day(timing.rate, drop=drop)
    # What is written last stands under the last FCM: an unmarked source timecode counts as that says.
    source_drop = timing.record_drop if timing.marked else bool(parsed.events[-1].mode)
    for channel, track in enumerate(line_tracks(cues, timing.rate), max(sounds, default=0) + 1):
        for line in track.lines(timing.rate):
            if zero + line.end > day:
                beyond += 1
                continue
            number, moved = number + 1, moved + line.moved
            first = round_half_up(((line.cue.file_start_s or 0) + line.source) * timing.rate)
            times = (
                code(first, drop=source_drop),
                code(first + line.end - line.start, drop=source_drop),
                code(zero + line.start, drop=drop),
                code(zero + line.end, drop=drop),
            )
            name = OFF_LINE if track.name == OFF_SCREEN else LINE
            lines += [
                f"{number:03d}  {'AX':<8} {f'A{channel}' if channel > 1 else 'A':<5} C        {' '.join(times)}{end}",
                f"* FROM CLIP NAME: {_one_line(PurePath(line.cue.file).name)}{end}",
                f"* FROM CLIP: {_one_line(line.cue.file)}{end}",
                f"* {name}: {_one_line(line.cue.number)}{end}",
            ]
    notices = [words("cues.on-frames", count=moved)] if moved else []
    notices += [words("edl.beyond-day", count=beyond)] if beyond else []
    if sounds and not kept:
        notices.append(words("cues.old-dialogue"))
    elif still := [f"A{each}" for each in sounds if not is_kept((), each, kept)]:
        notices.append(words("edl.no-switch", tracks=still))
    try:
        return joined(lines, encoding), notices
    except UnicodeEncodeError:
        return joined(lines, Encoding(codec="utf-8", mark=b"\xef\xbb\xbf")), [*notices, words("edl.now-utf8", encoding=encoding.codec)]


def is_line(event: EventLines) -> bool:
    """Whether an event is a line of a cue sheet that was laid before."""
    return LINE in event.comments or OFF_LINE in event.comments


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
