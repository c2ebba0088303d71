"""A donor's mouth takes on the light of the frame, and nothing else of what lies around the frame's own mouth."""

from __future__ import annotations

import torch

from heygem_core.engines.mesh.blend import blend_mouth, seam_at
from heygem_core.engines.mesh.mouth import map_mouth

from .faces import EYE, HEIGHT, MIDDLE, WIDTH, face_points, picture


def points(gap: float) -> torch.Tensor:
    return torch.tensor(face_points(gap)[None]).float()


def put(skin: torch.Tensor, source_gap: float) -> torch.Tensor:
    """A closed mouth like the picture's put into `skin` (3, h, w), whose own mouth is open so far."""
    outside = map_mouth(points(0.0), WIDTH, HEIGHT).outside_lips
    seam = seam_at(points(source_gap), points(0.0), torch.tensor([EYE]))
    return blend_mouth(skin[None], picture()[None], outside, seam)[0][0]


def test_the_light_of_the_frame_is_taken_on():
    darker = picture() - torch.tensor([0.2, 0.0, 0.0]).view(3, 1, 1)
    drawn = put(darker, 0.0)
    assert float((drawn - darker).abs().max()) < 0.01


def test_a_shadow_under_the_lip_is_not_taken_for_the_light():
    """A mouth that closes in a frame where it was wide open stood over a dark smudge: what was left of the old lip darkened the new one."""
    skin = picture()
    x, y = int(MIDDLE[0]), int(MIDDLE[1] + 0.08 * EYE)
    below = slice(y + 1, y + 14), slice(x - 20, x + 20)
    skin[0][below] -= 0.25
    skin[2][below] += 0.05
    drawn = put(skin, 0.3)
    lip = slice(y - 6, y), slice(x - 10, x + 10)
    assert float((drawn[0][lip] - picture()[0][lip]).abs().mean()) < 0.03
    assert float((drawn[0][below] - picture()[0][below]).abs().mean()) < 0.05


def test_more_skin_comes_along_where_the_frame_s_own_mouth_is_far_otherwise():
    margins = [float(seam_at(points(gap), points(0.0), torch.tensor([EYE])).margin) for gap in (0.0, 0.04, 0.1, 0.3)]
    assert margins[0] == margins[1] < margins[2] < margins[3]
