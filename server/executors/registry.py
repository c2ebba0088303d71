"""The executors by name. Another package adds one as an entry point of the group `heygem.executors`: an `ExecutorKind`."""

from __future__ import annotations

from heygem_core.registry import Registry

from ..settings import ServerSettings
from .base import Executor, ExecutorKind, Limits

EXECUTORS: Registry[ExecutorKind] = Registry(
    "heygem.executors",
    kind=ExecutorKind,
    called="thing.executor",
    own={"local": f"{__package__}.local:LOCAL", "ray": f"{__package__}.farm.executor:RAY"},
)


def open_executor(settings: ServerSettings, limits: Limits) -> Executor:
    """The executor that the settings choose. Raises: SpecError — there is none of that name; SetupError — its package cannot be used."""
    return EXECUTORS.get(settings.executor).open(settings, limits)
