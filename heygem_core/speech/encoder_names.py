"""Tells what the name of a speech encoder is, and which one a motion model's file names, before anything heavy is imported or opened."""

from __future__ import annotations

import re
from typing import BinaryIO

import msgspec

_LONGEST_HEAD = 16 << 20  # bytes


def is_path(name: str) -> bool:
    """Whether the name of an encoder is the path of a folder, rather than a name of the local cache (OWNER/NAME) or ours."""
    return not re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name, re.ASCII)


def encoder_named_in(file: BinaryIO) -> str | None:
    """The name of the encoder that a model wants and does not carry; None = it carries its own, or the file is no model.

    Reads the head of the file alone, of a bounded length, and needs no torch: for whoever checks a stranger's model first.
    """
    try:
        head = msgspec.json.decode(file.read(min(int.from_bytes(file.read(8), "little"), _LONGEST_HEAD)), type=dict[str, msgspec.Raw])
        if any(key.startswith("front.") for key in head):
            return None
        return msgspec.json.decode(msgspec.json.decode(head["__metadata__"], type=dict[str, str])["head"], type=_Named).encoder.name
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError):
        return None


class _EncoderName(msgspec.Struct):
    name: str


class _Named(msgspec.Struct):
    """Of a model's facts."""

    encoder: _EncoderName
