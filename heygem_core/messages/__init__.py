"""What people are told, as codes with parameters; one file per language holds the sentences (`en.toml`, `zh.toml`), and is found there.

Errors, notices and reasons travel as a `Message`: a code, its parameters, and the English sentence for programs. The sentence that a
person reads is made where it is shown, in their language, by `say`. The same file tells of the language itself (`[language]`) and holds
the texts of the server's page (`[page]`), whose English ones are the page's own (`server/web/text/en.js`).

A template holds `{name}` where the parameter of that name goes. A parameter is text, a number, another `Message`, or a list of those.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ..printable import printable_lines

LANGUAGES: tuple[str, ...] = (
    "en",
    *sorted({Path(file.name).stem for file in files(__package__).iterdir() if file.name.endswith(".toml")} - {"en"}),
)
if TYPE_CHECKING:
    Language = str
else:
    Language = Literal[LANGUAGES]  # so that requests which name another are refused

_GAP = re.compile(r"\{(\w+)\}")
_LEAST_TELLING = 14  # letters beside the parameters by which a sentence is known again


class Spoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A language, as its own file tells of it."""

    name: str  # of the file
    tag: str  # BCP 47, by which numbers and dates are written
    title: str  # in the language itself
    between: str  # the parts of a list


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a person is told."""

    code: str | None = None  # None = a sentence that no catalogue holds: of an older version, or of another program
    params: dict[str, Any] = {}  # JSON; a message within a message is an object with these three fields
    message: str  # in English

    def __str__(self) -> str:
        return self.message


def tell(code: str, /, **params: Any) -> Message:
    """The message of a code. Raises: KeyError — the catalogue has no such code."""
    given = {name: _json(value) for name, value in params.items()}
    return Message(code=code, params=given, message=_fill(catalogue("en")[code], given, "en"))


def words(code: str, /, **params: Any) -> str:
    """The English sentence of a code, for where only text can be kept (a timeline's metadata); `known` makes it a message again."""
    return tell(code, **params).message


def plain(sentence: str) -> Message:
    """A sentence without a code, as another program said it."""
    return Message(message=sentence)


def as_message(said: Message | str) -> Message:
    """Text is a sentence without a code, of another package's engine or executor."""
    return said if isinstance(said, Message) else plain(said)


@lru_cache(maxsize=4096)
def known(sentence: str) -> Message:
    """The message of an English sentence, as older reports, databases and timelines hold it: its parameters are read back as texts."""
    for code, pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found is not None:
            return Message(code=code, params=found.groupdict(), message=sentence)
    return plain(sentence)


def with_codes(sentences: Sequence[str], messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages beside sentences; those that an older version wrote without are made from the sentences."""
    return tuple(messages) if len(messages) == len(sentences) else tuple(map(known, sentences))


def message_of(thing: Any) -> Message:
    """The message of anything that carries one beside other fields (a notice, a failure, a problem)."""
    return Message(code=thing.code, params=thing.params, message=thing.message)


def say(message: Message, language: Language) -> str:
    """The sentence in a language. What its catalogue lacks stays English: a newer program's code, or a sentence without one."""
    template = None if message.code is None else catalogue(language).get(message.code)
    return message.message if template is None else _fill(template, message.params, language)


@lru_cache
def _file(language: Language) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / f"{language}.toml").read_text("utf-8"))


@lru_cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Code → template."""
    return {code: template for code, template in _file(language).items() if isinstance(template, str)}


def page_texts(language: Language) -> Mapping[str, str]:
    """Key → text of the server's page; none in English, which the page has itself."""
    texts: dict[str, str] = _file(language).get("page", {})
    return texts


@lru_cache
def spoken(language: Language) -> Spoken:
    return msgspec.convert({"name": language, **_file(language)["language"]}, Spoken)


@lru_cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Each sentence as a pattern, the most telling first; what is hardly more than its parameters tells nothing."""
    telling = {code: len(_GAP.sub("", template)) for code, template in catalogue("en").items()}
    return [
        (code, _pattern(catalogue("en")[code]))
        for code in sorted(telling, key=lambda code: -telling[code])
        if telling[code] >= _LEAST_TELLING or not _GAP.search(catalogue("en")[code])
    ]


def _pattern(template: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def gap(found: re.Match[str]) -> str:
        again = found[1] in seen
        seen.add(found[1])
        return f"(?P={found[1]})" if again else f"(?P<{found[1]}>.+?)"

    pieces = re.split(r"(\{\w+\})", template)
    return re.compile("".join(_GAP.sub(gap, piece) if _GAP.fullmatch(piece) else re.escape(piece) for piece in pieces), re.DOTALL)


def language_here(environment: Mapping[str, str] = os.environ) -> Language:
    """The language of a terminal's user, by POSIX' rule: LC_ALL, else LC_MESSAGES, else LANG."""
    tag = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return language_of(tag)


def here(message: Message) -> str:
    """The sentence for whoever sits at this terminal, which obeys nothing that stands in it."""
    safe = Message(code=message.code, params=_printable(message.params), message=printable_lines(message.message))
    return say(safe, language_here())


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _printable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(each) for each in value]
    return printable_lines(value) if isinstance(value, str) else value


def language_of(tag: str) -> Language:
    """zh_CN.UTF-8, zh-Hans … are Chinese; what is not known is English."""
    name = re.split(r"[^a-z]", tag.lower(), maxsplit=1)[0]
    return next((language for language in LANGUAGES if language == name), "en")


def _fill(template: str, params: Mapping[str, Any], language: Language) -> str:
    def text(gap: re.Match[str]) -> str:
        return _text(params[gap[1]], language) if gap[1] in params else gap[0]

    return _GAP.sub(text, template)


def _text(value: Any, language: Language) -> str:
    if isinstance(value, dict):
        return say(msgspec.convert(value, Message), language)
    if isinstance(value, list):
        return spoken(language).between.join(_text(each, language) for each in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _json(value: Any) -> Any:
    """A parameter as it travels: JSON's own types, messages as objects, all else as its text."""
    said = getattr(value, "said", value)  # of an error
    if isinstance(said, Message):
        return msgspec.to_builtins(said)
    if isinstance(value, str | bool | int | float):
        return value.value if hasattr(value, "value") else value
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(each) for each in value]
    if hasattr(value, "item"):  # a number of numpy's or torch's
        return value.item()
    return str(value)
