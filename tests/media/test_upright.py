"""Upright RGB agrees with the exact conversion, in every format, turn and range, and regions say where they lie."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.media.colour import BT709, ColourTags, assumed_matrix, rgb_from_ycbcr
from heygem_core.media.geometry import map_points
from heygem_core.media.info import MediaInfo
from heygem_core.media.pixels import component_views
from heygem_core.media.planes import align_box, crop_planes
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.upright import Upright, UprightView, thinned, upright_views

from .make import SIZE, video

CASES: dict[str, dict[str, Any]] = {
    "601": {"tags": ColourTags(primaries=6, transfer=6, matrix=6, range=1)},
    "709": {},
    "2020": {"tags": ColourTags(primaries=9, transfer=16, matrix=9, range=1), "pix_fmt": "yuv420p10le"},
    "full": {"tags": ColourTags(primaries=1, transfer=1, matrix=1, range=2), "pix_fmt": "yuvj420p"},
    "untagged": {"tags": ColourTags()},
    "422": {"pix_fmt": "yuv422p10le"},
    "rgb": {"pix_fmt": "bgr0", "codec": "ffv1", "tags": ColourTags(), "suffix": ".mkv"},
    "gray": {"pix_fmt": "gray", "codec": "ffv1", "tags": ColourTags(), "suffix": ".mkv"},
}


def first(info: MediaInfo) -> Any:
    return next(read_frames(info)).picture


@pytest.mark.parametrize("kind", CASES)
def test_colours_are_those_of_the_exact_conversion(kind: str, tmp_path: Path) -> None:
    settings = dict(CASES[kind])
    info = probe(video(tmp_path / f"clip{settings.pop('suffix', '.mp4')}", frames=1, **settings))
    frame = first(info)
    crop = crop_planes(frame, align_box(frame, 0, 0, *SIZE))
    matrix = BT709 if kind == "rgb" else assumed_matrix(info.colour, *info.coded_size)
    exact = np.tensordot(crop.numpy(), rgb_from_ycbcr(matrix), (0, 1)).clip(0, 1) * 255
    shown = Upright(info).picture(frame).astype(float)
    assert np.abs((shown - exact).mean(axis=(0, 1))).max() < 0.2
    assert np.percentile(np.abs(shown - exact), 99) < 3


@pytest.mark.parametrize(("rotation", "mirrored"), [(0, False), (90, False), (180, False), (270, False), (90, True), (0, True)])
def test_a_mark_in_the_file_is_where_display_space_says(rotation: int, mirrored: bool, tmp_path: Path) -> None:
    info = probe(video(tmp_path / "clip.mov", codec="prores_ks", pix_fmt="yuv422p10le", rotation=rotation, mirrored=mirrored, frames=1))
    frame = first(info)
    component_views(frame)[0][...] = 64
    component_views(frame)[0][10:14, 70:74] = 940
    for chroma in component_views(frame)[1:]:
        chroma[...] = 512
    shown = Upright(info).picture(frame)
    assert shown.shape[1::-1] == info.display_size
    assert np.allclose(_centre(shown), info.to_display([72, 12]), atol=0.1)


def _centre(shown: np.ndarray) -> tuple[float, float]:
    """x, y of the bright mark; a pixel's centre lies at its number and a half."""
    rows, columns = np.nonzero(shown[..., 0] > 128)
    return float(columns.mean() + 0.5), float(rows.mean() + 0.5)


@pytest.mark.parametrize(("rotation", "mirrored"), [(0, False), (90, False), (180, False), (270, True)])
def test_a_region_maps_back_to_display_space(rotation: int, mirrored: bool, tmp_path: Path) -> None:
    info = probe(
        video(
            tmp_path / "clip.mov",
            codec="prores_ks",
            pix_fmt="yuv422p10le",
            rotation=rotation,
            mirrored=mirrored,
            sample_aspect=Fraction(2),
            frames=1,
        )
    )
    frame = first(info)
    component_views(frame)[0][...] = 64
    component_views(frame)[0][30:36, 40:44] = 940
    where = info.to_display([42, 33])
    part, to_display = Upright(info).region(frame, (where[0] - 25.3, where[1] - 17.7, where[0] + 20, where[1] + 22), (160, 120))
    assert part.shape == (120, 160, 3)
    assert np.allclose(map_points(to_display, _centre(part)), where, atol=0.5)


def test_a_smaller_picture_keeps_its_shape(tmp_path: Path) -> None:
    info = probe(video(tmp_path / "clip.mp4", size=(320, 180), rotation=90, frames=1))
    assert Upright(info).picture(first(info), max_side=160).shape == (160, 90, 3)
    assert Upright(info).picture(first(info), max_side=4000).shape == (320, 180, 3)


def test_a_region_outside_the_picture_is_refused(tmp_path: Path) -> None:
    info = probe(video(tmp_path / "clip.mp4", frames=1))
    with pytest.raises(ValueError, match="does not touch"):
        Upright(info).region(first(info), (200, 0, 300, 50), (64, 64))


_LOOKED_AT = {**CASES, "centred": {"codec": "mpeg1video", "suffix": ".mpg"}, "square": {"sample_aspect": Fraction(2)}}


@pytest.mark.parametrize(
    ("kind", "rotation", "mirrored"),
    [*((kind, 0, False) for kind in _LOOKED_AT), ("709", 90, False), ("709", 180, False), ("2020", 270, True), ("709", 0, True)],
)
def test_a_part_of_a_view_has_the_pixels_of_the_whole(kind: str, rotation: int, mirrored: bool, tmp_path: Path) -> None:
    """Of every format, turn and siting of chroma, at the picture's edges too: a tracker must not find other points in it."""
    settings = dict(_LOOKED_AT[kind])
    path = video(
        tmp_path / f"clip{settings.pop('suffix', '.mov')}", frames=1, size=(402, 334), rotation=rotation, mirrored=mirrored, **settings
    )
    info = probe(path)
    frame = first(info)
    noise = np.random.default_rng(0)
    for codes in component_views(frame):
        codes[...] = noise.integers(16, 235, codes.shape)
    whole, upright = Upright(info).picture(frame), Upright(info)
    width, height = info.display_size
    for left, top in ((0, 0), (31, 77), (width - 90, height - 110), (width - 131, 3)):
        view = UprightView(frame, upright)
        part = view.part(left, top, left + 90, top + 110)
        assert np.array_equal(part, whole[top : top + 110, left : left + 90])
        assert np.array_equal(view.part(left + 5, top + 7, left + 60, top + 80), whole[top + 7 : top + 80, left + 5 : left + 60])
        converted = "whole" in view.__dict__
        assert converted == (kind == "square")
    assert np.array_equal(UprightView(frame, upright).part(0, 0, width, height), whole)
    assert view.part(40, 20, 40, 30).shape == (10, 0, 3)


@pytest.mark.parametrize(("kind", "rotation"), [*((kind, 0) for kind in _LOOKED_AT), ("709", 90), ("2020", 180)])
def test_a_thinned_view_is_the_whole_with_pixels_left_out(kind: str, rotation: int, tmp_path: Path) -> None:
    settings = dict(_LOOKED_AT[kind])
    info = probe(video(tmp_path / f"clip{settings.pop('suffix', '.mov')}", frames=1, size=(402, 334), rotation=rotation, **settings))
    ((_, view),) = upright_views(info)
    thin = view.thinned(3)
    assert "whole" not in view.__dict__
    wanted = thinned(view.whole, 3).astype(int)
    assert thin.shape == wanted.shape
    assert thin.dtype == np.uint8
    assert np.abs(thin.astype(int).mean((0, 1)) - wanted.mean((0, 1))).max() < 1.5
    if rotation == 0:  # else other pixels are left out
        assert np.percentile(np.abs(thin.astype(int) - wanted), 90) <= 2
