"""Compute devices of this machine: which work, how much memory they have, and the one that a user's choice means."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DeviceUnavailable
from ..messages import Message, tell
from .cards import cards_here

if TYPE_CHECKING:
    import torch

    from ..shot import DeviceName

_AMD_DRIVER = Path("/dev/kfd")  # torch for AMD's cards calls them cuda as well


def choose_device(name: DeviceName = "auto") -> torch.device:
    """The torch device of that name; "auto" is cuda, then mps, then cpu. Raises: DeviceUnavailable."""
    import torch

    usable = usable_devices()
    if name == "auto":
        return torch.device(usable[0])
    if name not in usable:
        raise DeviceUnavailable("device.unusable", device=name, why=why_not(name))
    return torch.device(name)


def usable_devices() -> tuple[DeviceName, ...]:
    """Those that work on this machine, the fastest kind first; "cpu" always does."""
    import torch

    works: dict[DeviceName, bool] = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return tuple(name for name, usable in works.items() if usable)


def devices_here() -> tuple[DeviceName, ...]:
    """As `usable_devices`, without loading torch where neither a driver nor the system speaks of anything but the processor."""
    if sys.platform == "darwin" or _AMD_DRIVER.exists() or cards_here():
        return usable_devices()
    return ("cpu",)


def memory_of(device: torch.device) -> int:
    """Bytes of memory that a device has in all; graphics of Apple shares the machine's."""
    import psutil
    import torch

    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(psutil.virtual_memory().total)


def why_not(name: DeviceName) -> Message:
    """Why a device that is not usable is not, in words an editor understands."""
    import torch

    if name == "cuda" and torch.version.cuda is None:
        return tell("device.torch-without-cuda")
    if name == "cuda":
        return tell("device.no-nvidia")
    if name == "mps" and not torch.backends.mps.is_built():
        return tell("device.apple-only")
    return tell("device.macos-14")
