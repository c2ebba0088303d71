"""The line between closed lips is taken from the picture, not from the tracker."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heygem_core.engines.mesh.lip_line import refine_lip_line
from heygem_core.engines.mesh.vertices import LOWER_INNER, UPPER_INNER, rows

from .faces import EYE, MIDDLE, face_points, picture

_EYES = torch.tensor([EYE])


def closed_mouth(bend_px: float) -> tuple[torch.Tensor, np.ndarray]:
    """A picture whose dark line between the lips goes up and down by so much, and the line's y at the inner lip points."""
    luma = picture()[0]
    x = torch.arange(luma.shape[1]).float()
    line = MIDDLE[1] + bend_px * torch.sin((x - MIDDLE[0]) / (0.24 * EYE) * np.pi)
    y = torch.arange(luma.shape[0])[:, None].float()
    luma = luma - 0.3 * torch.exp(-(((y - line) / 1.5) ** 2))
    at = face_points()[rows(UPPER_INNER[1:-1]), 0]
    return torch.stack([luma, torch.zeros_like(luma), torch.zeros_like(luma)])[None], np.interp(at, x.numpy(), line.numpy())


@pytest.mark.parametrize("bend_px", [1.0, 2.5])
def test_the_inner_lips_of_a_closed_mouth_follow_its_dark_line(bend_px):
    """Lent to another mouth, the line came out crumpled: its real bends stayed and those that the tracker saw were taken away."""
    shown, line = closed_mouth(bend_px)
    settled = refine_lip_line(shown, torch.tensor(face_points()[None]).float(), _EYES)[0].numpy()
    for side in (UPPER_INNER, LOWER_INNER):
        off = settled[rows(side[1:-1]), 1] - line
        assert np.abs(off[1:-1]).max() < max(0.5 * bend_px, 0.75)
        assert np.abs(off).mean() < 0.45 * bend_px


def test_points_on_the_line_and_all_other_points_stay():
    shown, _ = closed_mouth(0.0)
    points = torch.tensor(face_points()[None]).float()
    assert float((refine_lip_line(shown, points, _EYES) - points).abs().max()) < 0.4
    bent, _ = closed_mouth(2.5)
    moved = (refine_lip_line(bent, points, _EYES) - points).abs().amax((0, 2))
    inner = rows(UPPER_INNER[1:-1] + LOWER_INNER[1:-1])
    moved[inner] = 0
    assert float(moved.max()) == 0


def test_an_open_mouth_is_left_alone():
    shown, _ = closed_mouth(2.5)
    points = torch.tensor(face_points(0.1)[None]).float()
    assert torch.equal(refine_lip_line(shown, points, _EYES), points)


def test_lips_without_a_dark_line_are_left_alone():
    points = torch.tensor(face_points()[None]).float()
    assert float((refine_lip_line(picture()[None], points, _EYES) - points).abs().max()) < 1.5
