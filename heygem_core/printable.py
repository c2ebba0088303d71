"""Makes a text of others safe to show: names of files, clips and jobs may hold what a terminal obeys, or what turns the text behind it
around.

Everything that goes to a terminal or a log and was not written by us passes `printable`; a name that is kept passes `printable_name`.
"""

from __future__ import annotations

import re
import unicodedata

_SEQUENCES = re.compile(  # of a terminal: colours and moves, titles and links, two letters; in seven bits or eight
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-Z\\\\^-~]"
)
_BLANK = frozenset({"Cc", "Zl", "Zp"})  # control characters, line and paragraph separators
_TURNS_TEXT = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # “gpj.exe” shown as “exe.jpg”

_NOT_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{''.join(_TURNS_TEXT)}]")  # those below a space stand so already


def printable(text: object) -> str:
    """One line without control characters, commands for terminals, marks that turn text around, and halves of characters."""
    plain = str(text)
    if plain.isascii() and plain.isprintable():
        return plain
    return "".join(map(_shown, _SEQUENCES.sub("", plain)))


def printable_lines(text: object) -> str:
    """The same of a text of several lines, which stay."""
    return "\n".join(map(printable, str(text).splitlines()))


def printable_json(document: bytes) -> str:
    """The same document; what a terminal would obey stands in it as \\uXXXX."""
    return _NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document.decode())


def printable_name(text: str) -> str:
    """The same of a name that is kept, with single spaces."""
    return " ".join(printable(text).split())


def _shown(letter: str) -> str:
    kind = unicodedata.category(letter)
    return "" if letter in _TURNS_TEXT else " " if kind in _BLANK else "\ufffd" if kind == "Cs" else letter
