"""The timeline formats by name. Another package adds one as an entry point of the group `heygem.timeline_formats`: a `Format`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from heygem_core.registry import Registry

from .format import Format

FORMATS: Registry[Format] = Registry(
    "heygem.timeline_formats",
    kind=Format,
    called="thing.timeline-format",
    own={name: f"{__package__}.{name}:FORMAT" for name in ("otio", "otioz", "fcpxml", "fcp7", "edl", "aaf")},
)

FormatName: TypeAlias = Annotated[str, Meta(extra_json_schema=FORMATS.json_schema)]
"""A name in `FORMATS`. Decoding takes any text: whoever uses it looks it up, which says what there is."""


def readable() -> dict[str, Format]:
    """The formats that timelines are read from, by name."""
    return {name: row for name, row in FORMATS.all().items() if row.read is not None}


def writable() -> dict[str, Format]:
    """The formats that timelines are written in, by name."""
    return {name: row for name, row in FORMATS.all().items() if row.write is not None}


def with_suffix(suffix: str) -> Format | None:
    """The format of files with that ending, shared or not; the first of several."""
    return next((row for row in FORMATS.all().values() if suffix.lower() in row.all_suffixes), None)


def suffixes_of(formats: dict[str, Format], last_word: str = "or") -> str:
    """“.otio, .fcpxml or .edl”, for sentences."""
    *others, last = [suffix for row in formats.values() for suffix in row.suffixes]
    return f"{', '.join(others)} {last_word} {last}" if others else last
