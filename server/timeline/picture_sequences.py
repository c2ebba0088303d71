"""Finds numbered pictures that a clip plays as a film: OpenTimelineIO's own references to them, and paths with a place for the number
(`shot.%04d.png`, `shot.####.png`, `shot.[001-240].png`). They become one file before anything is rendered of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
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
from .locate import Locator, name_of, path_of

_PICTURES = {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".tga", ".dpx", ".exr", ".cin", ".jp2", ".j2k"}
MAX_PICTURES = 200_000
_MOST_DIGITS = 12
_PLACES = (
    re.compile(r"(?P<prefix>[^%]*)%0?(?P<digits>\d{0,2})d(?P<suffix>\.\w{1,8})"),
    re.compile(r"(?P<prefix>[^#]*)(?P<marks>#{1,12})(?P<suffix>\.\w{1,8})"),
    re.compile(r"(?P<prefix>[^\[\]]*)\[(?P<first>\d{1,12})-(?P<last>\d{1,12})\](?P<suffix>\.\w{1,8})"),
)


class Numbered(Struct, frozen=True, kw_only=True):
    """What a reference says of its pictures, before they are looked for."""

    folder: str  # as the timeline writes it, with its last slash; empty = it says none
    prefix: str
    suffix: str
    digits: int
    first: int | None = None  # None = the lowest that there is
    count: int | None = None  # frames; None = as far as they go on
    step: int = 1  # each picture stands for so many frames


def numbered_in(reference: Any) -> Numbered | None:
    """None = the reference means one file. Raises: MediaNotFound — no path at all."""
    if isinstance(reference, otio.schema.ImageSequenceReference):
        available = reference.available_range
        count = None if available is None else round_half_up(exact_seconds(available.duration) * exact_rate(available.duration.rate))
        base = path_of(reference.target_url_base) if reference.target_url_base else ""
        return Numbered(
            folder=base if not base or base.endswith(("/", "\\")) else base + "/",
            prefix=reference.name_prefix,
            suffix=reference.name_suffix,
            digits=min(max(reference.frame_zero_padding, 0), _MOST_DIGITS),
            first=reference.start_frame,
            count=count,
            step=max(1, reference.frame_step),
        )
    url = getattr(reference, "target_url", None) or ""
    path = path_of(url) if url else getattr(reference, "name", "") or ""
    name = name_of(path)
    for place in _PLACES:
        match = place.fullmatch(name)
        if match is not None and match["suffix"].lower() in _PICTURES:
            said = match.groupdict()
            first, last = said.get("first"), said.get("last")
            return Numbered(
                folder=path[: len(path) - len(name)],
                prefix=said["prefix"],
                suffix=said["suffix"],
                digits=min(len(first or said.get("marks") or "") or int(said.get("digits") or 0), _MOST_DIGITS),
                first=None if first is None else int(first),
                count=None if first is None or last is None else int(last) - int(first) + 1,
            )
    return None


def find_pictures(asked: Numbered, reference: Any, locator: Locator, rate: Fraction) -> Pictures:
    """The pictures on this machine; rate: of the clip, where the reference says none. Raises: MediaNotFound — one of them is nowhere."""
    first = asked.first
    if first is None:
        first = locator.lowest_number(asked.folder, asked.prefix, asked.suffix)
    name = f"{asked.prefix}{first:0{asked.digits}d}{asked.suffix}"
    at = locator.locate(asked.folder + name) if asked.folder else locator.locate_name(name)
    known = Pictures(
        folder=str(at.parent),
        prefix=asked.prefix,
        suffix=asked.suffix,
        digits=asked.digits,
        first=first,
        count=1,
        step=asked.step,
        rate=rate,
    )
    count = asked.count if asked.count is not None else MAX_PICTURES
    if not 0 < count <= MAX_PICTURES:
        raise MediaNotFound("media.pictures-many", file=name, most=MAX_PICTURES)
    missing = next((path for path in _files(known, count) if not locator.holds(path)), None)
    if missing is not None and asked.count is not None:
        raise MediaNotFound("media.picture-missing", file=missing.name, first=name, count=count)
    if missing is not None:
        count = next(number for number, path in enumerate(_files(known, count)) if path == missing) * asked.step
    own, start = _own_times(reference, rate)
    begins = known.first if start is None else round_half_up(start * own)
    return msgspec.structs.replace(known, count=count, rate=own, start_timecode=_named(begins, own))


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
        if available is not None:
            return exact_rate(available.start_time.rate), exact_seconds(available.start_time)
        own = getattr(reference, "rate", None)
        return (exact_rate(own) if own is not None and own > 1 else rate), None
    except BadTime:
        return rate, None


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
    return Path(pictures.folder, f"{pictures.prefix}{number:0{pictures.digits}d}{pictures.suffix}")


def first_picture(pictures: Pictures) -> Path:
    """Stands for all of them where a file is named."""
    return _path(pictures, 0)
