"""Checks before any work that an engine can run on this machine and with this clip, and chooses the device that it draws on."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

from ..device import choose_device, memory_of, usable_devices
from ..errors import DeviceUnavailable, MissingPackage, MissingWeights, UnsupportedMedia
from .base import Engine

if TYPE_CHECKING:
    import torch

    from ..media.info import MediaInfo
    from ..shot import DeviceName

LOGGER = logging.getLogger(__name__)

_GB = 1e9


def check_engine(engine: Engine, info: MediaInfo) -> None:
    """Packages, weights and the clip's colour. Raises: MissingPackage, MissingWeights, UnsupportedMedia."""
    for package in engine.needs.packages:
        if importlib.util.find_spec(package.module) is None:
            raise MissingPackage(f"The engine “{engine.name}” needs the package {package.module}: install it with `{package.install}`.")
    for weights in engine.needs.weights:
        if not weights.path.is_file():
            raise MissingWeights(
                f"The engine “{engine.name}” needs {weights.title}, which is not at “{weights.path}”: {weights.source}, "
                "or choose another engine."
            )
    if info.colour.hdr and not engine.needs.hdr:
        raise UnsupportedMedia(
            f"“{info.path.name}” is HDR, which the engine “{engine.name}” does not draw: choose another engine, or convert the clip to SDR."
        )


def device_for(engine: Engine, name: DeviceName) -> torch.device:
    """The device of that name, or for "auto" the first usable one of those that the engine draws on. Raises: DeviceUnavailable."""
    needs = engine.needs
    if name != "auto" and name not in needs.devices:
        raise DeviceUnavailable(
            f"The engine “{engine.name}” does not draw on {name}: choose --device {' or '.join(needs.devices)}, or another engine."
        )
    if name == "auto":
        usable = [device for device in needs.devices if device in usable_devices()]
        if not usable:
            raise DeviceUnavailable(
                f"The engine “{engine.name}” draws on {' or '.join(needs.devices)} only, which this machine does not have: "
                "choose another engine, or render on another machine."
            )
        name = usable[0]
    device = choose_device(name)
    if needs.memory_bytes and (memory := memory_of(device)) < needs.memory_bytes:
        raise DeviceUnavailable(
            f"The engine “{engine.name}” needs {needs.memory_bytes / _GB:.0f} GB of memory on the {name} device, which has "
            f"{memory / _GB:.0f} GB: choose another device or engine."
        )
    LOGGER.info("the engine %s draws on %s", engine.name, device)
    return device
