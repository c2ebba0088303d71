"""Grafts takes into the edit list that they were made for: the lines that name a clip's media name its take, and nothing else changes.

A list has one clip at each place, so a take stands in its event and the event as it was follows in comments:

    001  HG3F9A2C V     C        09:58:30:10 09:58:31:05 01:00:00:00 01:00:00:20
    * FROM CLIP NAME: src_t1.mov
    * FROM CLIP: /takes/src_t1.mov
    * HEYGEM TAKE: t1
    * HEYGEM WAS: 001  SRC      V     C        09:58:30:10 09:58:31:05 01:00:00:00 01:00:00:20
    * HEYGEM WAS: * FROM CLIP NAME: src.mov

When a take goes, the lines after "HEYGEM WAS: " stand again in place of all lines from as many event lines before them as they hold.
An event of which a take covers a part, or that holds sound too, has events with the rest of it beside it, each ending with "HEYGEM PART".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import opentimelineio as otio

from heygem_core.media import timecode
from heygem_core.messages import words

from ..conform_types import FinishedTake, PublishMode
from ..edl_codes import code_of, same_count
from ..exact_time import round_half_up
from ..grafting import first_second, item_at
from ..metadata import own_value
from .edl_lines import EdlText, Encoding, EventLines, decoded, joined, lines_with_ends, taken_apart
from .edl_reader import EventTimes, ListTiming, channels_of, first_second_of, is_dissolve, read_edl, times_of, timing_of

_NAMES_MEDIA = re.compile(
    r"\*?\s*(FROM CLIP NAME|TO CLIP NAME|FROM CLIP|TO CLIP|SOURCE FILE|FROM FILE|TO FILE|HEYGEM TAKE)\s*(?:IS)?:", re.IGNORECASE
)
_MOTION = re.compile(r"\s*M2\s")
_SOUND = re.compile(r"\s*AUD\s", re.IGNORECASE)
_WAS = "* HEYGEM WAS: "


def graft_edl(document: bytes, takes: Sequence[FinishedTake], _mode: PublishMode, rate: Fraction | None) -> tuple[bytes, list[str]]:
    """(the list with the takes, what could not be done as asked). Raises: UnreadableTimeline."""
    text, encoding = decoded(document)
    parsed = taken_apart(text)
    timeline, _ = read_edl(document, rate)
    graft = _Graft(parsed=parsed, timing=timing_of(parsed, rate), lines=lines_with_ends(text))
    for take in sorted(takes, key=lambda each: each.version):
        graft.choose(take, _event_of(timeline, take))
    lines = list(graft.grafted())
    if graft.chosen:
        graft.notices.append(words("edl.takes-in-place", count=len(graft.chosen)))
    try:
        return joined(lines, encoding), graft.notices
    except UnicodeEncodeError:
        graft.notices.append(words("edl.now-utf8", encoding=encoding.codec))
        return joined(lines, Encoding(codec="utf-8", mark=b"\xef\xbb\xbf")), graft.notices


def _event_of(timeline: Any, take: FinishedTake) -> int | None:
    """The number of the event that a take belongs to."""
    item = item_at(timeline, take.shot.where)
    number = own_value(item, "event") if isinstance(item, otio.schema.Clip) else None
    return number if isinstance(number, int) else None


@dataclass(slots=True, kw_only=True)
class _Graft:
    """One run: which takes stand in which events, and the lines that come of it."""

    parsed: EdlText
    timing: ListTiming
    lines: list[str]
    chosen: dict[int, FinishedTake] = field(default_factory=dict)  # event → the take that stands in it
    notices: list[str] = field(default_factory=list)
    _last_number: int = 0
    _reels: dict[str, str] = field(default_factory=dict)  # take → its reel
    _taken: dict[str, str] = field(default_factory=dict)  # reel → the take that has it; empty = none of ours
    _start: Fraction = Fraction(0)  # second that the sequence's first frame is called

    def __post_init__(self) -> None:
        for event in self.parsed.events:
            self._taken.setdefault(event.text("reel").upper(), event.comments.get("HEYGEM TAKE", ""))
        self._start = first_second_of(self.parsed, self.timing)
        self._last_number = max(int(event.text("number")) for event in self.parsed.events)

    def choose(self, take: FinishedTake, number: int | None) -> None:
        if number is None:
            self.notices.append(words("publish.gone", clip=take.shot.clip, timecode=take.shot.timecode_in, file=PurePath(take.path).name))
        elif take.settings.get("kind") == "patch":
            reason = words("edl.no-patch")
            self.notices.append(words("clip.at", clip=take.shot.clip, timecode=take.shot.timecode_in, reason=reason))
        else:
            self.chosen[number] = take

    def grafted(self) -> Iterator[str]:
        """The lines of the new list."""
        blocks = {first: (end, block) for first, end, block in self._blocks()}
        index = 0
        while index < len(self.lines):
            if index in blocks:
                index, block = blocks[index]
                yield from block
            else:
                yield self.lines[index]
                index += 1

    def _blocks(self) -> Iterator[tuple[int, int, list[str]]]:
        """(first line, one past the last, what stands there now) of everything that changes."""
        events = self.parsed.events
        for number, event in enumerate(events):
            take = self.chosen.get(number)
            outgoing, before = self._outgoing(number)
            if take is None and before is None:
                continue
            first = event.line if outgoing is None else outgoing.line
            yield first, event.end, self._block(event, take, outgoing, before)

    def _outgoing(self, number: int) -> tuple[EventLines | None, FinishedTake | None]:
        """(the line of a dissolve that names the clip it comes from, the take that now stands there)."""
        events = self.parsed.events
        if number < 2 or not is_dissolve(events[number]):
            return None, None
        line, its = events[number - 1], times_of(events[number - 1], self.timing)
        if its is None or its.record_in != its.record_out or line.end != events[number].line:
            return None, None
        for earlier in range(number - 2, -1, -1):
            there = times_of(events[earlier], self.timing)
            if there is None or there.record_out != its.record_in or not _shows(events[earlier]):
                continue
            take = self.chosen.get(earlier)
            return line, take if take is not None and self._reaches(take, events[number]) else None
        return line, None

    def _reaches(self, take: FinishedTake, dissolve: EventLines) -> bool:
        """Whether a take goes on for as long as the dissolve shows it."""
        needed = (take.shot.placement.record_duration + int(dissolve.fields["length"] or 0)) / self.timing.rate
        if Fraction(take.frames) / take.rate - take.shot.offset_s >= needed:
            return True
        reason = words("edl.short-for-dissolve")
        self.notices.append(words("clip.at", clip=take.shot.clip, timecode=take.shot.timecode_in, reason=reason))
        return False

    def _block(self, event: EventLines, take: FinishedTake | None, outgoing: EventLines | None, before: FinishedTake | None) -> list[str]:
        first = event.line if outgoing is None else outgoing.line
        old = self.lines[first : event.end]
        own = event.line - first  # place of the event's own line
        changed = [place for place, line in enumerate(old) if place <= own or _NAMES_MEDIA.match(line.strip()) or _MOTION.match(line)]
        if take is not None and self._sound_of(event):
            changed += [place for place, line in enumerate(old) if _SOUND.match(line)]
        last = max([*changed, *(place for place, line in enumerate(old) if line.lstrip().startswith(_WAS))])
        was = [line for line in old if line.lstrip().startswith(_WAS)] or [_WAS + line for line in old[: last + 1]]
        end = _end_of(old[0]) or "\n"
        head = [self._outgoing_line(outgoing, before)] if outgoing is not None else []
        kept = [line for place, line in enumerate(old) if place not in changed and not line.lstrip().startswith(_WAS)]
        names = [line for line in old[own + 1 :] if _NAMES_MEDIA.match(line.strip())]
        parts: tuple[list[str], list[str]] = ([], [])
        if take is None:
            assert before is not None
            new = [old[own], *_from_take(before, end), *[line for line in names if not _is_from(line)]]
        else:
            new = [self._event_line(event, take)]
            if self._comes_in_by_dissolve(event, take):
                new += [
                    *(_from_take(before, end) if before is not None else [line for line in names if _is_from(line)]),
                    *_to_take(take, end),
                ]
            else:
                new += _from_take(take, end)
            new.append(f"* HEYGEM TAKE: {_line(take.take)}{end}")
            parts = self._rest_of(event, take, [line for line in old[own:] if not line.lstrip().startswith(_WAS)])
        inner = [place for place, line in enumerate(old) if place not in changed and place <= last and not line.lstrip().startswith(_WAS)]
        live, after = [old[place] for place in inner], kept[len(inner) :]
        return [*head, *parts[0], *(_whole(line, end) for line in [*new, *live, *was, *after]), *parts[1]]

    def _outgoing_line(self, line: EventLines, take: FinishedTake | None) -> str:
        raw = self.lines[line.line]
        if take is None:
            return raw
        at = first_second(take) + take.shot.offset_s + Fraction(take.shot.placement.record_duration) / self.timing.rate
        code = self._code(at, take, line)
        return _with_source(raw, line, self._reel(take), None, code, code)

    def _event_line(self, event: EventLines, take: FinishedTake) -> str:
        """The event's own line with the take's reel and source times, and the record times of what the take covers."""
        low = first_second(take) + take.shot.offset_s
        duration = Fraction(take.shot.placement.record_duration) / self.timing.rate
        first = self._code(low, take, event)
        codes = (first, self._later(first, take.shot.placement.record_duration, low + duration, take, event))
        raw = _with_source(self.lines[event.line], event, self._reel(take), "V" if self._sound_of(event) else None, *codes)
        its = times_of(event, self.timing)
        start, end = self._covered(event, take)
        assert its is not None
        if is_dissolve(event) and not self._comes_in_by_dissolve(event, take):
            raw = _as_cut(raw, event)
        return raw if (start, end) == (its.record_in, its.record_out) else self._with_record(raw, event, start, end)

    def _rest_of(self, event: EventLines, take: FinishedTake, old: list[str]) -> tuple[list[str], list[str]]:
        """Events with what of the event the take does not cover: (before it, after it)."""
        its = times_of(event, self.timing)
        assert its is not None
        start, end = self._covered(event, take)
        before, after = [], []
        if its.record_in < start:
            before = self._part(event, take, old, its, its.record_in, start, "V")
        if end < its.record_out:
            after = self._part(event, take, old, its, end, its.record_out, "V")
        if sound := self._sound_of(event):
            after += self._part(event, take, old, its, its.record_in, its.record_out, sound)
        return before, after

    def _part(
        self, event: EventLines, take: FinishedTake, old: list[str], its: EventTimes, start: Fraction, end: Fraction, channels: str
    ) -> list[str]:
        self._last_number += 1
        low, high = its.source_in or Fraction(0), its.source_out or Fraction(0)
        pace = (high - low) / (its.record_out - its.record_in)
        if event.fps is not None and event.fps < 0:
            low, high = low + (its.record_out - end) * pace, high - (start - its.record_in) * pace
        else:
            low, high = low + (start - its.record_in) * pace, high - (its.record_out - end) * pace
        drop = self.timing.drop(event, "source_in")
        source = [self._written(round_half_up(time * self.timing.rate), drop) for time in (low, high)]
        raw = _with_source(old[0], event, None, channels, *source)
        raw = self._with_record(raw, event, start, end)
        raw = re.sub(r"^(\s*)\d+", rf"\g<1>{self._last_number:03d}", raw)
        if is_dissolve(event) and start != its.record_in:  # only what begins with it comes in by the dissolve
            raw = _as_cut(raw, event)
            old = [raw, *(_from_side(line) for line in old[1:] if not _is_from(line))]
        with_sound = channels != "V"
        more = [line for line in old[1:] if _NAMES_MEDIA.match(line.strip()) or _MOTION.match(line) or (with_sound and _SOUND.match(line))]
        line_end = _end_of(old[0]) or "\n"
        return [_whole(line, line_end) for line in (raw, *more, f"* HEYGEM PART: {_line(take.take)}")]

    def _comes_in_by_dissolve(self, event: EventLines, take: FinishedTake) -> bool:
        its = times_of(event, self.timing)
        return is_dissolve(event) and its is not None and self._covered(event, take)[0] == its.record_in

    def _covered(self, event: EventLines, take: FinishedTake) -> tuple[Fraction, Fraction]:
        """The record times that a take covers, kept within its event's."""
        its = times_of(event, self.timing)
        assert its is not None
        start = self._start + Fraction(take.shot.placement.record_start) / self.timing.rate
        end = start + Fraction(take.shot.placement.record_duration) / self.timing.rate
        return max(start, its.record_in), min(end, its.record_out)

    def _sound_of(self, event: EventLines) -> str:
        """The channel code of the sound that an event with picture holds too; empty = none."""
        numbers = [number for kind, number in channels_of(event) if kind == otio.schema.TrackKind.Audio and number not in event.channels]
        if not _shows(event) or not (numbers or event.channels):
            return ""
        if numbers == [1, 2]:
            return "AA"
        return "/".join("A" if number == 1 else f"A{number}" for number in numbers) or "NONE"

    def _reel(self, take: FinishedTake) -> str:
        """A reel of its own for each take, always the same."""
        if take.take not in self._reels:
            names = ("HG" + hashlib.sha256(f"{take.take}{turn or ''}".encode()).hexdigest()[:6].upper() for turn in range(1000))
            self._reels[take.take] = next(name for name in names if self._taken.setdefault(name, take.take) == take.take)
        return self._reels[take.take]

    def _code(self, seconds: Fraction, take: FinishedTake, event: EventLines) -> str:
        """A time of a take, named as the take's own timecode names it; one without timecode counts as the event did."""
        drop = timecode.is_drop(take.start_timecode) if take.start_timecode is not None else self.timing.drop(event, "source_in")
        if take.start_timecode is None or same_count(take.rate, self.timing.rate):
            return self._written(round_half_up(seconds * self.timing.rate), drop)
        return self._marked(code_of(seconds * take.rate, take.rate, self.timing.rate, drop=drop))

    def _later(self, code: str, frames: int, seconds: Fraction, take: FinishedTake, event: EventLines) -> str:
        """The source time at which an event of a take ends: as many frames of the list on as its place is long."""
        if take.start_timecode is None or same_count(take.rate, self.timing.rate):
            return self._code(seconds, take, event)
        drop = timecode.is_drop(take.start_timecode) and self.timing.drops
        return self._written(timecode.parse(f"{code[:8]}{';' if drop else ':'}{code[9:]}", self.timing.rate) + frames, drop)

    def _written(self, frames: int, drop: bool) -> str:
        """A timecode in the list's own notation: where it marks no drop-frame, no mark of ours may make its others something else."""
        return self._marked(timecode.format(max(0, frames), self.timing.rate, drop=drop and timecode.may_drop(self.timing.rate)))

    def _marked(self, code: str) -> str:
        return code if self.timing.marked else code.replace(";", ":")

    def _with_record(self, raw: str, event: EventLines, start: Fraction, end: Fraction) -> str:
        codes = [self._written(round_half_up(time * self.timing.rate), self.timing.drop(event, "record_in")) for time in (start, end)]
        body = raw.rstrip("\r\n")
        place = body.rindex(event.text("record_in"), 0, body.rindex(event.text("record_out")))
        return f"{body[:place]}{codes[0]} {codes[1]}{_end_of(raw)}"


def _shows(event: EventLines) -> bool:
    return any(kind == otio.schema.TrackKind.Video for kind, _ in channels_of(event))


def _with_source(raw: str, event: EventLines, reel: str | None, channels: str | None, source_in: str, source_out: str) -> str:
    """An event line with another reel, other channels and other source times; columns stay where they are as far as they can."""
    words_of_reel = r"\s+".join(map(re.escape, event.text("reel").split()))
    found = re.match(
        rf"(\s*\d+\s+)({words_of_reel})(\s+)({re.escape(event.text('channels'))})(\s+.*?)"
        rf"({re.escape(event.text('source_in'))})(\s+)({re.escape(event.text('source_out'))})(\s.*)",
        raw,
        re.DOTALL,
    )
    assert found is not None, raw
    head, old_reel, gap, old_channels, middle, _, between, _, rest = found.groups()
    column = f"{reel:<{len(old_reel + gap) - 1}} " if reel is not None else old_reel + gap
    of = f"{channels:<{len(old_channels)}}" if channels is not None else old_channels
    return f"{head}{column}{of}{middle}{source_in}{between}{source_out}{rest}"


def _as_cut(raw: str, event: EventLines) -> str:
    edit, length = re.escape(event.text("edit")), re.escape(event.text("length"))
    return re.sub(rf"(?<=\s){edit}\s+{length}(?=\s)" if length else rf"(?<=\s){edit}(?=\s+\d\d:)", "C", raw, count=1)


def _from_take(take: FinishedTake, end: str) -> list[str]:
    return [f"* FROM CLIP NAME: {_line(PurePath(take.path).name)}{end}", f"* FROM CLIP: {_line(take.path)}{end}"]


def _to_take(take: FinishedTake, end: str) -> list[str]:
    return [f"* TO CLIP NAME: {_line(PurePath(take.path).name)}{end}", f"* TO CLIP: {_line(take.path)}{end}"]


def _is_from(line: str) -> bool:
    return line.lstrip("* \t").upper().startswith("FROM")


def _from_side(line: str) -> str:
    """What a dissolve comes to is what a cut comes from."""
    return re.sub(r"^(\W*)TO ", r"\1FROM ", line, flags=re.IGNORECASE) if _NAMES_MEDIA.match(line.strip()) else line


def _line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text)


def _end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _whole(line: str, end: str) -> str:
    """The line with an end; the last of a file may have had none."""
    return line if _end_of(line) else line + end
