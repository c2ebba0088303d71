"""Detail that reading between pixels and mixing take away is given back, to what was there and no further."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from heygem_core.engines.mesh.detail import detail_of, read_detail, restore
from heygem_core.engines.mesh.displacement_field import sample

SIDE = 128
EVERYWHERE = torch.ones(1, SIDE, SIDE)


def grainy(seed: int = 3) -> Tensor:
    """Grain as lenses and codecs leave it: not the last of it at every second pixel."""
    noise = torch.randn(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 0.02
    noise = functional.avg_pool2d(functional.pad(noise, (0, 1, 0, 1), mode="replicate"), 2, stride=1)
    return torch.cat([0.5 + noise, torch.full((1, 2, SIDE, SIDE), 0.1)], 1)


def strength(picture: Tensor) -> float:
    return float(detail_of(picture)[..., 2:-2, 2:-2].mean())


def places(shift: float) -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(torch.arange(SIDE).float(), torch.arange(SIDE).float(), indexing="ij")
    return x[None] + shift, y[None] + shift


@pytest.mark.parametrize("shift", [0.25, 0.5, 3.5])
def test_a_picture_that_is_read_between_its_pixels_keeps_its_grain(shift: float) -> None:
    picture, (x, y) = grainy(), places(shift)
    moved = sample(picture, x, y)
    assert strength(moved) < 0.95 * strength(picture)
    back = restore(moved, read_detail(detail_of(picture), x, y), EVERYWHERE)
    assert strength(back) == pytest.approx(strength(picture), rel=0.08)
    assert torch.equal(back[:, 1:], moved[:, 1:]), "colours have none to lose"


def test_a_mixture_of_two_pictures_has_the_grain_of_one() -> None:
    one, other = grainy(1), grainy(2)
    x, y = places(0.0)
    wanted = (read_detail(detail_of(one), x, y) + read_detail(detail_of(other), x, y)) / 2
    mixed = (one + other) / 2
    assert strength(mixed) < 0.8 * strength(one)
    assert strength(restore(mixed, wanted, EVERYWHERE)) == pytest.approx(strength(one), rel=0.11)


def test_what_lost_nothing_stays_as_it_is_and_nothing_is_softened() -> None:
    picture, (x, y) = grainy(), places(0.0)
    own = read_detail(detail_of(picture), x, y)
    assert float((restore(picture, own, EVERYWHERE) - picture).abs().max()) < 1e-6
    assert torch.equal(restore(picture, torch.zeros_like(own), EVERYWHERE), picture)


def test_nothing_changes_where_it_may_not_and_a_smooth_picture_is_given_no_grain() -> None:
    picture, (x, y) = grainy(), places(0.0)
    wanted = 2 * read_detail(detail_of(picture), x, y)
    half = EVERYWHERE.clone()
    half[..., : SIDE // 2] = 0
    changed = (restore(picture, wanted, half) != picture)[0, 0].any(0)
    assert not changed[: SIDE // 2].any()
    assert changed[SIDE // 2 :].all()
    flat = torch.full_like(picture, 0.4)
    assert torch.allclose(restore(flat, wanted, EVERYWHERE), flat, atol=1e-6)


def test_detail_is_read_where_the_pixels_came_from() -> None:
    picture = grainy()
    picture[..., : SIDE // 2] = 0.5
    x, y = places(0.0)
    read = read_detail(detail_of(picture), x + SIDE / 2, y)[0, 0]
    assert float(read[:, : SIDE // 2 - 16].min()) > 0.002
    assert float(read_detail(detail_of(picture), x, y)[0, 0, :, : SIDE // 2 - 16].max()) < 1e-6
