"""The engines that draw, by name.

Another package adds one as an entry point of the group `heygem.engines`: an object with the members of `base.Engine`. It is imported when
it is used, not when engines are listed.
"""

from __future__ import annotations

from ..registry import Registry
from .base import Engine
from .names import ENGINE_NAMES

ENGINES: Registry[Engine] = Registry.of(ENGINE_NAMES, kind=Engine)  # type: ignore[type-abstract]  # only asked whether an object has its members
