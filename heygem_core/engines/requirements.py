"""Checks before any work that an engine can run on this machine and with this clip, and chooses the device that it draws on."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING

from ..errors import DeviceUnavailable, HeygemError, MissingPackage, MissingWeights, SetupError, UnsupportedMedia
from ..machine.device import choose_device, memory_of, usable_devices
from ..weights.catalogue import model
from ..weights.installed import first_installed
from .base import Engine
from .names import AUTO
from .registry import ENGINES

if TYPE_CHECKING:
    import torch

    from ..media.info import MediaInfo
    from ..shot import DeviceName, RenderSettings

LOGGER = logging.getLogger(__name__)

_GB = 1e9


def check_engine(engine: Engine, info: MediaInfo) -> None:
    """Packages, weights and the clip's colour. Raises: MissingPackage, MissingWeights, UnsupportedMedia."""
    refuse_lacking(engine)
    if info.colour.hdr and not engine.needs.hdr:
        raise UnsupportedMedia("engine.no-hdr", file=info.path.name, engine=engine.name)


def refuse_lacking(engine: Engine) -> None:
    """Makes sure that an engine's packages and weights are here. Raises: MissingPackage, MissingWeights."""
    for package in engine.needs.packages:
        if importlib.util.find_spec(package.module) is None:
            raise MissingPackage("engine.needs-package", engine=engine.name, package=package.module, install=package.install)
    for weights in engine.needs.weights:
        if not weights.path.is_file():
            raise MissingWeights(
                "engine.needs-weights", engine=engine.name, weights=weights.title, path=weights.path, source=weights.source
            )
    for wanted in engine.needs.models:
        choices = (wanted,) if isinstance(wanted, str) else wanted
        if first_installed(choices) is None:
            entry = model(choices[0])
            raise MissingWeights("engine.needs-model", engine=engine.name, title=entry.title, command=entry.command)


def offered_engines() -> tuple[str, ...]:
    """What is worth choosing from on this machine: the engines that have what they need beside a device; `auto` where they are several."""
    names = tuple(name for name, engine in ENGINES.all().items() if _has_all(engine))
    return (AUTO, *names) if len(names) > 1 else names


def _has_all(engine: Engine) -> bool:
    try:
        refuse_lacking(engine)
    except SetupError:
        return False
    return True


def lane_of(settings: RenderSettings) -> str | None:
    """Which devices a shot of these settings waits for where there are several: “card” (any graphics card, for engines with a
    network, which take hours on a processor), the device that is named, or None = whichever is free."""
    named = None if settings.device == "auto" else settings.device
    if named == "cpu":
        return named
    try:
        engine = None if settings.engine == AUTO else ENGINES.get(settings.engine)
    except HeygemError:
        return named  # whoever does the task tells what is wrong
    return "card" if engine is None or engine.needs.models or "cpu" not in engine.needs.devices else named


def refuse_device(engine: Engine, name: DeviceName) -> None:
    """Makes sure that `device_for` finds one. Torch, which takes seconds to import, is asked only where the answer is not plain.

    Raises: DeviceUnavailable.
    """
    needs = engine.needs
    if name not in ("auto", "cpu") or "cpu" not in needs.devices or needs.memory_bytes:
        device_for(engine, name)


def device_for(engine: Engine, name: DeviceName) -> torch.device:
    """The device of that name, or for "auto" the first usable one of those that the engine draws on. Raises: DeviceUnavailable."""
    needs = engine.needs
    if name != "auto" and name not in needs.devices:
        raise DeviceUnavailable("engine.other-device", engine=engine.name, device=name, devices=needs.devices)
    if name == "auto":
        usable = [device for device in needs.devices if device in usable_devices()]
        if not usable:
            raise DeviceUnavailable("engine.no-device", engine=engine.name, devices=needs.devices)
        name = usable[0]
    device = choose_device(name)
    if needs.memory_bytes and (memory := memory_of(device)) < needs.memory_bytes:
        raise DeviceUnavailable(
            "engine.no-memory",
            engine=engine.name,
            device=name,
            needed_gb=round(needs.memory_bytes / _GB),
            has_gb=round(memory / _GB),
        )
    LOGGER.info("the engine %s draws on %s", engine.name, device)
    return device
