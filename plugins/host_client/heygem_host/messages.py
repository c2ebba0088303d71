"""What people are told: a code with parameters, and its English sentence for programs.

The sentences are in messages.json and messages.others.json, copies of the panels' part of the catalogues. A sentence in another language
is made from code and parameters by whoever shows it: the server's page, or this panel's own window (`say`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

Message = dict[str, Any]
"""The protocol's Message: code (None = a sentence that no catalogue holds), params, message (in English)."""


def tell(code: str, /, **params: Any) -> Message:
    """The message of a code. Parameters: numbers, messages, lists of those, all else as its text. Raises: KeyError — no such code."""
    given = {name: _travelling(value) for name, value in params.items()}
    return {"code": code, "params": given, "message": _filled(catalogue("en")[code], given, "en", {})}


def plain(sentence: str) -> Message:
    """A sentence without a code, as somebody else said it."""
    return {"code": None, "params": {}, "message": sentence}


def say(said: Message | str, language: str = "en", others: Mapping[str, str] = {}) -> str:
    """The sentence in a language. `others`: sentences of codes that are not the panels' own. What neither holds stays English."""
    if isinstance(said, str):
        return said
    code = said.get("code")
    own = catalogue(language)
    template = own.get(code) or others.get(code) if isinstance(code, str) and language != "en" else None
    return str(said["message"]) if template is None else _filled(template, said.get("params") or {}, language, others)


def sentences(messages: Iterable[Message]) -> list[str]:
    """In English."""
    return [str(each["message"]) for each in messages]


def without_repeats(messages: Iterable[Message]) -> list[Message]:
    """Each sentence once, in their order."""
    return list({str(each["message"]): each for each in messages}.values())


def catalogue(language: str) -> dict[str, str]:
    """Code → template; English where there is no other of that name."""
    sentences: dict[str, str] = other_languages()[language]["sentences"] if language in other_languages() else _file("messages.json")
    return sentences


def other_languages() -> dict[str, Any]:
    """All languages but English: what stands between the parts of a list, and the sentences."""
    return _file("messages.others.json")


@lru_cache(maxsize=2)
def _file(name: str) -> dict[str, Any]:
    """It lies beside this one where it is installed, or where the repository keeps it."""
    folder = os.path.dirname(os.path.abspath(__file__))
    here = os.path.join(folder, name)
    with open(here if os.path.exists(here) else os.path.join(folder, "..", "..", "protocol", name), encoding="utf-8") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded


def _filled(template: str, params: Mapping[str, Any], language: str, others: Mapping[str, str]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, dict):
            return say(value, language, others)
        if isinstance(value, list):
            return str(other_languages()[language]["between"] if language in other_languages() else ", ").join(map(text, value))
        return str(value)

    return re.sub(r"\{(\w+)\}", lambda gap: text(params[gap[1]]) if gap[1] in params else gap[0], template)


def _travelling(value: Any) -> Any:
    said = getattr(value, "told", value)  # of an error
    if isinstance(said, (dict, int, float)):
        return said
    if isinstance(said, (list, tuple)):
        return [_travelling(each) for each in said]
    return str(said)
