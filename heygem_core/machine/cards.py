"""The NVIDIA cards of this machine and their memory, as the driver's own program tells them: asking torch would take seconds and a context.

Cards are named by their UUID, because the driver and CUDA count them in different orders.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ASK = ("nvidia-smi", "--query-gpu=index,uuid,name,memory.total,memory.free", "--format=csv,noheader,nounits")
_LONGEST_S = 10.0
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One graphics card."""

    visible: str  # what CUDA_VISIBLE_DEVICES names it by
    title: str
    total_bytes: int | None = None  # None = not told
    free_bytes: int | None = None  # at the moment of asking


def cards_here() -> tuple[Card, ...]:
    """The cards that this process may use, in the order in which it sees them; none where there is no NVIDIA driver.

    Blocks for up to some seconds.
    """
    found, visible = _told(), os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return tuple(found.values())
    return tuple(_named(name, found) for name in visible.split(",") if name.strip() and name.strip() != "-1")


def _named(name: str, found: dict[str, Card]) -> Card:
    """The card that the variable names by its number, by (the beginning of) its UUID, or in a way that only CUDA knows."""
    name = name.strip()
    card = found.get(name) or next((each for each in found.values() if name.startswith("GPU-") and each.visible.startswith(name)), None)
    return card or Card(visible=name, title=name)


def _told() -> dict[str, Card]:
    """By number, as the driver counts."""
    try:
        answer = subprocess.run(_ASK, capture_output=True, text=True, timeout=_LONGEST_S, stdin=subprocess.DEVNULL, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return _listed()
    found = {}
    for line in answer.splitlines():
        number, uuid, title, total, free = [part.strip() for part in line.split(",")] if line.count(",") == 4 else [""] * 5
        if number:
            found[number] = Card(visible=uuid, title=title, total_bytes=_bytes(total), free_bytes=_bytes(free))
    return found


def _bytes(mebibytes: str) -> int | None:
    """Some cards answer “[N/A]”."""
    return int(mebibytes) * _MIB if mebibytes.isdigit() else None


def _listed() -> dict[str, Card]:
    """Where the driver is there without its program, as in some containers."""
    try:
        count = sum(1 for _ in Path("/proc/driver/nvidia/gpus").iterdir())
    except OSError:
        return {}
    return {str(k): Card(visible=str(k), title=f"NVIDIA {k}") for k in range(count)}
