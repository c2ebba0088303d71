"""Compares names of files as people do: capitals, and how an accent is stored, make no other file."""

from __future__ import annotations

import unicodedata


def same_name(name: str) -> str:
    """A file name for comparing: in one form of Unicode and without regard to capitals."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
