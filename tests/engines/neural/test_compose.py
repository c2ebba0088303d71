"""A network's changes laid over the clip's own pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heygem_core.engines.neural.colour import NetworkColour
from heygem_core.engines.neural.compose import find_changes, lay_over
from heygem_core.engines.neural.crops import box_matrices, inverse_affine, resample
from heygem_core.engines.neural.mouth_model import Mouths
from heygem_core.media.colour import BT709, BT2020

from .networks import blurred

SDR = NetworkColour(matrix=BT709, transfer="sdr")
PQ, HLG = (NetworkColour(matrix=BT2020, transfer=transfer) for transfer in ("pq", "hlg"))
COLOURS = pytest.mark.parametrize("colour", [SDR, PQ, HLG], ids=lambda colour: colour.transfer)
SIDE, PIXELS = 96, 192  # of the crop and of the picture that it shows
MOUTH = torch.tensor([[[30.0, 62], [48, 56], [66, 62], [48, 72]]])  # outer lips in crop pixels
WHOLE = torch.ones(1)


def face(seed: int = 1) -> torch.Tensor:
    """(3, PIXELS, PIXELS) Y'CbCr: skin with pores and a mouth."""
    y, x = torch.meshgrid(torch.arange(PIXELS).float(), torch.arange(PIXELS).float(), indexing="ij")
    pores = 0.02 * torch.randn((PIXELS, PIXELS), generator=torch.Generator().manual_seed(seed))
    mouth = torch.exp(-(((x - 96) / 32) ** 2 + ((y - 128) / 11) ** 2))
    luma = 0.45 + 0.05 * x / PIXELS - 0.2 * mouth
    return torch.stack([luma + pores, -0.05 - 0.02 * mouth, 0.07 + 0.05 * mouth])


def through(colour: NetworkColour, picture: torch.Tensor, change: object) -> torch.Tensor:
    """A picture after a network that does `change` (shown crops → mouths) to it."""
    matrix = torch.from_numpy(box_matrices(np.array([[0.0, 0, PIXELS, PIXELS]]), SIDE)).float()
    shown = colour.shown(resample(picture[None], matrix, SIDE, SIDE))
    changes = find_changes(colour, shown, change(colour.rgb(shown).clamp(0, 1)), MOUTH, WHOLE)  # type: ignore[operator]
    return lay_over(colour, picture, changes, inverse_affine(matrix), torch.ones(PIXELS, PIXELS), 7)


@COLOURS
def test_a_network_that_changes_nothing_leaves_every_value_as_it_was(colour: NetworkColour) -> None:
    picture = face()
    for made in (lambda crops: Mouths(crops.clone()), lambda crops: Mouths(blurred(crops, 1.5), blurred(crops, 1.5))):
        torch.testing.assert_close(through(colour, picture, made), picture, rtol=0, atol=1e-6)


@COLOURS
@pytest.mark.parametrize("blur", [0.5, 1.0])
def test_softness_and_a_tint_of_the_network_do_not_reach_the_skin(colour: NetworkColour, blur: float) -> None:
    picture = face()
    tint = torch.tensor([0.03, -0.02, 0.015]).view(1, 3, 1, 1)
    new = through(colour, picture, lambda crops: Mouths(blurred(crops, blur) + tint))
    skin = (slice(None), slice(24, 88), slice(24, 168))
    off = (colour.shown(new) - colour.shown(picture))[skin]
    assert float(off.square().mean().sqrt()) < 0.5 / 255
    assert float(off.abs().max()) < 4 / 255
    assert 0.95 < float(new[0, 24:88, 24:168].std() / picture[0, 24:88, 24:168].std()) < 1.05, "pores stay"


@COLOURS
def test_another_mouth_is_shown_in_the_place_of_the_old_one_with_as_much_grain_as_the_face(colour: NetworkColour) -> None:
    picture = face()

    def opened(crops: torch.Tensor) -> Mouths:
        made = blurred(crops, 0.7)
        made[:, :, 60:68, 38:58] = 0.1
        return Mouths(made)

    new = through(colour, picture, opened)
    inside = new[:, 123:133, 83:109]
    wanted = colour.ycbcr(torch.full((1, 3, 1, 1), 0.1))[0, 0]
    assert abs(float(colour.shown(inside)[0].mean() - wanted)) < 0.03
    assert 0.6 < float(colour.shown(inside)[0].std() / colour.shown(picture)[0, 30:60, 30:60].std()) < 1.6, "grain of the face"
    assert float((colour.shown(new) - colour.shown(picture))[:, :80].square().mean().sqrt()) < 0.3 / 255


def test_nothing_of_an_old_edge_shines_through_a_new_mouth() -> None:
    """What the network lost of the old mouth's edges once came back as beads on a string."""
    picture = face()
    picture[0, 120:136:3, 70:122] += 0.3  # teeth, in rows

    def closed(crops: torch.Tensor) -> Mouths:
        made = blurred(crops, 1.0)
        made[:, :, 54:76, 28:68] = made[:, :, 40:41, 28:68]
        return Mouths(made)

    new = through(SDR, picture, closed)[0, 122:134, 74:118]
    assert float(new.std()) < 1.5 * float(picture[0, 30:60, 74:118].std())


def test_nothing_changes_at_the_edges_of_a_crop() -> None:
    picture = face()
    new = through(SDR, picture, lambda crops: Mouths(crops * 0.2))
    for edge in (new[:, :2] - picture[:, :2], new[:, -2:] - picture[:, -2:], new[:, :, :2] - picture[:, :, :2]):
        assert float(edge.abs().max()) < 2e-3


@COLOURS
def test_what_a_network_is_shown_can_be_undone(colour: NetworkColour) -> None:
    levels = torch.linspace(0.02, 0.95, 50).expand(3, 1, 50).clone()
    picture = colour.ycbcr(levels)
    shown = colour.shown(picture)
    assert bool((shown[0, 0].diff() > 0).all())
    assert float(shown[0].max()) <= 1.0
    change = torch.full_like(shown, 0)
    change[0] = 0.05
    brighter = colour.add(picture, change)
    bent = (shown[0, 0] > 0.05) & (shown[0, 0] < 0.9)
    off = colour.shown(brighter)[0, 0] - shown[0, 0] - 0.05
    assert float(off[bent].abs().max()) < 2e-3
    assert torch.equal(colour.add(picture, torch.zeros_like(shown)), picture)


def test_reference_white_of_hdr_is_shown_bright_and_skin_as_in_standard_range() -> None:
    white = {PQ: 0.58, HLG: 0.75}
    for colour, code in white.items():
        grey = colour.shown(colour.ycbcr(torch.full((1, 3, 1, 1), code)))[0, 0]
        assert 0.85 < float(grey) < 0.97, "room above it for highlights"
