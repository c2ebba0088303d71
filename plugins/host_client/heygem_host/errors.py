"""What can go wrong in the editor, as one type: a kind that programs read and a sentence that people read.

The English sentences are in messages.json, a copy of the panels' part of the catalogue. Other languages are made from code and parameters
by whoever shows the sentence.
"""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from typing import Any


class HostError(Exception):
    """`kind` is a name such as "OtherProject"; `str(error)` says what is wrong and what to do."""

    code: str | None  # None = a sentence that the catalogue does not hold
    params: dict[str, Any]

    def __init__(self, kind: str, said: str, /, **params: Any) -> None:
        """`said`: a code of messages.json, with what goes into its gaps: numbers, all else as its text. Other text is a sentence without a
        code: of another package's editor.
        """
        self.kind, self.code = kind, said if said in _sentences() else None
        self.params = {name: value if isinstance(value, (int, float)) else str(value) for name, value in params.items()}
        super().__init__(said if self.code is None else words(said, **self.params))


class ServerRefusal(HostError):
    """What the server refused, in its own sentence."""

    def __init__(self, said: dict[str, Any], /) -> None:
        """`said` is the server's answer. Raises: KeyError, TypeError — it is none of this server's."""
        self.kind, self.code, self.params = str(said["error"]), said.get("code"), said.get("params") or {}
        Exception.__init__(self, str(said["message"]))


def words(code: str, /, **params: Any) -> str:
    """The English sentence of a code, for where only text travels: the server knows it again. Raises: KeyError — there is no such code."""
    return re.sub(r"\{(\w+)\}", lambda gap: str(params.get(gap[1], gap[0])), _sentences()[code])


@lru_cache(maxsize=1)
def _sentences() -> dict[str, str]:
    """messages.json beside this file (where it is installed), or where the repository keeps it."""
    folder = os.path.dirname(os.path.abspath(__file__))
    here = os.path.join(folder, "messages.json")
    with open(here if os.path.exists(here) else os.path.join(folder, "..", "..", "protocol", "messages.json"), encoding="utf-8") as file:
        loaded: dict[str, str] = json.load(file)
    return loaded
