"""Columns of text in a terminal, where Chinese letters take two places."""

from __future__ import annotations

import unicodedata


def width(text: str) -> int:
    """Places that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text: str, places: int) -> str:
    """With spaces behind it, as wide as `places`; a longer text stays as it is."""
    return text + " " * max(0, places - width(text))
