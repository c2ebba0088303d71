"""The slots of this machine: how many tasks run at once, and which device each of them draws on.

    --devices cuda:0=2 cuda:1 cpu=4        two tasks on the first card, one on the second, four on the processor

Nothing said means: each NVIDIA card gets a slot for every 8 GiB of its memory, up to its share of `workers`, and the processor what is left
of `workers`, at least one. A Mac's graphics share the machine's memory and get all of them.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from heygem_core.errors import SpecError
from heygem_core.machine.cards import Card

_SHARE = 8 << 30  # bytes of a card's memory for each slot, where nobody said otherwise
_NAMED = re.compile(r"(cuda:\d+|mps|cpu)(?:=(\d{1,3}))?")

Kind = Literal["cuda", "mps", "cpu"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slot:
    """Room for one task at a time."""

    name: str  # of people and logs: "cuda:0", or "cuda:0/2" for the second one of a card
    kind: Kind
    title: str = ""  # the card's own name
    environment: dict[str, str] = field(default_factory=dict)  # of its process
    card: str | None = None  # which card its memory is on
    memory_bytes: int | None = None  # of that card in all; None = not told, or the machine's


def plain_slots(count: int) -> tuple[Slot, ...]:
    """Slots that leave the choice of a device to their tasks."""
    return tuple(Slot(name=f"worker {k + 1}", kind="cpu") for k in range(count))


def slots_of(devices: Sequence[str], workers: int, cards: Sequence[Card]) -> tuple[Slot, ...]:
    """The slots that the settings `devices` and `workers` mean on a machine with these cards. Raises: SpecError."""
    counts = _said(devices, cards) if devices else _usual(workers, len(cards), [card.total_bytes for card in cards])
    slots: list[Slot] = []
    for device, count in counts.items():
        for k in range(count):
            slots.append(_slot(device, f"/{k + 1}" if count > 1 else "", cards))
    return tuple(slots)


def _said(devices: Sequence[str], cards: Sequence[Card]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in devices:
        found = _NAMED.fullmatch(text.strip())
        if found is None or found[2] == "0":
            raise SpecError("settings.devices-not-valid", text=text[:40])
        device = found[1]
        if device.startswith("cuda") and int(device[5:]) >= len(cards):
            raise SpecError("settings.no-such-card", device=device, count=len(cards))
        counts[device] = counts.get(device, 0) + int(found[2] or 1)
    return counts


def _usual(workers: int, cards: int, memory: Sequence[int | None]) -> dict[str, int]:
    if not cards:
        return {"mps" if _is_apple_chip() else "cpu": workers}
    share = -(-workers // cards)
    counts = {f"cuda:{k}": max(1, min(share, (memory[k] or 0) // _SHARE)) for k in range(cards)}
    return counts | {"cpu": max(1, workers - sum(counts.values()))}


def _slot(device: str, place: str, cards: Sequence[Card]) -> Slot:
    if device == "mps":
        return Slot(name=f"mps{place}", kind="mps")
    if device == "cpu":
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if cards else {}
        return Slot(name=f"cpu{place}", kind="cpu", environment=hidden)
    card = cards[int(device[5:])]
    return Slot(
        name=f"{device}{place}",
        kind="cuda",
        title=card.title,
        environment={"CUDA_VISIBLE_DEVICES": card.visible},
        card=device,
        memory_bytes=card.total_bytes,
    )


def _is_apple_chip() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"
