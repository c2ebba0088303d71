"""What a network that redraws mouths is to the engines around it.

A model says where it looks at a face and what it needs of the speech; loaded on a device it turns small pictures of faces into the same
with another mouth. Frames are rows of the take. Only usable frames are ever given; a block holds the frames [start, start + block) and is
always the same, whatever part of the take is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from ..base import Needs, PlanArrays, PlanContext


class Mouths(NamedTuple):
    """What a network made of B frames: R'G'B' 0 … 1, (B, 3, size, size) float32, in the pixels of its crops."""

    picture: Tensor
    reconstruction: Tensor | None = None  # the crops as the network gives them back unchanged; None = it does so without loss


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """The frames of one block and of its neighbours within reach, as far as they are usable."""

    start: int  # frame of the take at which the block begins
    rows: NDArray[np.int64]  # (B,) frames of the take, ascending
    crops: Tensor  # (B, 3, size, size) R'G'B' 0 … 1 on the device
    references: Tensor  # (B, 3, size, size) frames of like pose and unlike mouth; the crops themselves where the model wants none


class MouthNetwork(Protocol):
    """A model on a device."""

    def generate(self, plan: PlanArrays, task: Task) -> Mouths:
        """New mouths for all rows of the task, in their order. Equal tasks give equal pictures."""


class MouthModel(Protocol):
    """A kind of network, not loaded yet."""

    @property
    def name(self) -> str:
        """Of the engine that shows its pictures as they are: lower-case letters, digits and hyphens."""

    @property
    def version(self) -> int:
        """Raised whenever the same shot would give other pictures."""

    @property
    def needs(self) -> Needs:
        """Weights with their digests, packages, memory, devices."""

    @property
    def size(self) -> int:
        """Side of its crops, pixels."""

    @property
    def block(self) -> int:
        """Frames that are generated together."""

    @property
    def reach(self) -> int:
        """Frames before and after a block that are given too."""

    @property
    def splits(self) -> bool:
        """Whether frames of a block may be given in smaller batches; else a task always holds the whole block."""

    @property
    def bytes_per_frame(self) -> int:
        """Memory of the device that one frame of a batch takes, about."""

    @property
    def uses_references(self) -> bool:
        """Whether it looks at other frames of the clip."""

    def crops(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """Where it looks: (F, 2, 3) from crop pixels to display space, for tracked points (F, 478, 3) there; NaN in gives NaN out.

        In both, whole numbers are the edges of pixels. They are smoothed over time afterwards, without delay.
        """

    def write(self, context: PlanContext) -> None:
        """Writes what it hears at each frame into `context.folder`, as arrays with a row per frame of the take."""

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        """Hash of all that its own arrays say about some frames of the take."""

    def load(self, device: torch.device) -> MouthNetwork:
        """Raises: MissingWeights."""
