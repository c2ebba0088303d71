"""What the engine draws, on a face of our own: where pixels may change, what lips and teeth do, the same on every device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heygem_core.engines.matte import MATTE_VERTICES, matte_bounds
from heygem_core.engines.mesh.drawing import Crossfade, draw, matte_of
from heygem_core.engines.mesh.drawn_interior import Skull
from heygem_core.engines.mesh.mouth import map_mouth
from heygem_core.engines.mesh.vertices import rows
from heygem_core.engines.mesh.warp import Donor
from heygem_core.face.mesh import FACE_OVAL

from .faces import HEIGHT, MIDDLE, WIDTH, batch, face_points, on, skull

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")),
    pytest.param("mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no Apple GPU")),
]


def test_the_matte_ends_within_1_3_times_the_outline():
    source, target = face_points(0.0), face_points(0.2)
    matte = matte_of(torch.tensor(source[None]).float(), torch.tensor(target[None]).float(), WIDTH, HEIGHT)[0].numpy()
    outline = source[rows(FACE_OVAL)]
    centre = outline.mean(0)
    hull = centre + (outline - centre) * 1.3
    ys, xs = np.nonzero(matte > 0)
    assert len(ys) > 1000
    for k in range(len(hull)):  # convex: every matte pixel lies on the inner side of every edge
        (x0, y0), (x1, y1) = hull[k], hull[(k + 1) % len(hull)]
        assert ((x1 - x0) * (ys - y0) - (y1 - y0) * (xs - x0) >= -1e-6).all()


def test_the_crop_holds_the_whole_matte():
    source, target = face_points(0.0)[None], face_points(0.2)[None]
    x0, y0, x1, y1 = matte_bounds(*(points[:, rows(MATTE_VERTICES)].astype(np.float32) for points in (source, target)))[0]
    matte = matte_of(torch.tensor(source).float(), torch.tensor(target).float(), WIDTH, HEIGHT)[0]
    ys, xs = np.nonzero(matte.numpy() > 0)
    assert xs.min() >= x0 - 1
    assert xs.max() <= x1 + 1
    assert ys.min() >= y0 - 1
    assert ys.max() <= y1 + 1


def test_the_inside_is_as_high_as_the_lips_are_apart():
    mouth = map_mouth(torch.tensor(face_points(0.2)[None]).float(), WIDTH, HEIGHT)
    column = mouth.inside[0, :, int(MIDDLE[0])]
    assert float(column.sum()) == pytest.approx(0.2 * 120, abs=2.0)
    closed = map_mouth(torch.tensor(face_points(0.0)[None]).float(), WIDTH, HEIGHT)
    assert float(closed.inside.sum()) == 0


def test_nothing_moves_when_the_wanted_shape_is_the_frame_s_own():
    frames = batch(0.0, 0.0)
    drawn, _ = draw(frames)
    assert float((drawn - frames.picture).abs().max()) < 2e-3


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_draws_what_the_cpu_draws(device):
    frames = batch(0.05, 0.15, count=2)
    here, matte = draw(frames)
    there, other = draw(on(frames, device))
    assert float((here - there.cpu()).abs().max()) < 3e-3
    assert float((matte - other.cpu()).abs().max()) < 1e-3


def test_a_drawn_mouth_has_light_teeth_above_a_dark_cavity():
    frames = batch(0.0, 0.25)
    drawn, _ = draw(frames)
    column = drawn[0, 0, :, int(MIDDLE[0]) + 5]
    top = int(MIDDLE[1] - 0.1 * 120)
    teeth, below = column[top + 3 : top + 14].max(), column[int(MIDDLE[1]) + 4 : int(MIDDLE[1]) + 8].mean()
    assert float(teeth) > 0.3
    assert float(below) < 0.5 * float(teeth)


def test_teeth_keep_their_place_when_only_the_lips_move():
    """The lower edge of the drawn teeth must not follow the lower lip."""
    edges = []
    for gap in (0.18, 0.26):
        drawn, _ = draw(batch(0.0, gap))
        column = drawn[0, 0, :, int(MIDDLE[0]) + 5]
        rows_between = range(int(MIDDLE[1] - gap * 60) + 4, int(MIDDLE[1] + gap * 60) - 4)
        edges.append(max(rows_between, key=lambda y: float(column[y] - column[y + 2])))
    assert abs(edges[0] - edges[1]) <= 1


def test_a_donor_s_mouth_brings_its_inside_and_takes_on_the_frame_s_colours():
    """The donor is darker all over; on the skin around the lips nothing of that may be left."""
    donor_picture = batch(0.0, 0.0).picture - torch.tensor([0.15, 0, 0]).view(1, 3, 1, 1)
    points = torch.tensor(face_points(0.2)[None]).float()
    hole = map_mouth(points, WIDTH, HEIGHT).inside[:, None]
    donor_picture = torch.lerp(donor_picture, torch.tensor([0.02, 0.0, 0.0]).view(1, 3, 1, 1), hole)
    frames = batch(0.0, 0.2)._replace(donor=Donor(donor_picture, points, skull()))
    drawn, _ = draw(frames)
    x, y = int(MIDDLE[0]), int(MIDDLE[1])
    assert float(drawn[0, 0, y, x]) < 0.25  # the inside came along
    beside = slice(y + 30, y + 36), slice(x - 5, x + 5)
    assert float((drawn[0, 0][beside] - frames.picture[0, 0][beside]).abs().mean()) < 0.04


def test_a_batch_draws_each_frame_as_if_it_were_alone():
    three = batch(0.05, 0.15, count=3)
    alone, _ = draw(batch(0.05, 0.15))
    together, _ = draw(three)
    assert float((together - alone).abs().max()) < 1e-5


def test_a_shared_frame_lies_half_way_between_its_two_donors():
    points = torch.tensor(face_points(0.2)[None]).float()
    hole = map_mouth(points, WIDTH, HEIGHT).inside[:, None]
    dark, light = (Donor(torch.lerp(batch(0.0, 0.0).picture, torch.tensor(v), hole), points, skull()) for v in (0.05, 0.45))
    frames = batch(0.0, 0.2, count=3)
    picture, at, _ = (t.repeat(3, *[1] * (t.dim() - 1)) if isinstance(t, torch.Tensor) else t for t in dark)
    three = Donor(picture, at, Skull(*(t.repeat(3, 1) for t in skull())))
    drawn, _ = draw(frames._replace(donor=three, crossfade=Crossfade(torch.tensor([1]), light)))
    lumas = drawn[:, 0, int(MIDDLE[1]), int(MIDDLE[0])]
    assert float(lumas[0]) == pytest.approx(0.05, abs=0.02)
    assert float(lumas[1]) == pytest.approx(0.25, abs=0.02)
    assert torch.allclose(drawn[0], drawn[2], atol=1e-5)
