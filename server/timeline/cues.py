"""Reads cue sheets, the lists of lines that dubbing studios deliver: CSV with a header, or SRT and WebVTT beside a folder of recordings.

A cue says from when to when a line is heard, in which file, who says it, and whether that person is seen. Nothing is guessed: a row that
cannot be read is named with its number and what it lacks.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from heygem_core.errors import HeygemError
from heygem_core.media import timecode
from heygem_core.messages import words

from .conform_types import Cue
from .errors import UnreadableTimeline
from .formats.edl_lines import decoded
from .formats.reading import bytes_of

MAX_CUES = 20_000
_COLUMNS = {
    "start": ("in", "tc in", "timecode in", "in tc", "start", "start tc", "start timecode", "record in", "入点", "开始"),
    "end": ("out", "tc out", "timecode out", "out tc", "end", "end tc", "end timecode", "record out", "出点", "结束"),
    "file": ("file", "filename", "file name", "audio", "audio file", "wav", "recording", "take", "文件"),
    "source": ("source in", "source tc", "source", "file in", "src in", "源入点"),
    "offset": ("offset", "shift", "偏移"),
    "character": ("character", "role", "speaker", "cast", "name", "角色"),
    "off": ("off-screen", "off screen", "offscreen", "os", "off", "o.s.", "画外"),
    "number": ("cue", "line", "no", "no.", "number", "id", "#", "编号"),
}
_YES = {"yes", "y", "x", "1", "true", "off", "os", "o.s.", "oui", "ja", "si", "是"}
_NO = {"", "no", "n", "0", "false", "on", "non", "nein", "否", "-"}
_OFF = re.compile(r"\((?:off|o\.?s\.?|v\.?o\.?|off[- ]?screen|画外)\)", re.IGNORECASE)
_TIMES = re.compile(r"(?P<start>[\d:.,]{7,13})\s*-->\s*(?P<end>[\d:.,]{7,13})(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^ >]*)? (?P<name>[^>]{1,200})>")
_NAMED = re.compile(r"(?P<name>[^\W\d_][\w .'-]{0,60}?)\s*(?P<off>\([^)]{1,20}\))?\s*:\s")
_FACE = re.compile(r"0*[1-9]\d{0,2}", re.ASCII)
_CODE = re.compile(r"\d{1,2}:\d{2}:\d{2}[:;]\d{2,3}")
_MARKED = re.compile(r"\d:\d{2};\d{2}")  # drop-frame
_CLOCK = re.compile(r"(?:(?P<hours>\d{1,2}):)?(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}(?:[.,]\d{1,6})?)")
_LENGTH = re.compile(r"(?P<number>[+-]?\d{1,9}(?:\.\d{1,6})?)\s*(?P<unit>f|fr|frames?|ms|s|sec)?", re.IGNORECASE)


def read_cues(
    path: Path, rate: Fraction, lines: Path | None = None, sent: Iterable[str] = (), *, drop: bool = False
) -> tuple[list[Cue], list[str]]:
    """(the cues in order, as the sheet counts their times; what could not be read).

    rate, drop: of the timeline, whose timecodes a sheet names that marks no drop-frame itself.
    lines: the folder of recordings that subtitles belong to. sent: names of recordings that lie elsewhere.

    Raises: UnreadableTimeline — it is no cue sheet.
    """
    text, _ = decoded(bytes_of(path))
    cues: list[Cue] = []
    notices: list[str] = []
    found = _of_subtitles(text, lines or path.parent, sent) if "-->" in text else _of_table(text, rate, drop=drop)
    for number, cue in found:
        if isinstance(cue, Cue):
            cues.append(cue)
        else:
            notices.append(words("cues.row", number=number, reason=cue))
        if len(cues) > MAX_CUES:
            raise UnreadableTimeline("cues.too-many", most=MAX_CUES)
    if not cues and not notices:
        raise UnreadableTimeline("cues.none")
    return sorted(cues, key=lambda cue: cue.start), notices


def read_cast(path: Path) -> dict[tuple[str, str], int]:
    """(character, file of the picture or "" for every one) → which face speaks, of a table with character, face and perhaps file.

    Raises: UnreadableTimeline.
    """
    text, _ = decoded(bytes_of(path))
    try:
        rows = list(csv.DictReader(io.StringIO(text), dialect=_dialect(text)))
    except csv.Error as error:
        raise UnreadableTimeline("cues.cast-none") from error
    cast: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, 2):
        said = {(name or "").strip().lower(): (value or "").strip() for name, value in row.items() if isinstance(value, str)}
        character, face = said.get("character", ""), said.get("face", "")
        if not character or not _FACE.fullmatch(face):
            raise UnreadableTimeline("cues.cast-row", number=number)
        cast[character.casefold(), said.get("file", "").casefold()] = int(face)
    if not cast:
        raise UnreadableTimeline("cues.cast-none")
    return cast


def with_chosen_faces(cast: Mapping[tuple[str, str], int], faces: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """A cast list in which these characters have these faces in every picture."""
    chosen = {name.strip().casefold(): face for name, face in faces.items()}
    return {key: face for key, face in cast.items() if key[0] not in chosen} | {(name, ""): face for name, face in chosen.items()}


def _of_table(text: str, rate: Fraction, *, drop: bool) -> Iterator[tuple[int, Cue | str]]:
    drop = drop and _MARKED.search(text) is None
    reader = csv.reader(io.StringIO(text), dialect=_dialect(text))
    try:
        header = next((row for row in reader if any(cell.strip() for cell in row)), [])
        columns = {name: place for place, cell in enumerate(header) if (name := _column(cell)) is not None}
        if not {"start", "file"} <= columns.keys():
            raise UnreadableTimeline("cues.header")
        for row in reader:
            if any(cell.strip() for cell in row):
                said = {name: row[place].strip() if place < len(row) else "" for name, place in columns.items()}
                yield reader.line_num, _cue(said, rate, reader.line_num, drop=drop)
    except csv.Error as error:
        raise UnreadableTimeline("cues.header") from error


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.lstrip().partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Dialect


def _column(title: str) -> str | None:
    plain = " ".join(title.lower().replace("_", " ").split())
    return next((name for name, titles in _COLUMNS.items() if plain in titles), None)


def _cue(said: Mapping[str, str], rate: Fraction, line: int, *, drop: bool) -> Cue | str:
    """A cue, or what is wrong with its row."""
    start = time_of(said["start"], rate, drop=drop)
    end = time_of(said["end"], rate, drop=drop) if said.get("end") else None
    source = time_of(said["source"], rate, drop=drop) if said.get("source") else Fraction(0)
    offset = length_of(said["offset"], rate) if said.get("offset") else Fraction(0)
    off = said.get("off", "").lower()
    if start is None or (said.get("end") and end is None) or source is None:
        return words("cues.no-time")
    if offset is None:
        return words("cues.no-offset", text=said["offset"])
    if not said["file"]:
        return words("cues.no-file")
    if off not in _YES | _NO:
        return words("cues.no-yes", text=off)
    if end is not None and end <= start:
        return words("cues.ends-before")
    return Cue(
        number=said.get("number") or str(line),
        start=start + offset,
        end=None if end is None else end + offset,
        file=said["file"],
        source=source,
        character=said.get("character", ""),
        off_screen=off in _YES,
    )


def time_of(text: str, rate: Fraction, *, drop: bool = False) -> Fraction | None:
    """Seconds of a timecode (frames at the timeline's rate), of hours, minutes and seconds, or of plain seconds; None = none of them.

    drop: what a timecode without a mark counts."""
    text = text.strip()
    if _CODE.fullmatch(text):
        if drop:
            text = ";".join(text.replace(";", ":").rsplit(":", 1))
        try:
            return timecode.parse(text if timecode.may_drop(rate) else text.replace(";", ":"), rate) / rate
        except HeygemError:
            return None
    if match := _CLOCK.fullmatch(text):
        seconds = Fraction(match["seconds"].replace(",", "."))
        return (
            (int(match["hours"] or 0) * 60 + int(match["minutes"])) * 60 + seconds if seconds < 60 and int(match["minutes"]) < 60 else None
        )
    match = _LENGTH.fullmatch(text)
    return length_of(text, rate) if match is not None and Fraction(match["number"]) >= 0 else None


def length_of(text: str, rate: Fraction) -> Fraction | None:
    """Seconds of a shift: `0.12`, `+3f`, `-120 ms`, `-00:00:00:03`; None = none of them."""
    text = text.strip()
    if match := _LENGTH.fullmatch(text):
        number, unit = Fraction(match["number"]), (match["unit"] or "s").lower()
        return number / rate if unit.startswith("f") else number / 1000 if unit == "ms" else number
    sign = -1 if text.startswith("-") else 1
    seconds = time_of(text.lstrip("+-"), rate)
    return None if seconds is None else sign * seconds


def _of_subtitles(text: str, folder: Path, sent: Iterable[str]) -> Iterator[tuple[int, Cue | str]]:
    """Each subtitle with the recording that its identifier, or else its number, names."""
    files = sorted({*sent, *(each.name for each in folder.iterdir() if each.is_file())} if folder.is_dir() else sent)
    lines = re.split(r"\r\n|\n|\r", text)
    count = 0
    for place, line in enumerate(lines):
        match = _TIMES.fullmatch(line.strip())
        if match is None:
            continue
        count += 1
        start, end = (time_of(match[name], Fraction(1000)) for name in ("start", "end"))
        identifier = lines[place - 1].strip() if place and lines[place - 1].strip() else str(count)
        said = "\n".join(_until_blank(lines[place + 1 :]))
        file = _recording(files, identifier, count)
        if start is None or end is None or end <= start:
            yield place + 1, words("cues.no-time")
        elif file is None:
            yield place + 1, words("cues.no-recording", cue=identifier, folder=folder.name)
        else:
            voice, named = _VOICE.search(said), _NAMED.match(said)
            name = voice["name"] if voice else named["name"] if named else ""
            off = bool(_OFF.search(said))
            yield (
                place + 1,
                Cue(number=identifier, start=start, end=end, file=str(folder / file), character=_OFF.sub("", name).strip(), off_screen=off),
            )


def _until_blank(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip():
            return
        yield line


def _recording(files: list[str], identifier: str, count: int) -> str | None:
    """The one file that is called as the cue, or that begins with its number, or else whose first number it is."""
    sounds = [name for name in files if name.lower().endswith((".wav", ".bwf", ".aif", ".aiff", ".flac", ".mp3", ".m4a", ".ogg"))]
    called = [name for name in sounds if name.rpartition(".")[0].casefold() == identifier.casefold()]
    number = int(identifier) if identifier.isdigit() else count
    begins = [name for name in sounds if (match := re.match(r"\d{1,9}(?!\d)", name)) is not None and int(match[0]) == number]
    holds = [name for name in sounds if (match := re.search(r"\d{1,9}(?!\d)", name)) is not None and int(match[0]) == number]
    chosen = called or begins or holds
    return chosen[0] if len(chosen) == 1 else None
