"""What was recorded is still there; what came since is nobody's harm."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def lost(recorded: Any, now: Any, place: str = "", *, tolerance: float = 0.0) -> Iterator[str]:
    """Where `now` no longer says what was recorded, a line each: keys may be added to objects, lists and values are the same."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for key, value in recorded.items():
            if key not in now:
                yield f"{place}.{key} is gone"
            else:
                yield from lost(value, now[key], f"{place}.{key}", tolerance=tolerance)
    elif isinstance(recorded, list) and isinstance(now, list):
        if len(recorded) != len(now):
            yield f"{place} has {len(now)} entries instead of {len(recorded)}"
        for number, (before, after) in enumerate(zip(recorded, now, strict=False)):
            yield from lost(before, after, f"{place}[{number}]", tolerance=tolerance)
    elif not _equal(recorded, now, tolerance):
        yield f"{place} is {now!r} instead of {recorded!r}"


def _equal(recorded: Any, now: Any, tolerance: float) -> bool:
    numbers = (int, float)
    if isinstance(recorded, numbers) and isinstance(now, numbers) and not isinstance(recorded, bool) and not isinstance(now, bool):
        return recorded == now or math.isclose(recorded, now, abs_tol=tolerance, rel_tol=0)
    return type(recorded) is type(now) and recorded == now


_WORDS = frozenset({"title", "description", "summary", "examples", "version", "license"})
"""What documents say for people: it may be said better."""

OPENED: frozenset[str] = frozenset()
"""Properties whose values are no longer a closed list but come from a registry. Such a property may become any text; the values that were
recorded must then be shown to work by a test of their own."""


class Schemas:
    """Two documents with JSON Schemas, compared without regard to the names of their components, which are the program's own."""

    def __init__(self, recorded: dict[str, Any], now: dict[str, Any]) -> None:
        self._documents = (recorded, now)
        self._compared: set[tuple[int, int, bool]] = set()
        self._kept: list[Any] = []  # ids are only unique while their objects live

    def lost(self, recorded: Any, now: Any, place: str, *, sent_to_us: bool) -> Iterator[str]:
        """Where a client of then would fail today. sent_to_us: the client writes it, so nothing more may be required of it."""
        recorded, now = self._resolved(recorded, 0), self._resolved(now, 1)
        if not (isinstance(recorded, dict) and isinstance(now, dict)):
            yield from lost(recorded, now, place)
            return
        known = (id(recorded), id(now), sent_to_us)
        if known in self._compared:
            return
        self._compared.add(known)
        self._kept += [recorded, now]
        name = place.rpartition(".")[2].removesuffix("[]").removesuffix("?")
        for key, value in recorded.items():
            if key in _WORDS:
                continue
            if key not in now:
                if not (key == "enum" and name in OPENED):
                    yield f"{place}: “{key}” is gone"
            elif key == "properties":
                yield from self._properties(value, now[key], place, sent_to_us)
            elif key in ("anyOf", "oneOf", "allOf"):
                yield from self._choices(value, now[key], place, sent_to_us)
            elif key == "enum":
                yield from (f"{place}: the value {each!r} is gone" for each in value if each not in now[key])
            elif key == "required":
                yield from self._required(recorded, now, place, sent_to_us)
            elif key == "discriminator":
                yield from self._discriminator(value, now[key], place)
            elif key in ("items", "additionalProperties"):
                yield from self.lost(value, now[key], f"{place}[]", sent_to_us=sent_to_us)
            elif key == "prefixItems":
                for number, (one, other) in enumerate(zip(value, now[key], strict=False)):
                    yield from self.lost(one, other, f"{place}[{number}]", sent_to_us=sent_to_us)
                yield from lost(len(value), len(now[key]), f"{place} length")
            else:
                yield from lost(value, now[key], f"{place}: {key}")
        if sent_to_us and "required" not in recorded:
            yield from self._required(recorded, now, place, sent_to_us)
        if sent_to_us:
            limits = {"enum", "pattern", "maxLength", "minLength", "maximum", "minimum", "maxItems", "minItems", "exclusiveMinimum"}
            yield from (f"{place}: “{key}” limits what could be sent before" for key in sorted((limits & now.keys()) - recorded.keys()))

    def _properties(self, recorded: dict[str, Any], now: dict[str, Any], place: str, sent_to_us: bool) -> Iterator[str]:
        for name, schema in recorded.items():
            if name not in now:
                yield f"{place}.{name} is gone"
            else:
                yield from self.lost(schema, now[name], f"{place}.{name}", sent_to_us=sent_to_us)

    def _required(self, recorded: dict[str, Any], now: dict[str, Any], place: str, sent_to_us: bool) -> Iterator[str]:
        before, after = set(recorded.get("required", ())), set(now.get("required", ()))
        if not sent_to_us:
            yield from (f"{place}.{name} is no longer always there" for name in sorted(before - after))
        else:
            yield from (f"{place}.{name} must be given now" for name in sorted(after - before))

    def _choices(self, recorded: list[Any], now: list[Any], place: str, sent_to_us: bool) -> Iterator[str]:
        """Each alternative of then is one of today's: the one with the same tag, or any that has lost nothing."""
        for number, schema in enumerate(recorded):
            tag = self._tag(schema, 0)
            same = [each for each in now if tag is not None and self._tag(each, 1) == tag]
            if tag is not None and not same:
                yield f"{place}: the message {tag!r} is gone"
            elif same:
                yield from self.lost(schema, same[0], f"{place}<{tag[1]}>", sent_to_us=sent_to_us)
            else:
                tries = [
                    list(Schemas(*self._documents).lost(schema, each, f"{place}?", sent_to_us=sent_to_us))
                    for each in now
                    if _type(self._resolved(each, 1)) == _type(self._resolved(schema, 0))
                ]
                best = min(tries, key=len, default=[f"{place}: alternative {number} is gone: {schema}"])
                yield from best

    def _tag(self, schema: Any, which: int) -> tuple[str, str] | None:
        """(field, value) that tells a message from others."""
        for name, each in self._resolved(schema, which).get("properties", {}).items():
            if (
                isinstance(each, dict)
                and (each.get("const") or len(each.get("enum", ())) == 1)
                and each.keys() <= {"const", "enum", "type"}
            ):
                return name, each.get("const") or each["enum"][0]
        return None

    def _discriminator(self, recorded: dict[str, Any], now: dict[str, Any], place: str) -> Iterator[str]:
        yield from lost(recorded["propertyName"], now["propertyName"], f"{place}: tag")
        yield from (f"{place}: the message “{tag}” is gone" for tag in recorded.get("mapping", {}) if tag not in now.get("mapping", {}))

    def _resolved(self, schema: Any, which: int) -> Any:
        while isinstance(schema, dict) and "$ref" in schema:
            found: Any = self._documents[which]
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found | {key: value for key, value in schema.items() if key != "$ref"}
        return schema


def _type(schema: Any) -> Any:
    return schema.get("type", "anything") if isinstance(schema, dict) else None
