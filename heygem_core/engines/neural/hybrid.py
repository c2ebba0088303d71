"""An engine that says what a network says and draws it with the person's own skin.

In its generation stage the network's mouths are made and tracked. Their lips are the mesh engine's targets, so lips, skin and jaw are the
clip's own pixels at their full resolution; only what lies between the lips is the network's, laid over the frame as `compose` does it.

Generated, a row per frame of a block, and copied into the plan:
moved.npy      (n, V, 3) float32   how far the network moved LOWER_FACE, face space; NaN where it was not tracked
mouth.npy      (n, 3, h, w) uint8  R'G'B' of the network's picture around the mouth
unchanged.npy  (n, 3, h, w) uint8  the same of its reconstruction, where it gives one
Of the plan alone, beside the mesh engine's arrays:
between.npy    (n, 20, 2) float32  the INNER_LIPS within which the network's picture shows, stored pixels, pixel centres at whole numbers
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base import Change, Engine, EngineFacts, Needs, PlanArrays, PlanContext, Window
from .engine import NEURAL_VERSION, loaded
from .mouth_model import MouthModel

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from ...media.planes import Box

PREFIX = "hybrid:"
HYBRID_VERSION = 1  # raise it whenever what is done here and in `hybrid_plan` would give other arrays or pixels
_VERSIONS = 1000  # room for the parts' own numbers


class HybridEngine:
    """One model's mouths, drawn by the mesh engine."""

    def __init__(self, model: MouthModel) -> None:
        self.model = model
        self.name = PREFIX + model.name

    @property
    def version(self) -> int:
        parts = (NEURAL_VERSION, self.model.version, _drawing_engine().version, HYBRID_VERSION)
        return reduce(lambda number, part: number * _VERSIONS + part, parts)

    @property
    def block(self) -> int:
        return self.model.block

    @property
    def reach(self) -> int:
        return self.model.reach

    @property
    def needs(self) -> Needs:
        return self.model.needs

    def outline(self, context: PlanContext) -> None:
        """Writes where the network looks and what it hears, and the poses that its mouths are tracked with."""
        from .hybrid_plan import write_outline

        write_outline(self.model, context)

    def generation_digest(self, outline: PlanArrays, start: int, end_exclusive: int) -> bytes:
        """Hash of what the network is given, and of how its mouths are tracked."""
        from .prepare import digest_of

        digest = blake2b(digest_of(self.model, outline, start, end_exclusive), digest_size=16)
        for array in (outline.array("pose")[start:end_exclusive], outline.array("part"), outline.array("tracker")):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.digest()

    def generate(self, outline: PlanArrays, window: Window, device: torch.device) -> Mapping[str, NDArray[Any]]:
        """The network's mouths of one block, and how far they moved the lower face."""
        import torch

        from .drawing import Generator
        from .hybrid_plan import generated_block

        with torch.inference_mode():
            block = Generator(self.model, loaded(self.model, device), device).mouths(outline, window)
            return generated_block(self.model, outline, window, block)

    def plan(self, context: PlanContext) -> EngineFacts:
        """Lets the mesh engine plan the lips that were tracked."""
        from .hybrid_plan import write_plan

        return EngineFacts(lip_calibration=write_plan(self.model, context, _drawing_engine()).lip_calibration)

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        """Hash of what is drawn of some frames, by the mesh and by the network."""
        from .hybrid_plan import digest_of_hybrid

        return digest_of_hybrid(plan, start, end_exclusive, _drawing_engine())

    def matte(self, plan: PlanArrays, frame: int) -> tuple[Box, NDArray[np.float32]]:
        """Where a frame may change."""
        return _drawing_engine().matte(plan, frame)

    def draw(self, plan: PlanArrays, windows: Iterator[Window], device: torch.device) -> Iterator[Change]:
        """The changes of some blocks: the mesh engine's, with the network's picture between the lips."""
        from .hybrid_plan import draw_hybrid

        return draw_hybrid(self.model, plan, windows, device, _drawing_engine())


def _drawing_engine() -> Engine:
    """The one that draws lips, skin and jaw; asked for when it is used, because the registry knows this module too."""
    from ..registry import ENGINES

    return ENGINES.get("mesh")
