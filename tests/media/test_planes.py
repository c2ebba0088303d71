"""Planes: what is not touched keeps every code, what is touched becomes what was asked for, in every pixel format."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heygem_core.media.colour import ColourTags, read_tags, rgb_from_ycbcr, write_tags, ycbcr_from_rgb
from heygem_core.media.convert import Converter, repacked
from heygem_core.media.pixels import alpha_view, component_views, pixel_format
from heygem_core.media.planes import Box, align_box, blend_planes, copy_frame, crop_planes

FORMATS = [
    *(f"yuv{chroma}p{depth}" for chroma in ("420", "422", "444") for depth in ("", "10le", "12le")),
    *("yuvj420p", "yuvj422p", "yuvj444p", "yuv411p", "yuv440p", "yuv410p", "yuv420p16le"),
    *("yuva420p", "yuva444p10le", "yuva422p12le", "gray", "gray10le", "gray16be", "ya8"),
    *("gbrp", "gbrap", "gbrp10le", "gbrp12le", "gbrp16be", "rgb24", "bgr24", "rgba", "bgra", "argb", "bgr0", "0rgb", "rgb48le", "rgba64be"),
    *("nv12", "nv21", "nv16", "p010le", "p210le", "yuyv422", "uyvy422"),
]
sizes = st.tuples(st.integers(4, 40), st.integers(4, 40))


def random_frame(name: str, size: tuple[int, int], seed: int) -> av.VideoFrame:
    """Every code from the lowest to the highest occurs."""
    form = pixel_format(name)
    assert form is not None
    # Packed 4:2:2 has no odd widths.
    width, height = (size[0] // 2 * 2, size[1]) if name in ("yuyv422", "uyvy422") else size
    frame = av.VideoFrame(width, height, name)
    random = np.random.default_rng(seed)
    for view in [*component_views(frame), *([] if form.alpha is None else [alpha_view(frame)])]:
        assert view is not None
        view[...] = random.integers(0, form.maximum + 1, view.shape).astype(view.dtype) << form.left_shift
    frame.pts, frame.time_base = 7, Fraction(1, 25)
    if form.family == "yuv":
        write_tags(frame, ColourTags(primaries=1, transfer=1, matrix=1, range=2 if name.startswith("yuvj") else 1))
    return frame


def all_codes(frame: av.VideoFrame) -> list[np.ndarray]:
    alpha = alpha_view(frame)
    return [np.array(view) for view in component_views(frame)] + ([] if alpha is None else [np.array(alpha)])


def some_box(frame: av.VideoFrame, edges: tuple[float, float, float, float]) -> Box:
    x, y = sorted(edges[:2]), sorted(edges[2:])
    return align_box(frame, x[0] * (frame.width - 1), y[0] * (frame.height - 1), x[1] * frame.width + 1, y[1] * frame.height + 1)


unit = st.floats(0, 1)
edges = st.tuples(unit, unit, unit, unit)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(FORMATS), sizes, edges, st.integers(0, 999))
def test_where_the_matte_is_zero_every_code_stays(
    name: str, size: tuple[int, int], edges: tuple[float, float, float, float], seed: int
) -> None:
    frame = random_frame(name, size, seed)
    box = some_box(frame, edges)
    before = all_codes(frame)
    nonsense = torch.full((3, box.height, box.width), float("nan"))
    result = blend_planes(frame, box, nonsense, torch.zeros(box.height, box.width))
    assert all(np.array_equal(a, b) for a, b in zip(before, all_codes(result), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(before, all_codes(frame), strict=True)), "the decoded frame itself was written to"


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(FORMATS), sizes, edges, st.integers(0, 999))
def test_the_crop_laid_back_changes_nothing(name: str, size: tuple[int, int], edges: tuple[float, float, float, float], seed: int) -> None:
    frame = random_frame(name, size, seed)
    box = some_box(frame, edges)
    matte = torch.rand((box.height, box.width), generator=torch.Generator().manual_seed(seed))
    result = blend_planes(frame, box, crop_planes(frame, box), matte)
    assert all(np.array_equal(a, b) for a, b in zip(all_codes(frame), all_codes(result), strict=True))


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(FORMATS), sizes, edges, st.integers(0, 999))
def test_only_samples_under_the_matte_change(name: str, size: tuple[int, int], edges: tuple[float, float, float, float], seed: int) -> None:
    frame = random_frame(name, size, seed)
    box = some_box(frame, edges)
    generator = torch.Generator().manual_seed(seed)
    matte = (torch.rand((box.height, box.width), generator=generator) - 0.6).clamp(min=0) * 2.5
    picture = torch.rand((3, box.height, box.width), generator=generator)
    result = blend_planes(frame, box, picture, matte)
    touched = np.zeros((frame.height, frame.width), bool)
    touched[box.top : box.bottom, box.left : box.right] = matte.numpy() > 0
    form = pixel_format(name)
    assert form is not None
    for place, (old, new) in enumerate(zip(component_views(frame), component_views(result), strict=True)):
        shift = form.chroma_shift if place and form.family == "yuv" else (0, 0)
        assert not (np.not_equal(old, new) & ~covered(touched, shift)).any()
    if form.alpha is not None:
        assert np.array_equal(np.asarray(alpha_view(frame)), np.asarray(alpha_view(result)))


def covered(touched: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """Chroma samples of which any covered luma sample is touched."""
    across, down = 1 << shift[0], 1 << shift[1]
    rows, columns = touched.shape
    padded = np.pad(touched, ((0, -rows % down), (0, -columns % across)))
    return padded.reshape(padded.shape[0] // down, down, -1, across).any(axis=(1, 3))


@pytest.mark.parametrize("name", FORMATS)
def test_where_the_matte_is_one_the_new_value_arrives(name: str) -> None:
    frame = random_frame(name, (32, 24), 3)
    box = align_box(frame, 0, 0, frame.width, frame.height)
    wanted = torch.empty(3, box.height, box.width)
    wanted[0], wanted[1], wanted[2] = 0.5, 0.1, -0.05
    form = pixel_format(name)
    assert form is not None
    result = crop_planes(blend_planes(frame, box, wanted, torch.ones(box.height, box.width)), box)
    if form.family == "gray":
        wanted[1:] = 0
    assert (result - wanted).abs().max() < 1.01 / (219 / 256 * (form.maximum + 1))


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p12le", "nv12", "yuv411p"])
def test_a_smooth_picture_goes_in_and_comes_out(name: str) -> None:
    frame = random_frame(name, (64, 48), 1)
    box = align_box(frame, 0, 0, 64, 48)
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 48), torch.linspace(0, 1, 64), indexing="ij")
    wanted = torch.stack([0.2 + 0.6 * columns, 0.3 * (rows - 0.5), 0.3 * (columns - 0.5)])
    result = crop_planes(blend_planes(frame, box, wanted, torch.ones(48, 64)), box)
    # Coarse chroma cannot follow a slope where the picture ends; inside it must.
    inner = (slice(None), slice(4, -4), slice(4, -4))
    assert (result - wanted)[inner].abs().max() < (0.03 if name == "yuv411p" else 0.005)


@pytest.mark.parametrize(
    ("name", "black", "white"), [("yuv420p", 16, 235), ("yuvj420p", 0, 255), ("yuv420p10le", 64, 940), ("gray", 0, 255)]
)
def test_black_is_zero_and_white_is_one(name: str, black: int, white: int) -> None:
    frame = random_frame(name, (16, 16), 0)
    luma = component_views(frame)[0]
    luma[...] = black
    luma[:, 8:] = white
    crop = crop_planes(frame, align_box(frame, 0, 0, 16, 16))
    assert torch.allclose(crop[0, :, :8], torch.zeros(1))
    assert torch.allclose(crop[0, :, 8:], torch.ones(1))


def test_codes_beyond_white_survive() -> None:
    frame = random_frame("yuv420p", (16, 16), 0)
    component_views(frame)[0][...] = 254
    crop = crop_planes(frame, align_box(frame, 0, 0, 16, 16))
    assert crop[0].min() > 1
    result = blend_planes(frame, align_box(frame, 0, 0, 16, 16), crop * 1.0, torch.ones(16, 16))
    assert (np.asarray(component_views(result)[0]) == 254).all()


def test_chroma_of_a_left_sited_picture_lies_on_the_even_columns() -> None:
    frame = random_frame("yuv422p", (16, 8), 0)
    cb = component_views(frame)[1]
    cb[...] = 128 + 8 * np.arange(8)[None, :]
    crop = crop_planes(frame, align_box(frame, 0, 0, 16, 8))
    assert torch.allclose(crop[1, 0, :14] * 224, torch.arange(14) * 4.0, atol=1e-4)


@pytest.mark.parametrize("odd", [(17, 13), (16, 13), (17, 14)])
def test_odd_sizes_keep_their_last_row_and_column(odd: tuple[int, int]) -> None:
    frame = random_frame("yuv420p", odd, 5)
    component_views(frame)[1][...] = 90  # half a chroma sample is missing there, so its own detail cannot be told apart
    box = align_box(frame, 3, 3, *odd)
    assert (box.right, box.bottom) == odd
    result = blend_planes(frame, box, torch.zeros(3, box.height, box.width), torch.ones(box.height, box.width))
    assert (np.asarray(component_views(result)[0])[-1, -1], np.asarray(component_views(result)[1])[-1, -1]) == (16, 128)


def test_a_copy_keeps_times_and_tags() -> None:
    frame = random_frame("yuv420p", (16, 16), 5)
    copy = copy_frame(frame)
    assert (copy.pts, copy.time_base, read_tags(copy)) == (frame.pts, frame.time_base, read_tags(frame))


def test_a_box_outside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="does not touch"):
        align_box(random_frame("yuv420p", (16, 16), 0), 20, 0, 30, 10)


# Full-scale bars of ITU-R BT.471 in 8-bit limited range, from the published tables of BT.601 and BT.709.
BARS = {
    1: {(1, 1, 0): (219, 16, 138), (0, 1, 1): (188, 154, 16), (1, 0, 0): (63, 102, 240), (0, 0, 1): (32, 240, 118)},
    6: {(1, 1, 0): (210, 16, 146), (0, 1, 1): (170, 166, 16), (1, 0, 0): (81, 90, 240), (0, 0, 1): (41, 240, 110)},
}


@pytest.mark.parametrize("matrix", BARS)
def test_colour_bars_have_the_published_codes(matrix: int) -> None:
    for rgb, codes in BARS[matrix].items():
        y, cb, cr = ycbcr_from_rgb(matrix) @ rgb
        assert (round(16 + 219 * y), round(128 + 224 * cb), round(128 + 224 * cr)) == codes
        assert np.allclose(rgb_from_ycbcr(matrix) @ [y, cb, cr], rgb)


def test_bt2020_white_is_neutral() -> None:
    assert np.allclose(rgb_from_ycbcr(9) @ [1, 0, 0], 1)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("yuvj420p", "yuv420p"),
        ("nv12", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("rgb24", "bgr0"),
        ("gbrap", "bgra"),
        ("rgb48le", "gbrp16le"),
        ("uyvy422", "yuv422p"),
    ],
)
def test_another_layout_of_the_same_samples_is_without_loss(source: str, target: str) -> None:
    frame = random_frame(source, (20, 14), 9)
    form = pixel_format(target)
    assert form is not None
    there_and_back = repacked(repacked(frame, form), pixel_format(source))  # type: ignore[arg-type]
    assert all(np.array_equal(a, b) for a, b in zip(all_codes(frame), all_codes(there_and_back), strict=True))


@pytest.mark.parametrize(
    ("source", "target"), [("yuv420p", "yuv422p10le"), ("yuv422p", "yuv422p10le"), ("yuv420p", "yuv422p"), ("yuv420p10le", "yuv422p10le")]
)
def test_more_depth_or_chroma_leaves_luma_exact(source: str, target: str) -> None:
    frame = random_frame(source, (64, 48), 2)
    form = pixel_format(target)
    assert form is not None
    start = pixel_format(source)
    assert start is not None
    grown = Converter(source=start, target=form, colorspace=1, source_full=False, target_full=False).convert(frame)
    old, new = component_views(frame)[0].astype(int), component_views(grown)[0].astype(int)
    assert np.array_equal(new, old << (form.bits - start.bits))
