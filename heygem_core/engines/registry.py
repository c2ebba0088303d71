"""The engines that draw, by name.

Another package adds one as an entry point of the group `heygem.engines`: an object with the members of `base.Engine`. It is imported when
it is used, not when engines are listed.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from ..registry import Registry
from .base import Engine

ENGINES: Registry[Engine] = Registry(
    "heygem.engines",
    kind=Engine,  # type: ignore[type-abstract]  # only asked whether an object has its members
    called="engine",
    own={"mesh": "heygem_core.engines.mesh.engine:ENGINE"},
)

EngineName: TypeAlias = Annotated[str, Meta(extra_json_schema=ENGINES.json_schema)]
"""A name in `ENGINES`. Decoding takes any text: whoever uses it looks it up, which says what there is."""
