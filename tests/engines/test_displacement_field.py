"""Displacement fields: through their control points, smooth, nil away from them."""

from __future__ import annotations

import torch

from heygem_core.engines.mesh import displacement_field


def make(values: torch.Tensor, slack: float = 1e-5) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    centres = torch.tensor([[[20.0, 20], [60, 20], [40, 50], [40, 22]]])
    radius = torch.tensor([50.0])
    return centres, radius, displacement_field.solve(centres, values, radius, torch.full((4,), slack))


def test_a_field_takes_its_values_at_the_control_points():
    values = torch.tensor([[[1.0, 0], [0, 2], [-3, 1], [0.5, 0.5]]])
    centres, radius, coefficients = make(values)
    assert torch.allclose(displacement_field.wendland(centres, centres, radius) @ coefficients, values, atol=2e-3)


def test_a_field_is_nil_beyond_its_reach():
    centres, radius, coefficients = make(torch.ones(1, 4, 2))
    far = torch.tensor([[[200.0, 200], [40, 101]]])
    assert (displacement_field.wendland(far, centres, radius) @ coefficients == 0).all()


def test_slack_lets_a_stray_point_go():
    """A point that contradicts its close neighbour must not fold the picture."""
    values = torch.tensor([[[0.0, 0], [0, 0], [0, 0], [0, 40]]])
    _, _, strict = make(values)
    _, _, loose = make(values, slack=0.5)
    assert loose.abs().sum() < strict.abs().sum()


def test_spread_reads_a_field_between_lattice_points():
    """A displacement that changes by a tenth of a pixel each pixel is read to a thirtieth."""
    points = displacement_field.lattice(57, 31, 20, torch.device("cpu"))
    spread = displacement_field.spread((points @ torch.tensor([[0.1], [-0.05]]))[None], 57, 31, 20)
    y, x = torch.meshgrid(torch.arange(31.0), torch.arange(57.0), indexing="ij")
    inner = (slice(4, -4), slice(6, -6))
    assert torch.allclose(spread[0, 0][inner], (0.1 * x - 0.05 * y)[inner], atol=0.03)


def test_sampling_where_a_pixel_lies_gives_the_pixel():
    picture = torch.rand(2, 3, 17, 23, generator=torch.Generator().manual_seed(0))
    y, x = torch.meshgrid(torch.arange(17.0), torch.arange(23.0), indexing="ij")
    assert torch.allclose(displacement_field.sample(picture, x.expand(2, -1, -1), y.expand(2, -1, -1)), picture, atol=1e-5)
