"""Parses XML of strangers: no document types with entities, no outside references, bounded size, depth and count."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from ..errors import UnreadableTimeline
from ..exact_time import bounded_number

MAX_BYTES = 256 * 1024**2
MAX_DEPTH = 300
MAX_ELEMENTS = 4_000_000  # and attributes


def parse_xml(data: bytes, root_name: str) -> Element:
    """The root element. Raises: UnreadableTimeline."""
    import defusedxml.ElementTree as safe
    from defusedxml.common import DefusedXmlException

    if len(data) > MAX_BYTES:
        raise UnreadableTimeline("timeline.too-large", most_mb=MAX_BYTES // 1024**2)
    parser: Any = safe.XMLParser(target=_Bounded(), forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise UnreadableTimeline("xml.entities") from error
    except (SyntaxError, ValueError) as error:
        raise UnreadableTimeline("xml.unreadable", error=error) from error
    if root.tag != root_name:
        raise UnreadableTimeline("xml.other-root", found=root.tag[:40], wanted=root_name)
    return root


class _Bounded:
    """Builds a tree up to the limits."""

    def __init__(self) -> None:
        from xml.etree.ElementTree import TreeBuilder

        self._builder = TreeBuilder()
        self._depth = self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> Any:
        self._depth, self._count = self._depth + 1, self._count + 1 + len(attributes)
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise UnreadableTimeline("xml.too-deep")
        return self._builder.start(tag, attributes)

    def end(self, tag: str) -> Any:
        self._depth -= 1
        return self._builder.end(tag)

    def data(self, text: str) -> None:
        self._builder.data(text)

    def close(self) -> Element:
        return self._builder.close()


def text_of(element: Element | None, path: str) -> str:
    """The stripped text of a descendant, "" where it is absent."""
    if element is None:
        return ""
    if "/" not in path or "[" in path:
        return (element.findtext(path) or "").strip()
    first, rest = path.split("/", 1)  # step by step, which C does: most elements have nothing of what is asked for
    inner = element.find(first)
    if inner is None:
        return ""
    text = inner.findtext(rest)
    return ((element.findtext(path) if text is None else text) or "").strip()


def number_of(element: Element | None, path: str) -> Fraction | None:
    """A number in the text of a descendant, None where it is absent or no number."""
    return number(text_of(element, path))


def number(text: str | None) -> Fraction | None:
    """A number as programs write it: 25, -0.5, 1e-3, 1001/30000; None where the text is none.

    Raises: UnreadableTimeline — one that no program writes: worked out, it may have millions of digits.
    """
    return bounded_number(text.strip()) if text else None


def url_in(text: str | None) -> str | None:
    """A URL of a document; one from where the document lies as a path from there. None = it is empty."""
    return unquote(text[2:]) if text and text.startswith("./") else text or None


def time_of(text: str | None, default: Fraction = Fraction(0)) -> Fraction:
    """Seconds of a time of FCPXML, such as "1001/30000s" or "5s"."""
    value = _seconds_in(text) if text else None
    return default if value is None else value


@lru_cache(maxsize=65_536)
def _seconds_in(text: str) -> Fraction | None:
    return number(text.strip().removesuffix("s"))
