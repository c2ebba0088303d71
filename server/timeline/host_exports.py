"""Finds which frames and which sound of an editor's export a clip shows. Editors export clips that they alone can decode.

An export shows a clip as the timeline does, so it is counted in the timeline's own frames: its first `handles` lie before the clip (fewer
where the clip begins nearer to the sequence's start), then come the clip's, then up to as many again.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from heygem_core.errors import BadRange, NoPicture, NoSound
from heygem_core.messages import words

from .conform_types import Exported, MediaFacts
from .exact_time import round_half_up
from .flatten import TimelineItem
from .source_range import SourceRange

_LAST = 1  # frame more than asked for: it is not documented whether the out point of an editor's export belongs to it
_SLACK_S = Fraction(1, 10)  # that sound may be shorter or longer: some codecs write whole packets

BAKED_IN = words("clip.baked-in")
"""Why the take of an exported clip cannot stand in for the clip's media."""


class Exports:
    """The exports of one timeline, by the clip they were made of."""

    def __init__(self, exported: Iterable[Exported]) -> None:
        self._by_clip = {(each.kind, each.item): each for each in exported}

    def of(self, item: TimelineItem) -> Exported | None:
        return self._by_clip.get((item.kind, item.own_text("id") or "")) if self._by_clip else None

    def has(self, kind: str, item: str | None) -> bool:
        return (kind, item) in self._by_clip


def exported_frames(
    export: Exported, facts: MediaFacts, whole: TimelineItem, part: TimelineItem, rate: Fraction, handles: int
) -> SourceRange:
    """The frames of an export that a take of `part` needs; `whole` is the clip that was exported, `part` what was chosen of it.

    rate: of the timeline. handles: wanted frames on both sides; as many as the file holds are given.
    Raises: NoPicture, BadRange — the file is not what was asked for.
    """
    if facts.kind != "video" or facts.frames is None:
        raise NoPicture("export.no-video")
    if facts.rate != rate or facts.frame_times is not None:
        there = "no constant frame rate" if facts.rate is None or facts.frame_times is not None else f"{_rate(facts.rate)} frames a second"
        raise BadRange("export.other-rate", found=there, rate=_rate(rate))
    first, length = _frames(whole, rate)
    before = _before(export, first)
    most = before + length + export.handles + _LAST
    if not before + length <= facts.frames <= most:
        wanted = f"{before + length} to {most}"
        raise BadRange("export.too-few-frames", frames=facts.frames, wanted=wanted)
    begins, shown = _frames(part, rate)
    low = before + begins - first
    lead, tail = min(handles, low), min(handles, facts.frames - low - shown)
    return SourceRange(
        start=low - lead,
        end_exclusive=low + shown + tail,
        handles_before=lead,
        handles_after=tail,
        offset_s=part.start - Fraction(begins - lead) / rate,
        seconds=Fraction(lead + shown + tail) / rate,
        short_of_s=Fraction(handles - min(lead, tail)) / rate,
    )


def exported_sound(export: Exported, facts: MediaFacts, sound: TimelineItem, rate: Fraction) -> tuple[Path, Fraction, Fraction]:
    """(file, second of it at which the clip begins, seconds that are heard). Raises: NoSound, BadRange."""
    if not facts.sound:
        raise NoSound("export.no-sound")
    first, length = _frames(sound, rate)
    file_starts = Fraction(first - _before(export, first)) / rate
    wanted = Fraction(first + length) / rate - file_starts
    there = wanted if facts.duration_s is None else facts.duration_s
    if not wanted - _SLACK_S <= there <= wanted + Fraction(export.handles) / rate + _SLACK_S:
        raise BadRange("export.too-short", found=f"{float(there):.2f}", wanted=f"{float(wanted):.2f}")
    begins = max(Fraction(0), sound.start - file_starts)
    return Path(export.path), begins, min(sound.duration, there - begins)


def _before(export: Exported, first: int) -> int:
    return min(export.handles, first) if export.before is None else export.before


def _frames(clip: TimelineItem, rate: Fraction) -> tuple[int, int]:
    """(first record frame, how many), as the editor counts the clip."""
    start, end = (round_half_up(time * rate) for time in (clip.start, clip.end))
    return start, max(end - start, 1)


def _rate(rate: Fraction) -> str:
    return f"{float(rate):.6g}"
