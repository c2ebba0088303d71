"""The inside of a lent mouth that is shown further open, or less far, than it was: teeth keep their height and their place."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heygem_core.engines.mesh import mouth_mapping
from heygem_core.engines.mesh.drawing import draw
from heygem_core.engines.mesh.mouth import dimmest_line, map_mouth
from heygem_core.engines.mesh.warp import Donor

from .faces import EYE, HEIGHT, MIDDLE, WIDTH, batch, face_points, picture, skull

_TOOTH = 0.06  # height of the teeth in the pictures, eye distances
_LIGHT = 0.7


def teeth(gap: float, *, upper: bool = False, lower: bool = False, between: float = 0.05) -> Donor:
    """A donor whose mouth is open by `gap`: light teeth of `_TOOTH` along its lips, dark between them."""
    points = torch.tensor(face_points(gap)[None]).float()
    mouth = map_mouth(points, WIDTH, HEIGHT)
    luma = torch.full((HEIGHT, WIDTH), between)
    for shown, depth in ((upper, mouth.under_upper[0]), (lower, mouth.over_lower[0])):
        if shown:
            luma = torch.where(depth < _TOOTH * EYE, torch.tensor(_LIGHT), luma)
    opening = torch.stack([luma, torch.zeros_like(luma), torch.zeros_like(luma)])
    return Donor(torch.lerp(picture(), opening, mouth.inside)[None], points, skull())


def middle_column(donor: Donor, gap: float) -> np.ndarray:
    """Luma down the middle of the drawn opening, lips left out by a hair."""
    drawn, _ = draw(batch(0.0, gap)._replace(donor=donor))
    half = gap * EYE / 2
    return drawn[0, 0, round(MIDDLE[1] - half) + 2 : round(MIDDLE[1] + half) - 1, int(MIDDLE[0])].numpy()


@pytest.mark.parametrize("wanted", [0.18, 0.22, 0.28])
def test_lower_teeth_are_as_high_as_they_were_however_far_the_mouth_opens(wanted):
    """They were stretched to twice their height, since all that the openings differed by was taken up in the lower half."""
    column = middle_column(teeth(0.14, lower=True), wanted)
    assert (column > 0.4).sum() == pytest.approx(_TOOTH * EYE - 1, abs=1.5)
    assert column[len(column) // 4] < 0.2


@pytest.mark.parametrize("wanted", [0.18, 0.22])
def test_both_rows_of_teeth_are_parted_in_the_dark_between_them(wanted):
    column = middle_column(teeth(0.15, upper=True, lower=True), wanted)
    light = np.flatnonzero(column > 0.4)
    dark = np.flatnonzero(column < 0.2)
    assert len(light) == pytest.approx(2 * _TOOTH * EYE - 3, abs=3)
    assert (np.diff(dark) == 1).all()  # one gap, not several
    assert light[0] < dark[0] < dark[-1] < light[-1]


def test_a_thin_gap_between_teeth_opens_into_the_dark_without_streaks():
    """Teeth apart by a pixel: what was drawn out of that pixel and the teeth's edges showed as upright stripes."""
    donor = teeth(2 * _TOOTH + 0.02, upper=True, lower=True, between=0.1)
    stripes = donor.picture.clone()
    stripes[0, 0, :, ::4] += 0.05
    drawn, _ = draw(batch(0.0, 0.24)._replace(donor=donor._replace(picture=stripes)))
    x, y = int(MIDDLE[0]), int(MIDDLE[1])
    gap = drawn[0, 0, y - 3 : y + 3, x - 8 : x + 8]
    assert float(gap.max()) < 0.3
    assert float(gap.std(dim=1).max()) < 0.015


def test_teeth_that_close_give_up_the_dark_first():
    column = middle_column(teeth(0.24, lower=True), 0.15)
    assert (column > 0.4).sum() == pytest.approx(_TOOTH * EYE - 1, abs=2)


def test_the_whole_opening_is_filled_in_order():
    """Depths grow from the one lip to the other, whatever gives how readily."""
    compliance = torch.rand(2, 5, 48, generator=torch.Generator().manual_seed(3)) ** 4 + 1e-3
    height = torch.tensor([[10.0, 20, 30, 1e-3, 5], [10, 20, 30, 1e-3, 5]])
    wanted = torch.tensor([[30.0, 20, 4, 10, 1e-3], [1, 50, 31, 1e-3, 5]])
    depths, _ = mouth_mapping._depths(compliance, height, wanted)
    assert (depths.diff(dim=-1) >= 0).all()
    assert torch.allclose(depths[..., 0], torch.zeros(2, 5), atol=1e-4)
    assert torch.allclose(depths[..., -1], height, atol=1e-3, rtol=1e-3)


def test_an_inside_of_one_colour_stretches_evenly():
    depths, stretch = mouth_mapping._depths(torch.ones(1, 1, 48), torch.tensor([[12.0]]), torch.tensor([[30.0]]))
    assert torch.allclose(depths[0, 0], torch.linspace(0, 12, 49), atol=1e-3)
    assert torch.allclose(stretch, torch.tensor(2.5), atol=1e-3)


def test_the_seam_follows_the_dark_from_corner_to_corner():
    """A dark line that rises across the mouth; a darker spot far from it, such as a gap between two teeth, does not draw it away."""
    compliance = torch.full((1, 25, 48), 0.01)
    line = torch.linspace(30, 16, 25).round().long()
    compliance[0, torch.arange(25), line] = 0.8
    compliance[0, 12, 40] = 1.0
    seam = dimmest_line(compliance, 0.45)[0] * 48
    assert float((seam - line - 0.5).abs().max()) < 2.5
