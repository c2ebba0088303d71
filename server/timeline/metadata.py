"""Reads and writes the product's own metadata in a timeline, under "heygem", so that a second round trip finds it.

clip          id: the host's id of the clip, or one that publishing gave it · original: key of the reference that is no take
reference     take, job, version, settings: of the take that the reference is · first: what the take's own timecode calls its first
              frame, as a count of frames; the range of the reference counts the clip's source time instead
clip (above)  the same, and of: the id of the clip that the take covers
track         takes: true — made by publishing · cues: true — the lines of a cue sheet
clip (line)   cue, character: of the cue sheet
clip (in)     channels: of its file that a sound plays, counted from 1 through all tracks · host_only: why only an editor can play it ·
              absolute: its source times are the media's own timecode · reel, event: of an edit list, the event counted from 0
timeline      drop_frame: whether its timecode is drop-frame
anything      problem, kept: set by reading where a piece could not be understood; `kept` is that piece, written back unchanged
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

NAMESPACE = "heygem"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_MOST_LISTED = 24 * 3600 * 120


def own_value(thing: Any, name: str) -> Any:
    """A value of ours in the metadata of an OTIO object, or None. Metadata of others may have any form."""
    ours = _namespace(thing, NAMESPACE)
    return None if ours is None else _get(ours, name)


def own_text(thing: Any, name: str) -> str | None:
    """The same where it is a text that is not empty, else None."""
    return _text(own_value(thing, name))


def own_values(thing: Any) -> Mapping[str, Any]:
    """All of ours in the metadata of an OTIO object, read once: each look-up in OTIO's own costs as much as all of them."""
    ours = _namespace(thing, NAMESPACE)
    return _NOTHING if ours is None else _all(ours)


def text_in(values: Mapping[str, Any], name: str) -> str | None:
    """Of `own_values`: a text that is not empty, else None."""
    return _text(values.get(name))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def set_own_values(thing: Any, **values: Any) -> None:
    """Adds to our metadata; None removes."""
    metadata = thing.metadata
    there = _get(metadata, NAMESPACE) if len(metadata) else None
    ours = _all(there) | values if hasattr(there, "keys") else values
    ours = {name: value for name, value in ours.items() if value is not None}
    if ours or there is not None:
        metadata[NAMESPACE] = ours


def has_namespace(thing: Any, name: str) -> bool:
    """Whether an editor left metadata under that name."""
    return thing is not None and _get(thing.metadata, name) is not None


def editor_value(thing: Any, namespace: str, name: str) -> Any:
    """A value of an editor's metadata, such as ("Resolve_OTIO", "Link Group ID"), or None."""
    values = _namespace(thing, namespace)
    return None if values is None else _get(values, name)


def editor_list(thing: Any, name: str) -> list[Any]:
    """A list that an editor wrote straight into the metadata of an object, or an empty one. Not of more than a day's frames."""
    values = _get(thing.metadata, name)
    listed = isinstance(values, list) or hasattr(values, "append")
    return list(values) if listed and len(values) <= _MOST_LISTED else []


def _namespace(thing: Any, name: str) -> Any:
    values = _get(thing.metadata, name) if thing is not None else None
    return values if hasattr(values, "keys") else None


def _get(values: Any, name: str) -> Any:
    """Looked up by going through the keys, as many as there are: what is absent, and the end of an iteration, throws in OTIO's C++, which
    takes longer than all the rest."""
    count = len(values)
    return next((values[key] for key in islice(values, count) if key == name), None) if count else None


def _all(values: Any) -> dict[str, Any]:
    return {key: values[key] for key in islice(values, len(values))}
