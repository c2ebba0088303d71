"""Networks for tests: one that gives back what it sees as soft as real ones do, and one that opens every mouth. They need no weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from heygem_core.engines.base import Engine, Needs, PlanArrays, PlanContext
from heygem_core.engines.neural.engine import NeuralEngine
from heygem_core.engines.neural.mouth_model import Mouths, Task
from heygem_core.engines.registry import ENGINES
from heygem_core.engines.wav2lip.model import Wav2LipModel
from heygem_core.shot import RenderSettings


class Perfect(Wav2LipModel):
    """Says exactly what the clip says: its pictures are the frames' own, reduced to `size` and blurred.

    It tells what it makes of an unchanged crop where `reconstructs`, as networks with an encoder do.
    """

    version = 1
    splits = True
    bytes_per_frame = 1 << 20
    needs = Needs()  # type: ignore[assignment]
    uses_references = False  # type: ignore[assignment]

    def __init__(self, size: int, blur: float, *, reconstructs: bool = False) -> None:
        super().__init__()
        self.name, self.size, self.blur, self.reconstructs = f"perfect-{size}", size, blur, reconstructs
        self.batches: list[int] = []

    def crops(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        matrices = super().crops(points)
        matrices[..., :2] *= 96 / self.size
        return matrices

    def write(self, context: PlanContext) -> None:
        """Hears nothing."""

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        return blake2b(f"{self.blur}".encode()).digest()

    def load(self, device: torch.device) -> Perfect:
        return self

    def generate(self, plan: PlanArrays, task: Task) -> Mouths:
        self.batches.append(len(task.rows))
        made = blurred(task.crops, self.blur)
        return Mouths(made, made if self.reconstructs else None)


def blurred(picture: torch.Tensor, sigma: float) -> torch.Tensor:
    """(B, 3, S, S) through a Gaussian."""
    if not sigma:
        return picture.clone()
    reach = max(1, round(3 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1).float() / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(picture.device)
    padded = functional.pad(picture, (reach,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel.view(1, 1, 1, -1).expand(3, 1, 1, -1), groups=3)
    return functional.conv2d(across, kernel.view(1, 1, -1, 1).expand(3, 1, -1, 1), groups=3)


class Delayed(Perfect):
    """Shows in each frame the mouth of `reach` frames later: a mouth that really moves otherwise than the frame's own."""

    reach = 8
    splits = False

    def __init__(self, size: int, blur: float, *, reconstructs: bool = False) -> None:
        super().__init__(size, blur, reconstructs=reconstructs)
        self.name = f"later-{size}"

    def generate(self, plan: PlanArrays, task: Task) -> Mouths:
        later = task.crops[(torch.arange(len(task.rows)) + self.reach).clamp(max=len(task.rows) - 1)]
        made = task.crops.clone()
        lower = self.size // 2
        made[:, :, lower:] = later[:, :, lower:]
        made = blurred(made, self.blur)
        return Mouths(made, blurred(task.crops, self.blur) if self.reconstructs else None)


PERFECT_96 = NeuralEngine(Perfect(96, 0.7))
PERFECT_256 = NeuralEngine(Perfect(256, 1.0, reconstructs=True))
PERFECT_512 = NeuralEngine(Perfect(512, 1.0, reconstructs=True))


@contextmanager
def registered(*engines: Engine) -> Iterator[None]:
    """Engines that are found by their names in this process."""
    known: dict[str, Any] = ENGINES._own
    with pytest.MonkeyPatch.context() as patch:
        for engine in engines:
            patch.setitem(known, engine.name, EntryPoint(engine.name, "nothing:here", ENGINES.group))
            patch.setitem(ENGINES._loaded, engine.name, (known[engine.name], engine))
        yield


def settings(engine: Engine, **options: Any) -> RenderSettings:
    """Settings for one of them."""
    return RenderSettings(**{"engine": engine.name, "device": "cpu", "fit": "trim", "motion": "mel"} | options)
