"""A face of our own for engine tests: a plain mesh in the engine's vertex order, and a picture of it. No file is needed."""

from __future__ import annotations

import numpy as np
import torch

from heygem_core.engines.mesh.drawing import Batch
from heygem_core.engines.mesh.drawn_interior import Skull
from heygem_core.engines.mesh.drawn_teeth import TRAITS
from heygem_core.engines.mesh.vertices import KEPT, LOWER_INNER, LOWER_OUTER, SKIN, UPPER_INNER, UPPER_OUTER, rows
from heygem_core.face.mesh import FACE_OVAL

EYE = 120.0  # inter-ocular distance, pixels
WIDTH, HEIGHT = 240, 240
MIDDLE = np.array([120.0, 130.0])  # of the mouth, pixels


def face_points(gap: float = 0.0) -> np.ndarray:
    """(K, 2) pixels: a face whose lips stand `gap` eye distances apart in the middle."""
    points = np.zeros((len(KEPT), 2))
    ring = np.arange(len(FACE_OVAL)) / len(FACE_OVAL) * 2 * np.pi - np.pi / 2
    points[rows(FACE_OVAL)] = np.stack([0.72 * np.cos(ring), -0.25 + 0.85 * np.sin(ring)], 1)
    skin = [v for v in SKIN if v not in FACE_OVAL]
    spread = np.random.default_rng(1).uniform([-0.5, -0.55], [0.5, 0.5], (len(skin), 2))
    spread[np.abs(spread[:, 1]) < 0.15, 1] += 0.3
    points[rows(skin)] = spread
    points[rows([168])], points[rows([2])] = (0, -0.7), (0, -0.25)
    along = np.linspace(-1, 1, 11)
    arch = 1 - along**2
    for vertices, reach, height in (
        (UPPER_INNER, 0.24, -gap / 2),
        (LOWER_INNER, 0.24, gap / 2),
        (UPPER_OUTER, 0.29, -gap / 2 - 0.07),
        (LOWER_OUTER, 0.29, gap / 2 + 0.08),
    ):
        points[rows(vertices)] = np.stack([along * reach, arch * height], 1)
    return points * EYE + MIDDLE


def picture() -> torch.Tensor:
    """(3, HEIGHT, WIDTH) Y'CbCr: skin with a smooth gradient and fine detail."""
    y, x = torch.meshgrid(torch.arange(HEIGHT).float(), torch.arange(WIDTH).float(), indexing="ij")
    luma = 0.5 + 0.1 * (x / WIDTH) + 0.03 * torch.sin(x / 3) * torch.cos(y / 4)
    return torch.stack([luma, torch.full_like(luma, -0.05), torch.full_like(luma, 0.08)])


def skull() -> Skull:
    one = torch.tensor([[EYE, 0.0]]), torch.tensor([[0.0, EYE]]), torch.zeros(1, 2)
    return Skull(torch.tensor(MIDDLE[None]).float(), *one)


def batch(source_gap: float, target_gap: float, count: int = 1, device: str = "cpu") -> Batch:
    """Frames whose mouths shall go from one opening to another, the inside drawn."""
    return on(
        Batch(
            picture=picture()[None].repeat(count, 1, 1, 1),
            source=torch.tensor(face_points(source_gap)[None]).float().repeat(count, 1, 1),
            target=torch.tensor(face_points(target_gap)[None]).float().repeat(count, 1, 1),
            inter_ocular=torch.full((count,), EYE),
            skull=Skull(*(t.repeat(count, 1) for t in skull())),
            traits=torch.zeros(count, TRAITS),
            donor=None,
        ),
        device,
    )


def on(value, device: str):
    """The same (named) tuple of tensors on a device."""
    if value is None:
        return None
    if isinstance(value, torch.Tensor):
        return value.to(device)
    return type(value)(*(on(part, device) for part in value))
