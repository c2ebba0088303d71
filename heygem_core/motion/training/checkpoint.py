"""A run of training that was interrupted goes on: the state of all its parts after each epoch, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import SpecError


def resume(parts: dict[str, Any], checkpoint: Path | None, about: str) -> int:
    """How many epochs a checkpoint has behind it; 0 without one. about: the run. Raises: SpecError — it is another run's."""
    import torch

    if checkpoint is None or not checkpoint.exists():
        return 0
    kept = torch.load(checkpoint, weights_only=True)
    if kept["about"] != about:
        raise SpecError("train.other-checkpoint", path=checkpoint)
    for name, part in parts.items():
        part.load_state_dict(kept[name])
    return int(kept["epochs"])


def save(parts: dict[str, Any], checkpoint: Path | None, about: str, epochs: int) -> None:
    """Keep the state of a run that has so many epochs behind it."""
    import torch

    if checkpoint is not None:
        part = checkpoint.with_name(checkpoint.name + ".part")
        torch.save({"epochs": epochs, "about": about} | {name: value.state_dict() for name, value in parts.items()}, part)
        part.replace(checkpoint)
