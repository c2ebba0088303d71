"""Takes a CMX3600 edit list apart: its text and encoding, its events, and which lines belong to each.

Nothing is thrown away: a line that is not understood is kept with its number, so that the reader can name it and grafting writes it again.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ..errors import UnreadableTimeline

MAX_EVENTS = 100_000
MAX_BYTES = 32 * 1024**2
_LONGEST_LINE = 4096  # letters of an event; comments may be longer
_CODE = r"\d{2}:\d{2}:\d{2}[:;.,]\d{2,3}"
_TAIL = (
    rf"(?P<edit>C|D|W\d{{0,9}}|K ?[BO]?)(?: ?(?P<length>\d{{1,9}}))? "
    rf"(?P<source_in>{_CODE}) (?P<source_out>{_CODE}) (?P<record_in>{_CODE}) (?P<record_out>{_CODE})"
)
# Reels may hold spaces, so what a channel is called decides where they end; other names of channels are taken where the reel holds none.
_EVENT = re.compile(
    rf"(?P<number>\d{{1,9}}) (?P<reel>\S.*?) (?P<channels>(?:V|A|AA|B|AV|VA|NONE)\d{{0,4}}(?:[/,+][VAB\d]{{1,5}})*) {_TAIL}"
)
_EVENT_OF_OTHERS = re.compile(rf"(?P<number>\d{{1,9}}) (?P<reel>\S+) (?P<channels>\S+) {_TAIL}")
_MOTION = re.compile(rf"M2 (?P<reel>.*?) ?(?P<fps>[+-]?\d{{1,6}}(?:\.\d{{1,9}})?) (?P<at>{_CODE})")
_MORE_CHANNELS = re.compile(r"AUD((?: \d{1,4})+)")
_COMMENT = re.compile(
    r"\*?\s*(?P<name>FROM CLIP NAME|TO CLIP NAME|FROM CLIP|TO CLIP|SOURCE FILE|FROM FILE|TO FILE|"
    r"HEYGEM TAKE|HEYGEM WAS|HEYGEM LINE|HEYGEM OFF-SCREEN LINE)\s*(?:IS)?:\s*"
    r"(?P<text>.*)",
    re.IGNORECASE,
)
_LONG_REEL = re.compile(r"(?:\*\s*)?FINAL CUT PRO REEL:\s*(?P<long>\S.*?)\s*REPLACED BY:\s*(?P<short>\S.*)", re.IGNORECASE)
_MODE = re.compile(r"FCM:\s*(?P<non>NON[- ]?)?DROP[- ]?FRAME.*", re.IGNORECASE)
# Statements that say nothing about which frames show where.
_SILENT = re.compile(
    r"\*.*|TITLE:.*|FCM:.*|>>>.*|GPI\b.*|ASC_\w+.*|SOP\b.*|EFFECTS? NAME IS.*|BLEND\b.*|KEY (?:CLIP|IN)\b.*|DLEDL:.*|M/S\b.*|;.*|#.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the text of a list stands in its file."""

    codec: str
    mark: bytes = b""  # the byte order mark that it begins with


@dataclass(slots=True, kw_only=True)
class EventLines:
    """One event line with the lines that belong to it."""

    fields: dict[str, str | None]
    line: int  # index of the event's own line
    end: int  # one past the last line that belongs to it
    mode: bool | None  # whether FCM says drop-frame where the event stands; None = it has not said yet
    comments: dict[str, str] = field(default_factory=dict)
    channels: list[int] = field(default_factory=list)  # further channels of sound
    fps: Fraction | None = None  # of its motion effect
    was: list[str] = field(default_factory=list)  # the event's lines as they were before a take was grafted in

    def text(self, name: str) -> str:
        return self.fields[name] or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdlText:
    """A list taken apart."""

    lines: tuple[str, ...]  # without their ends
    events: tuple[EventLines, ...]
    title: str | None
    mode: bool | None  # the first FCM, which is that of the record times
    marked: bool  # some timecode carries the mark of drop-frame: then those without it are not drop-frame
    reels: dict[str, str]  # short name → the long name that a list says it stands for
    unknown: tuple[int, ...]  # indexes of lines that were not understood


def decoded(data: bytes) -> tuple[str, Encoding]:
    """The text and its encoding: by the byte order mark, else UTF-8, else what Windows' programs write. Raises: UnreadableTimeline."""
    if len(data) > MAX_BYTES:
        raise UnreadableTimeline("timeline.too-large", most_mb=MAX_BYTES // 1024**2)
    for mark, codec in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, errors="replace"), Encoding(codec=codec, mark=mark)
    head = data[:256]
    if head.count(0) > len(head) // 4:
        codec = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        return data.decode(codec, errors="replace"), Encoding(codec=codec)
    for codec in ("utf-8", "cp1252"):
        try:
            return data.decode(codec), Encoding(codec=codec)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), Encoding(codec="latin-1")


def taken_apart(text: str) -> EdlText:
    """Raises: UnreadableTimeline — no event, or too many."""
    lines = tuple(re.split(r"\r\n|\n|\r", text))
    mode: bool | None = None
    first_mode: bool | None = None
    title: str | None = None
    events: list[EventLines] = []
    reels: dict[str, str] = {}
    unknown: list[int] = []
    open_event: EventLines | None = None
    for index, raw in enumerate(lines):
        raw = raw.strip()
        plain = " ".join(raw.split()) if len(raw) < _LONGEST_LINE else ""  # expressions need not look for white space of any length
        if not plain and not raw:
            continue
        if match := _event_in(plain):
            open_event = EventLines(fields=match.groupdict(), line=index, end=index + 1, mode=mode)
            events.append(open_event)
            if len(events) > MAX_EVENTS:
                raise UnreadableTimeline("edl.too-many-events", most=MAX_EVENTS)
            continue
        if match := _MODE.fullmatch(plain):
            mode = match["non"] is None
            first_mode = mode if first_mode is None else first_mode
            open_event = None
        elif title is None and plain.upper().startswith("TITLE:"):
            title = raw[6:].strip()
        elif match := _LONG_REEL.fullmatch(plain):
            reels.setdefault(match["short"], match["long"])
        elif open_event is not None and _belongs(open_event, events[-2] if len(events) > 1 else None, raw, plain):
            open_event.end = index + 1
        elif _SILENT.fullmatch(raw):
            if open_event is not None:
                open_event.end = index + 1
        else:
            unknown.append(index)
            # What follows a line that looks like an event is about that one, not about the event before.
            open_event = None if plain[:1].isdigit() else open_event
    if not events:
        raise UnreadableTimeline("edl.no-events")
    return EdlText(
        lines=lines,
        events=tuple(events),
        title=title,
        mode=first_mode,
        marked=any(
            mark in line.text(name) for line in events for name in ("source_in", "source_out", "record_in", "record_out") for mark in ";,."
        ),
        reels=reels,
        unknown=tuple(unknown),
    )


def lines_with_ends(text: str) -> list[str]:
    """The lines of a text with what ends each, split as `taken_apart` splits them."""
    parts = re.split(r"(\r\n|\n|\r)", text)
    return [line + end for line, end in zip(parts[::2], [*parts[1::2], ""], strict=True)]


def event_before_takes(event: EventLines) -> EventLines | None:
    """The event as it was before a take was grafted in; None = none was, or its lines say nothing."""
    if not event.was:
        return None
    try:
        was = taken_apart("\n".join(event.was)).events[-1]  # the line before it names what a dissolve comes from
    except (UnreadableTimeline, ValueError):
        return None
    was.line, was.end, was.mode = event.line, event.end, event.mode
    return was


def _event_in(plain: str) -> re.Match[str] | None:
    return (_EVENT.fullmatch(plain) or _EVENT_OF_OTHERS.fullmatch(plain)) if plain[:1].isdigit() else None


def _is_of_the_outgoing(reel: str, event: EventLines, before: EventLines) -> bool:
    """Whether a motion effect behind the two lines of a dissolve is that of the clip it comes from, by its reel. The event of that clip
    says it too."""
    outgoing = before.text("record_in") == before.text("record_out") and before.text("number") == event.text("number")
    return outgoing and reel.upper() == before.text("reel").upper() != event.text("reel").upper()


def _belongs(event: EventLines, before: EventLines | None, raw: str, plain: str) -> bool:
    """Whether a line says something of the event before it that is understood; it is noted there. before: the event above that one."""
    if match := _MOTION.fullmatch(plain):
        if before is None or not _is_of_the_outgoing(match["reel"], event, before):
            event.fps = Fraction(match["fps"])
    elif match := _MORE_CHANNELS.fullmatch(plain.upper()):
        event.channels += [int(number) for number in match[1].split()]
    elif match := _COMMENT.fullmatch(raw):
        name = match["name"].upper()
        if name == "HEYGEM WAS":
            event.was.append(match["text"])
        else:
            event.comments.setdefault(name, match["text"].strip())
    else:
        return False
    return True


def unknown_lines(parsed: EdlText, most: int) -> Iterator[tuple[int, str]]:
    """(number counted from 1, text) of the first lines that were not understood."""
    return ((index + 1, parsed.lines[index].strip()[:80]) for index in parsed.unknown[:most])


def joined(lines: Sequence[str], encoding: Encoding) -> bytes:
    """The file of these lines. Raises: UnicodeEncodeError — a name that its encoding has not."""
    return encoding.mark + "".join(lines).encode(encoding.codec)
