"""Which compute device draws: chosen by the user, or the best one that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import DeviceUnavailable

if TYPE_CHECKING:
    import torch

    from .shot import DeviceName


def choose_device(name: DeviceName = "auto") -> torch.device:
    """The torch device of that name; "auto" is cuda, then mps, then cpu. Raises: DeviceUnavailable."""
    import torch

    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, works in usable.items() if works))
    if not usable[name]:
        raise DeviceUnavailable(f"This machine cannot use {name} ({why_not(name)}): choose --device cpu or auto.")
    return torch.device(name)


def why_not(name: DeviceName) -> str:
    """Why a device that is not usable is not, in words an editor understands."""
    import torch

    if name == "cuda" and torch.version.cuda is None:
        return "the installed PyTorch is a build without CUDA; the page “Install” of the documentation tells how to get one with it"
    if name == "cuda":
        return "no NVIDIA graphics card was found, or its driver is older than PyTorch needs"
    if name == "mps" and not torch.backends.mps.is_built():
        return "only Macs with an Apple chip have it"
    return "it needs macOS 14 or later"
