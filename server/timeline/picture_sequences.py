"""Finds numbered pictures that a clip plays as a film: OpenTimelineIO's own references to them, and paths with a place for the number
(`shot.%04d.png`, `shot.####.png`, `shot.[001-240].png`). They become one file before anything is rendered of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import opentimelineio as otio

from heygem_core.errors import HeygemError, MediaNotFound
from heygem_core.media import timecode
from heygem_core.shot import Struct, to_json

from .conform_types import MediaFacts, Pictures
from .errors import BadTime
from .exact_time import exact_rate, exact_seconds, round_half_up
from .file_names import same_name
from .locate import Locator, name_of, path_of

_PICTURES = {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".tga", ".dpx", ".exr", ".cin", ".jp2", ".j2k"}
MAX_PICTURES = 200_000
_MOST_DIGITS = 12
_PLACES = (
    re.compile(r"(?P<prefix>.*)%0?(?P<digits>\d{0,2})d(?P<suffix>\.\w{1,8})", re.DOTALL),
    re.compile(r"(?P<prefix>|.*[^#])(?P<marks>#{1,12})(?P<suffix>\.\w{1,8})", re.DOTALL),
    re.compile(r"(?P<prefix>.*)\[(?P<first>-?\d{1,12})-(?P<last>-?\d{1,12})\](?P<suffix>\.\w{1,8})", re.DOTALL),
)
_PLACE_IN_URL = re.compile(r"%(0\dd\.\w{1,8})$")  # no name holds the control characters that this would be as an escape


class Numbered(Struct, frozen=True, kw_only=True):
    """What a reference says of its pictures, before they are looked for."""

    folder: str  # as the timeline writes it, with its last slash; empty = it says none
    prefix: str
    suffix: str
    digits: int
    first: int | None = None  # None = the lowest that there is
    count: int | None = None  # frames; None = as far as they go on
    step: int = 1  # each picture stands for so many frames
    signed_apart: bool = False  # the sign of a number below 0 is no part of its digits

    def name(self, number: int) -> str:
        return f"{self.prefix}{_written(number, self.digits, self.signed_apart)}{self.suffix}"

    def numbers_in(self, names: Iterable[str]) -> list[int]:
        """Of names of files, those that are written as these pictures are."""
        form = re.compile(rf"{re.escape(same_name(self.prefix))}(-?\d{{1,12}}){re.escape(same_name(self.suffix))}")
        found = (match[1] for name in names if (match := form.fullmatch(same_name(name))))
        return [int(text) for text in found if text == _written(int(text), self.digits, self.signed_apart)]


def _written(number: int, digits: int, signed_apart: bool) -> str:
    return f"-{-number:0{digits}d}" if number < 0 and signed_apart else f"{number:0{digits}d}"


def numbered_in(reference: Any) -> Numbered | None:
    """None = the reference means one file. Raises: MediaNotFound — no path at all."""
    if isinstance(reference, otio.schema.ImageSequenceReference):
        available = reference.available_range
        own = _own_rate(reference, available)
        count = None if available is None or own is None else round_half_up(exact_seconds(available.duration) * own)
        base = path_of(reference.target_url_base) if reference.target_url_base else ""
        base = base if not base or base.endswith(("/", "\\")) else base + "/"
        prefix = name_of(reference.name_prefix) if not reference.name_prefix.endswith(("/", "\\")) else ""
        return Numbered(
            folder=base + reference.name_prefix[: len(reference.name_prefix) - len(prefix)],
            prefix=prefix,
            signed_apart=True,
            suffix=reference.name_suffix,
            digits=min(max(reference.frame_zero_padding, 0), _MOST_DIGITS),
            first=reference.start_frame,
            count=count,
            step=max(1, reference.frame_step),
        )
    url = getattr(reference, "target_url", None) or ""
    escaped = _PLACE_IN_URL.sub(r"%25\1", url) if url[:5].lower() == "file:" else url
    path = path_of(escaped) if url else getattr(reference, "name", "") or ""
    name = name_of(path)
    for place in _PLACES:
        match = place.fullmatch(name)
        if match is not None and match["suffix"].lower() in _PICTURES:
            said = match.groupdict()
            first, last = said.get("first"), said.get("last")
            if first is not None and last is not None and int(last) < int(first):
                continue
            digits = len(said.get("marks") or (first or "").lstrip("-")) or int(said.get("digits") or 0)
            return Numbered(
                folder=path[: len(path) - len(name)],
                prefix=said["prefix"],
                suffix=said["suffix"],
                digits=min(digits, _MOST_DIGITS),
                signed_apart=first is not None,
                first=None if first is None else int(first),
                count=None if first is None or last is None else int(last) - int(first) + 1,
            )
    return None


def find_pictures(asked: Numbered, reference: Any, locator: Locator, rate: Fraction) -> Pictures:
    """The pictures on this machine; rate: of the clip, where the reference says none. Raises: MediaNotFound — one of them is nowhere."""
    first = asked.first
    if first is None:
        numbers = asked.numbers_in(locator.names_near(asked.folder))
        if not numbers:
            raise MediaNotFound("media.nowhere", file=f"{asked.prefix}…{asked.suffix}")
        first = min(numbers)
    name = asked.name(first)
    count = asked.count if asked.count is not None else MAX_PICTURES
    if not 0 < count <= MAX_PICTURES:
        raise MediaNotFound("media.pictures-many", file=name, most=MAX_PICTURES)
    paths = (asked.folder + asked.name(each) for each in range(first, first + count, asked.step))
    in_bundle = locator.bundled.find_all(paths) if locator.bundled is not None else []
    at = in_bundle[0] if in_bundle else _located(asked.folder, name, locator)
    number = name[len(asked.prefix) : len(name) - len(asked.suffix)]
    ends = len(at.name) - len(asked.suffix)
    prefix, suffix = at.name[: ends - len(number)], at.name[ends:]  # as this disk writes them: in its form of Unicode, with its capitals
    known = Pictures(
        folder=str(at.parent),
        prefix=prefix,
        suffix=suffix,
        digits=asked.digits,
        signed_apart=asked.signed_apart,
        first=first,
        count=1,
        step=asked.step,
        rate=rate,
    )
    taken_out = set(in_bundle)
    missing = next((path for path in _files(known, count) if path not in taken_out and not locator.holds(path)), None)
    if missing is not None and asked.count is not None:
        raise MediaNotFound("media.picture-missing", file=missing.name, first=name, count=count)
    if missing is not None:
        count = next(number for number, path in enumerate(_files(known, count)) if path == missing) * asked.step
    own, start = _own_times(reference, rate)
    begins = known.first if start is None else round_half_up(start * own)
    return msgspec.structs.replace(known, count=count, rate=own, start_timecode=_named(begins, own))


def _located(folder: str, name: str, locator: Locator) -> Path:
    """The first picture, also where its name has other capitals. Raises: MediaNotFound."""
    try:
        return locator.locate(folder + name) if folder else locator.locate_name(name)
    except MediaNotFound:
        spelt = next((each for each in locator.names_near(folder) if same_name(each) == same_name(name)), None)
        if spelt is None:
            raise
        return locator.locate(folder + spelt)


def facts_of(pictures: Pictures) -> MediaFacts:
    """As of a video of these pictures."""
    return MediaFacts(
        kind="video",
        rate=pictures.rate,
        frames=pictures.count,
        duration_s=pictures.count / pictures.rate,
        start_timecode=pictures.start_timecode,
    )


def picture_file(pictures: Pictures, folder: Path) -> Path:
    """The one file of them, made where it is not there yet and named by what it is made of. Raises: InputError, OutputError."""
    from heygem_core.media.picture_sequence import write_pictures

    paths = [_path(pictures, number) for number in range(pictures.count)]
    states = [(each.name, (found := each.stat()).st_size, found.st_mtime_ns) for each in dict.fromkeys(paths)]
    digest = hashlib.sha256(to_json([pictures, states])).hexdigest()
    output = folder / f"pictures-{digest[:20]}.mov"
    if not output.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_pictures(paths, pictures.rate, output, timecode=pictures.start_timecode)
    return output


def _own_times(reference: Any, rate: Fraction) -> tuple[Fraction, Fraction | None]:
    """(the pictures' own rate, the second that the first of them is called)."""
    available = getattr(reference, "available_range", None)
    try:
        own = _own_rate(reference, available)
        return own or rate, None if available is None else exact_seconds(available.start_time)
    except BadTime:
        return rate, None


def _own_rate(reference: Any, available: Any) -> Fraction | None:
    """Pictures a second; None = a reference does not say. Its range may count in the timeline's rate instead of theirs. Raises: BadTime."""
    own = getattr(reference, "rate", None)
    said = exact_rate(own) if own is not None and own > 1 else None  # 1 is what stands there where nobody set it
    ranged = exact_rate(available.start_time.rate) if available is not None else None
    if said is None or (ranged is not None and timecode.nominal(ranged) == timecode.nominal(said)):
        return ranged or said
    return said


def _named(frames: int, rate: Fraction) -> str | None:
    try:
        return timecode.format(frames, rate) if frames > 0 else None
    except HeygemError:
        return None


def _files(pictures: Pictures, count: int) -> Iterator[Path]:
    """Each picture once."""
    return (_path(pictures, number) for number in range(0, count, pictures.step))


def _path(pictures: Pictures, frame: int) -> Path:
    number = pictures.first + frame // pictures.step * pictures.step
    return Path(pictures.folder, f"{pictures.prefix}{_written(number, pictures.digits, pictures.signed_apart)}{pictures.suffix}")


def first_picture(pictures: Pictures) -> Path:
    """Stands for all of them where a file is named."""
    return _path(pictures, 0)
