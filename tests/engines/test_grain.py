"""Grain: as much as was lost, the same for the same frame, none where none was."""

from __future__ import annotations

import pytest
import torch

from heygem_core.engines.grain import add_grain, noise_level

EVERYWHERE = torch.ones(200, 200, dtype=torch.bool)


def noisy(sigma: float) -> torch.Tensor:
    noise = torch.randn(3, 200, 200, generator=torch.Generator().manual_seed(5)) * sigma
    return 0.5 + torch.linspace(0, 0.2, 200) + noise


@pytest.mark.parametrize("sigma", [0.005, 0.02])
def test_the_noise_of_a_picture_is_measured(sigma):
    assert noise_level(noisy(sigma)[0], EVERYWHERE) == pytest.approx(sigma, rel=0.1)


def test_what_was_lost_is_put_back():
    source = noisy(0.02)
    grained = add_grain(noisy(0.008), source, EVERYWHERE.float(), frame=3)
    assert noise_level(grained[0], EVERYWHERE) == pytest.approx(0.02, rel=0.1)


def test_a_clean_picture_stays_clean():
    clean = noisy(0.0)
    assert torch.equal(add_grain(clean, clean, EVERYWHERE.float(), frame=3), clean)


def test_grain_depends_on_the_frame_s_number_alone():
    flat, source = noisy(0.0), noisy(0.02)
    first = add_grain(flat, source, EVERYWHERE.float(), frame=7)
    assert torch.equal(first, add_grain(flat, source, EVERYWHERE.float(), frame=7))
    assert not torch.equal(first, add_grain(flat, source, EVERYWHERE.float(), frame=8))
