"""Adds elements to an XML document that was read, and leaves every other byte of it as it was: declaration, document type, comments,
white space and spelling are nobody's to rewrite. What is added goes right before the next element or the end of its parent, so a program
that takes it out again, with the white space behind it, gets the document that was read.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, tostring
from xml.parsers import expat
from xml.sax.saxutils import escape

from ..errors import UnreadableTimeline
from .xml_safe import parse_xml

_START_TAG = re.compile(rb"<([^\s/>]+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WHITE = re.compile(rb"\s*")
_END_OF_WHITE = re.compile(rb"\s*\Z")
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
# Where one element ends and the next begins: what is put around the first ends, then what is added, then what is put around the other.
_BEHIND, _BETWEEN, _BEFORE = range(3)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Where an element lies in the document, in bytes of UTF-8."""

    start: int
    close: int  # where its end tag begins
    end: int
    empty: bool  # written as one tag, which ends at `close` and `end`


@dataclass(slots=True)
class XmlEdits:
    """A document and what is added to it. Elements of `root` name the places; the tree itself is not changed."""

    root: Element
    _bytes: bytes  # in UTF-8
    _mark: bytes
    _encoding: str
    _spans: dict[Element, _Span]
    _added: list[tuple[int, int, bytes]] = field(default_factory=list)  # (place, which comes first there, text), in the order of asking
    _replaced: list[tuple[int, int, bytes]] = field(default_factory=list)  # (from, to, text)
    _filled: dict[Element, list[bytes]] = field(default_factory=dict)  # elements written as one tag, with what they get

    def add(self, parent: Element, new: Element, before: Element | None = None) -> None:
        """Puts a new element among the children of one; before = one of them, None = at the end."""
        span = self._spans[parent]
        if span.empty:
            self._filled.setdefault(parent, []).append(_text(new))
            return
        place = span.close if before is None else self._spans[before].start
        white = _END_OF_WHITE.search(self._bytes, max(0, place - 200), place)
        self._added.append((place, _BETWEEN, _text(new) + (white[0] if white else b"")))

    def wrap(self, element: Element, before: str, after: str) -> None:
        """Puts text right around an element."""
        span = self._spans[element]
        self._added += [(span.start, _BEFORE, before.encode()), (span.end, _BEHIND, after.encode())]

    def remove(self, element: Element) -> None:
        """Takes an element out, with the white space that `add` puts behind one."""
        span = self._spans[element]
        white = _WHITE.match(self._bytes, span.end)
        self._replaced.append((span.start, white.end() if white else span.end, b""))

    def set_text(self, element: Element, text: str) -> None:
        """Gives an element without children another text."""
        span = self._spans[element]
        if span.empty:
            self._filled[element] = [_escaped(text)]
        else:
            self._replaced.append((self._tag(span).end(), span.close, _escaped(text)))

    def set_attribute(self, element: Element, name: str, value: str) -> None:
        """Gives an element's attribute another value, or the attribute."""
        tag = self._tag(self._spans[element])
        written = b' %s="%s"' % (name.encode(), _escaped(value))
        found = re.compile(rb"\s%s\s*=\s*(?:\"[^\"]*\"|'[^']*')" % re.escape(name.encode())).search(tag[0])
        start, end = (tag.start() + found.start(), tag.start() + found.end()) if found else (tag.end(1), tag.end(1))
        self._replaced.append((start, end, written))

    def _tag(self, span: _Span) -> re.Match[bytes]:
        found = _START_TAG.match(self._bytes, span.start)
        assert found is not None
        return found

    def result(self) -> bytes:
        """The document with all that was added, in its own encoding."""
        edits = [(place, place, text) for place, _, text in sorted(self._added, key=lambda each: each[:2])] + self._replaced
        for element, texts in self._filled.items():
            span = self._spans[element]
            edits.append((span.end - 2, span.end, b">" + b"".join(texts) + b"</" + self._tag(span)[1] + b">"))
        pieces, position = [], 0
        for start, end, text in sorted(edits, key=lambda each: each[:1]):
            pieces += [self._bytes[position:start], text]
            position = end
        whole = b"".join([*pieces, self._bytes[position:]])
        return self._mark + whole.decode().encode(self._encoding, errors="xmlcharrefreplace")


def edits_of(data: bytes, root_name: str) -> XmlEdits:
    """Raises: UnreadableTimeline."""
    root = parse_xml(data, root_name)
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", ""))
    declared = _DECLARED.match(data)
    encoding = encoding or (declared[1].decode() if declared else "utf-8")
    try:
        text = data[len(mark) :].decode(encoding).encode()
    except (LookupError, UnicodeError) as error:
        raise UnreadableTimeline("xml.unreadable", error=error) from error
    spans = dict(zip(root.iter(), _spans_of(text), strict=True))
    return XmlEdits(root=root, _bytes=text, _mark=mark, _encoding=encoding, _spans=spans)


def _spans_of(text: bytes) -> list[_Span]:
    """Of every element, in the order of their start tags."""
    starts: list[int] = []
    spans: dict[int, _Span] = {}
    opened: list[int] = []
    parser = expat.ParserCreate("utf-8")

    def start(_name: str, _attributes: object) -> None:
        opened.append(len(starts))
        starts.append(parser.CurrentByteIndex)

    def end(_name: str) -> None:
        number, place = opened.pop(), parser.CurrentByteIndex
        tag = _START_TAG.match(text, starts[number])
        empty = tag is not None and tag[0].endswith(b"/>")
        finish = tag.end() if empty and tag is not None else text.index(b">", place) + 1
        spans[number] = _Span(start=starts[number], close=finish if empty else place, end=finish, empty=empty)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(text, True)
    return [spans[number] for number in range(len(starts))]


def _escaped(text: str) -> bytes:
    return escape(text, {'"': "&quot;"}).encode()


def _text(element: Element) -> bytes:
    """Names of files may hold what XML cannot: it stands as U+FFFD there."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", tostring(element, encoding="unicode")).encode()
