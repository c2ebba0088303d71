"""What is drawn where a clip never shows the inside of its mouth: teeth of one's own on two jaws, lit like the face, steady at any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from heygem_core.engines.mesh import drawn_interior
from heygem_core.engines.mesh.drawing import draw
from heygem_core.engines.mesh.drawn_interior import Light, Skull
from heygem_core.engines.mesh.drawn_teeth import SHOWS_LOWER, TRAITS, Seen, look_at, traits_of, upper_row
from heygem_core.engines.mesh.mouth import map_mouth

from .faces import EYE, HEIGHT, MIDDLE, WIDTH, batch, skull

X, Y = MIDDLE.astype(int).tolist()


def row_at(u: Tensor, height: float, pixel: float = 0.002, turn: tuple[float, float] = (0.0, 0.0)) -> Seen:
    """The upper row at places u (n,) across, so far above its edge."""
    edge, one = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
    here = u[None, None]
    return look_at(upper_row(torch.zeros(1, TRAITS)), here, here * 0 - height, torch.tensor([turn]), 0.04, edge, 0 * one, pixel * one)


def borders() -> Tensor:
    """(9,) where crowns meet, across the picture of a head that faces the camera."""
    row = upper_row(torch.zeros(1, TRAITS))
    return row.radius * torch.sin(row.edges[0] / row.radius)


def neutral(seed: int, off: float = 0.04) -> np.ndarray:
    """(478, 3) a face; those of one seed and little `off` are one person's."""
    face = np.random.default_rng(0).uniform(-0.6, 0.6, (478, 3))
    return (face + np.random.default_rng(seed).normal(0, off, face.shape)).astype(np.float32)


def inside(gap: float, **changed: Tensor) -> tuple[Tensor, Tensor]:
    """The luma (h, w) of a drawn frame and what of it lies between the lips."""
    frames = batch(0.0, gap)._replace(**changed)
    drawn, _ = draw(frames)
    return drawn[0, 0], map_mouth(frames.target, WIDTH, HEIGHT).inside[0]


def test_between_two_crowns_lies_a_darker_gap() -> None:
    edges = borders()
    middles = (edges[1:] + edges[:-1]) / 2
    for k in range(3, 6):  # the farthest are hardly lit
        at = torch.stack([middles[k - 1], edges[k], middles[k]])
        left, gap, right = row_at(at, 0.03).shade[0, 0].tolist()
        assert gap < 0.9 * (left + right) / 2


def test_crowns_end_in_rounded_corners_that_leave_a_notch_between_them() -> None:
    edges = borders()
    at = torch.stack([edges[4], (edges[4] + edges[5]) / 2])
    notch, crown = row_at(at, 0.004).cover[0, 0].tolist()
    assert crown > 0.9
    assert notch < 0.5


def test_teeth_grow_darker_from_the_incisors_to_the_sides() -> None:
    edges = borders()
    shades = row_at((edges[4:8] + edges[5:9]) / 2, 0.04).shade[0, 0]
    assert (shades.diff() < -0.03).all()
    assert float(shades[2]) < 0.8 * float(shades[0])  # the canine


def test_gums_show_above_the_crowns_only() -> None:
    at = torch.linspace(-0.2, 0.2, 41)
    assert float(row_at(at, 0.07).gum.max()) < 0.05
    assert float(row_at(at, 0.14).gum.min()) > 0.9


def test_a_turned_head_shows_one_side_of_the_arch_wider_than_the_other() -> None:
    u = torch.linspace(-0.32, 0.32, 641)
    for turn in (0.5, -0.5):
        shade = row_at(u, 0.03, turn=(turn, 0.0)).shade[0, 0]
        lit = u[shade > 0.35]
        middle = 0.04 * turn  # the front teeth lie behind the lips
        assert ((lit - middle).mean() * turn) > 0.01


def test_two_people_have_other_teeth_and_one_person_the_same() -> None:
    one, again, other = (traits_of(neutral(*which)) for which in ((1, 0.0), (2, 1e-3), (3, 0.1)))
    assert np.abs(one - again).max() < 0.25
    assert np.abs(one - other).mean() > 0.3
    first, between = inside(0.2, traits=torch.tensor(one[None]))
    second, _ = inside(0.2, traits=torch.tensor(one[None]))
    third, _ = inside(0.2, traits=torch.tensor(other[None]))
    assert torch.equal(first, second)
    assert float((first - third).abs()[between > 0.9].mean()) > 0.01


def test_teeth_stay_between_the_lips() -> None:
    traits = [torch.full((1, TRAITS), sign) for sign in (-1.0, 1.0)]
    (first, between), (second, _) = (inside(0.12, traits=t) for t in traits)
    changed = (first - second).abs() > 1e-4
    assert changed.any()
    assert not changed[between <= 0].any()


@pytest.mark.parametrize("lighter", ["left", "right"])
def test_light_from_a_side_shades_the_teeth_of_the_other(lighter: str) -> None:
    slope = torch.linspace(-0.25, 0.25, WIDTH) * (1 if lighter == "right" else -1)
    picture = batch(0.0, 0.0).picture.clone()
    picture[:, 0] = 0.5 + slope
    luma, _ = inside(0.2, picture=picture)
    teeth = slice(Y - int(0.07 * EYE), Y + int(0.01 * EYE))
    left, right = luma[teeth, X - 10 : X - 1].mean(), luma[teeth, X + 2 : X + 11].mean()
    assert (float(right) > 1.03 * float(left)) == (lighter == "right")
    assert (float(left) > 1.03 * float(right)) == (lighter == "left")


def test_lower_teeth_ride_on_the_jaw() -> None:
    """Between one who shows many of them and one who shows none, light lies above the lower lip, however far that drops."""
    many, none = torch.zeros(1, TRAITS), torch.zeros(1, TRAITS)
    many[:, SHOWS_LOWER], none[:, SHOWS_LOWER] = 1, -1
    for gap in (0.2, 0.3):
        lighter = inside(gap, traits=many)[0][:, X + 3] - inside(gap, traits=none)[0][:, X + 3]
        rows = torch.nonzero(lighter > 0.05)[:, 0]
        low = Y + gap / 2 * EYE
        assert len(rows) >= 2
        assert low - 0.06 * EYE < int(rows.min())
        assert int(rows.max()) <= low


def test_the_tongue_stands_up_between_lips_a_little_apart_and_lies_low_between_wide_ones() -> None:
    light = Light(torch.tensor([[0.5, -0.05, 0.1]]), torch.tensor([0.7]), torch.tensor([[0.4, -0.03, 0.12]]), torch.ones(1, 2))
    down = torch.linspace(1, 0, 101)[None, :, None]  # parts of the opening above the lower lip
    shares = []
    for gap in (0.04, 0.10, 0.25):
        _, cover = drawn_interior._tongue(light, 0 * down, down * gap, torch.full((1, 1, 1), gap))
        shares.append(float(cover.mean()))
    assert shares[0] > shares[1] > shares[2] > 0.2
    assert shares[0] > 1.5 * shares[2]


@pytest.mark.parametrize("pixel", [1 / 40, 1 / 80, 1 / 200])
def test_teeth_do_not_shimmer_when_a_small_face_moves_by_half_a_pixel(pixel: float) -> None:
    lumas, one = [], torch.ones(1, 1, 1)
    reach = torch.arange(-int(0.5 / pixel), int(0.5 / pixel) + 1)
    for part in (0.0, 0.25, 0.5, 0.75):
        u, v = (reach + part)[None, None] * pixel, (reach + part)[None, :, None] * pixel
        seen = look_at(upper_row(torch.zeros(1, TRAITS)), u + 0 * v, v + 0 * u, torch.zeros(1, 2), 0.04, 0 * one, 0.03 * one, pixel * one)
        window = torch.exp(-((u / 0.15) ** 2) - ((v + 0.02) / 0.05) ** 2)
        lumas.append(float((seen.cover * seen.shade * window).sum()) * pixel**2)
    assert max(lumas) / min(lumas) - 1 < 0.02


def test_one_picture_is_drawn_alike_wherever_the_head_stands() -> None:
    """Half a pixel of movement moves the teeth and changes nothing else."""
    luma, between = inside(0.2)
    moved = Skull(skull().origin + torch.tensor([[0.5, 0.0]]), *skull()[1:])
    other, _ = inside(0.2, skull=moved)
    halfway = (luma[:, :-1] + luma[:, 1:]) / 2
    core = (between[:, 1:] > 0.99) & (between[:, :-1] > 0.99)
    assert float((other[:, 1:] - halfway).abs()[core].mean()) < 0.02
    assert float(other[between > 0.9].mean()) == pytest.approx(float(luma[between > 0.9].mean()), rel=0.01)
