"""Reads and writes OpenTimelineIO's own JSON: `.otio` files and the documents that panels send.

OTIO refuses a whole document for one object it does not know. Here each piece that it refuses is replaced by a clip without
media of the same length, so that nothing moves; the piece itself travels along and is written back as it came.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import opentimelineio as otio

from heygem_core.messages import words

from ..errors import UnreadableTimeline
from ..metadata import NAMESPACE

MAX_BYTES = 256 * 1024**2
MAX_DEPTH = 120  # of JSON; a nest of clips takes about four levels
MAX_OBJECTS = 4_000_000
MAX_VALUES = 8_000_000  # of any kind, by their commas and brackets: counted before anything is made of them


def read_native(data: bytes) -> tuple[Any, list[str]]:
    """(timeline, notices) of an OTIO document. Raises: UnreadableTimeline."""
    notices: list[str] = []
    document = _parse(data, notices)
    try:
        root = _decode(document)
    except MemoryError:  # replacing pieces would need more
        raise
    except Exception:
        _replace_unknown(document, notices)
        try:
            root = _decode(document)
        except MemoryError:
            raise
        except Exception as error:
            raise UnreadableTimeline("otio.unreadable", error=_first_line(error)) from error
    return as_timeline(root), notices


def write_native(timeline: Any) -> str:
    """The document as text, pieces that were not understood put back."""
    text: str = timeline.to_json_string(indent=4)
    if f'"{NAMESPACE}"' not in text or ('"kept"' not in text and '"effects": "' not in text):
        return text
    return json.dumps(_restore(json.loads(text)), indent=4)


def as_timeline(root: Any) -> Any:
    """A timeline from whatever the document's root is. Raises: UnreadableTimeline."""
    if isinstance(root, otio.schema.Timeline):
        return root
    if isinstance(root, otio.schema.SerializableCollection):
        timelines = [item for item in root if isinstance(item, otio.schema.Timeline)]
        if len(timelines) == 1:
            return timelines[0]
        raise UnreadableTimeline("timeline.several", timelines=len(timelines))
    timeline = otio.schema.Timeline(name=getattr(root, "name", ""))
    if isinstance(root, otio.schema.Stack):
        timeline.tracks = root
    elif isinstance(root, otio.schema.Track):
        timeline.tracks.append(root)
    elif isinstance(root, otio.core.Composable):
        timeline.tracks.append(otio.schema.Track(children=[root], kind=otio.schema.TrackKind.Video))
    else:
        raise UnreadableTimeline("timeline.none-in-document")
    return timeline


def _parse(data: bytes, notices: list[str]) -> Any:
    if len(data) > MAX_BYTES:
        raise UnreadableTimeline("timeline.too-large", most_mb=MAX_BYTES // 1024**2)
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise UnreadableTimeline("timeline.holds-too-much")
    try:
        document = _loads(data.decode("utf-8-sig"))
    except RecursionError as error:
        raise UnreadableTimeline("timeline.nested-too-deeply") from error
    except ValueError as error:
        raise UnreadableTimeline("otio.unreadable", error=_first_line(error)) from error
    if not isinstance(document, dict) or "OTIO_SCHEMA" not in document:
        raise UnreadableTimeline("otio.no-schema")
    known, lowered = dict(otio.core.type_version_map()), set[str]()
    for count, (value, depth) in enumerate(_containers(document)):
        if depth > MAX_DEPTH:
            raise UnreadableTimeline("timeline.too-many-levels", most=MAX_DEPTH)
        if count > MAX_OBJECTS:
            raise UnreadableTimeline("timeline.holds-too-much")
        if isinstance(value, dict):
            _make_finite(value)
            _lower_version(value, known, lowered)
    if lowered:
        notices.append(words("otio.newer", names=sorted(lowered)))
    return document


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # OTIO itself writes infinity as Inf, which is no JSON and which Python does not read.
        return json.loads(re.sub(r"(?<=[:\[,\s])(-?)Inf(?=[\s,\]}])", r"\1Infinity", text))


def _containers(document: Any) -> Iterator[tuple[Any, int]]:
    """Every dict and list with its depth, parents first, without recursion."""
    waiting: list[tuple[Any, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        inside = value.values() if isinstance(value, dict) else value
        waiting.extend((item, depth + 1) for item in inside if isinstance(item, (dict, list)))


def _make_finite(value: dict[str, Any]) -> None:
    """A time that is NaN or infinite gets a rate of 0, which is reported where it is used."""
    if str(value.get("OTIO_SCHEMA", "")).startswith("RationalTime"):
        numbers = [value.get("value"), value.get("rate")]
        if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
            value["value"] = value["rate"] = 0.0


def _lower_version(value: dict[str, Any], known: dict[str, int], lowered: set[str]) -> None:
    """An object of a newer OTIO than ours is read as the newest that we know; what was added to it is left out."""
    schema = value.get("OTIO_SCHEMA")
    if not isinstance(schema, str):
        return
    name, _, version = schema.rpartition(".")
    if name == "Marker" and isinstance(value.get("color"), dict):
        value["color"] = str(value["color"].get("name") or "RED")
    if name in known and version.isdigit() and len(version) < 6 and int(version) > known[name]:
        value["OTIO_SCHEMA"] = f"{name}.{known[name]}"
        lowered.add(schema)


def _decode(document: Any) -> Any:
    return otio.core.deserialize_json_from_string(json.dumps(document))


def _replace_unknown(composition: dict[str, Any], notices: list[str]) -> None:
    """Replaces, innermost first, each child that OTIO refuses. Depth is bounded by MAX_DEPTH."""
    if isinstance(composition.get("tracks"), dict):
        _replace_unknown(composition["tracks"], notices)
    children = composition.get("children")
    if not isinstance(children, list):
        return
    for place, child in enumerate(children):
        if isinstance(child, dict):
            _replace_unknown(child, notices)
            _set_effects_aside(child)
        try:
            if not isinstance(_decode(child), otio.core.Composable):
                raise ValueError("it is nothing that can stand in a track")
        except Exception as error:
            children[place] = _placeholder(child, _first_line(error))
            notices.append(words("otio.not-understood", name=children[place]["name"]))


def _set_effects_aside(child: dict[str, Any]) -> None:
    """Effects that OTIO refuses travel as text; one that sounds like a retime makes the clip the editor's."""
    effects = child.get("effects")
    if not isinstance(effects, list):
        return
    unknown = [each for each in effects if not _is_effect(each)]
    if not unknown or not isinstance(child.setdefault("metadata", {}), dict):
        return
    child["effects"] = [each for each in effects if each not in unknown]
    ours = child["metadata"].setdefault(NAMESPACE, {})
    if isinstance(ours, dict):
        ours["effects"] = json.dumps(effects)
        if any(word in json.dumps(unknown).lower() for word in ("time", "speed", "warp", "freeze")):
            ours["host_only"] = words("clip.unknown-speed")


def _is_effect(value: Any) -> bool:
    try:
        return isinstance(_decode(value), otio.schema.Effect)
    except Exception:
        return False


def _placeholder(child: Any, reason: str) -> dict[str, Any]:
    """A clip without media as long as the piece it stands for."""
    piece = child if isinstance(child, dict) else {}
    schema, name, source_range = str(piece.get("OTIO_SCHEMA", "no object")), piece.get("name"), piece.get("source_range")
    try:
        _decode(source_range)
    except Exception:
        source_range = None
    return {
        "OTIO_SCHEMA": "Clip.1",
        "name": name if isinstance(name, str) and name else schema,
        "source_range": source_range,
        "media_reference": {"OTIO_SCHEMA": "MissingReference.1"},
        "metadata": {NAMESPACE: {"problem": words("clip.not-understood", kind=schema, reason=reason), "kept": json.dumps(child)}},
    }


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        return [_restore(item) for item in value]
    if not isinstance(value, dict):
        return value
    ours = value.get("metadata", {}).get(NAMESPACE) if isinstance(value.get("metadata"), dict) else None
    kept = _parsed_text(ours, "kept")
    if kept is not None:
        return kept
    whole = {name: _restore(item) for name, item in value.items()}
    effects = _parsed_text(ours, "effects")
    if effects is not None:
        whole["effects"] = effects
        for name in ("effects", "host_only"):
            whole["metadata"][NAMESPACE].pop(name, None)
    return whole


def _parsed_text(ours: Any, name: str) -> Any:
    text = ours.get(name) if isinstance(ours, dict) else None
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _first_line(error: Exception) -> str:
    return str(error).strip("\"'").splitlines()[0][:200].rstrip(".") if str(error) else type(error).__name__
