"""The names of the engines, for the vocabulary: `registry` gives the engines themselves, which know the vocabulary in turn."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from ..registry import Names

AUTO = "auto"  # the best engine that is here and runs here, see `choice`
_OWN = {
    "mesh": "heygem_core.engines.mesh.engine:ENGINE",
    "wav2lip": "heygem_core.engines.wav2lip.engine:ENGINE",
    "hybrid:wav2lip": "heygem_core.engines.wav2lip.engine:HYBRID",
    "musetalk": "heygem_core.engines.diffusion.engine:MUSETALK",
    "hybrid:musetalk": "heygem_core.engines.diffusion.engine:MUSETALK_HYBRID",
    "latentsync": "heygem_core.engines.diffusion.engine:LATENTSYNC",
    "hybrid:latentsync": "heygem_core.engines.diffusion.engine:LATENTSYNC_HYBRID",
}

ENGINE_NAMES = Names("heygem.engines", called="thing.engine", own=_OWN, words=(AUTO,))

EngineName: TypeAlias = Annotated[str, Meta(extra_json_schema=ENGINE_NAMES.json_schema)]
"""A name in `ENGINE_NAMES`. Decoding takes any text: whoever uses it looks it up, which says what there is."""
