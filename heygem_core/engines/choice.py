"""Which engine `auto` means: the best one that has all it needs and draws here in a time that people wait, and why.

Engines whose models are not for business are never chosen by themselves, nor are those of other packages: whoever wants one names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..errors import DeviceUnavailable, MissingPackage, MissingWeights, SetupError
from ..messages import Message, tell
from ..shot import RenderSettings
from ..weights.catalogue import licence_of, model, models
from ..weights.installed import first_installed
from .base import Engine
from .names import AUTO
from .registry import ENGINES
from .requirements import device_for, refuse_lacking

if TYPE_CHECKING:
    from ..shot import DeviceName

_BEST_FIRST = ("hybrid:latentsync", "latentsync", "hybrid:musetalk", "musetalk")  # by what they show; then comes the usual one
_USUAL = "mesh"


def settled(settings: RenderSettings, draws_on: DeviceName | None = None) -> tuple[RenderSettings, Message | None]:
    """The settings with an engine's own name, and why it is that one; None = it was named. draws_on: the device of another machine that
    will draw; None = one of this machine. Raises: SpecError — the user's catalogue of models is not valid."""
    if settings.engine != AUTO:
        return settings, None
    passed: list[Message] = []
    for name in _BEST_FIRST:
        if name not in ENGINES.names():
            continue
        why = _why_not(name, settings.device, draws_on)
        if why is None:
            return replace(settings, engine=name), _said(name, passed)
        passed.append(why)
    return replace(settings, engine=_USUAL), _said(_USUAL, passed)


def _said(name: str, passed: list[Message]) -> Message:
    return tell("engine.auto-passed", engine=name, passed=passed) if passed else tell("engine.auto", engine=name)


def _why_not(name: str, device: DeviceName, draws_on: DeviceName | None) -> Message | None:
    """Why an engine is passed over, in a few words; None = it is not."""
    try:
        engine = ENGINES.get(name)
        refuse_lacking(engine)
    except MissingWeights:
        return tell("engine.auto-lacks-model", engine=name, command=_command(engine))
    except MissingPackage as error:
        return tell("engine.auto-lacks-package", engine=name, package=error.said.params.get("package", ""))
    except SetupError as error:
        return error.said
    if any(not licence_of(models()[used]).commercial for used in models_used(engine)):
        return tell("engine.auto-not-for-business", engine=name)
    try:
        if draws_on is not None and draws_on not in engine.needs.devices:
            return tell("engine.auto-device", engine=name)
        if (draws_on or device_for(engine, device).type) == "cpu":
            return tell("engine.auto-slow", engine=name)
    except DeviceUnavailable:
        return tell("engine.auto-device", engine=name)
    return None


def _command(engine: Engine) -> str:
    lacking = (wanted for wanted in engine.needs.models if first_installed(_choices(wanted)) is None)
    return next((model(_choices(wanted)[0]).command for wanted in lacking), "heygem models list")


def models_used(engine: Engine) -> tuple[str, ...]:
    """The models of the catalogue that an engine draws with on this machine, by id. Raises: SpecError."""
    chosen = (first_installed(_choices(wanted)) for wanted in engine.needs.models)
    return tuple(model_id for model_id in chosen if model_id is not None)


def _choices(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted
