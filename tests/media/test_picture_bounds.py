"""Turns, chroma, colour and pixel formats at their bounds, without a file: each worked out by hand."""

from __future__ import annotations

import struct
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.media import chroma, colour, convert, geometry, hdr
from heygem_core.media.colour import ColourTags
from heygem_core.media.pixels import Component, alpha_view, chroma_size, component_views, is_full_range, pixel_format, plain_format
from heygem_core.media.planes import Box, align_box
from heygem_core.media.upright import _stretch

from .facts import form_of, info

# pictures as stored and as shown


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turn_survives_its_matrix(rotation: int, mirrored: bool) -> None:
    matrix = geometry.turn_matrix(rotation, mirrored=mirrored)
    assert geometry.turn_of(matrix) == (rotation, mirrored)
    assert geometry.read_display_matrix(struct.pack("=9i", *matrix) + b"more") == matrix
    assert geometry.turn_of(tuple(3 * number for number in matrix)) == (rotation, mirrored), "whatever its scale"


def test_turns_of_no_right_angle_are_none() -> None:
    def turned(degrees: float) -> tuple[int, bool] | None:
        cosine, sine = np.cos(np.radians(degrees)) * 65536, np.sin(np.radians(degrees)) * 65536
        return geometry.turn_of((round(cosine), round(sine), 0, round(-sine), round(cosine), 0, 0, 0, 1 << 30))

    assert [turned(degrees) for degrees in (0.9, 1.1, 45, 89.1, 88.9, 90.9, 271.5)] == [
        (0, False),
        None,
        None,
        (90, False),
        None,
        (90, False),
        None,
    ]
    assert geometry.turn_of((0,) * 9) == (0, False)
    assert geometry.turn_of((1, 0, 0, 0, 0, 0, 0, 0, 0)) == (0, False), "half of a matrix says nothing either"


@pytest.mark.parametrize(
    ("rotation", "mirrored", "corner", "other"),
    [
        (0, False, (0, 0), (128, 64)), (0, True, (128, 0), (0, 64)), (90, False, (64, 0), (0, 128)), (90, True, (64, 128), (0, 0)),
        (180, False, (128, 64), (0, 0)), (180, True, (0, 64), (128, 0)), (270, False, (0, 128), (64, 0)), (270, True, (0, 0), (64, 128)),
    ],
)  # fmt: skip
def test_corners_of_the_stored_picture_are_shown_where_the_turn_puts_them(
    rotation: int, mirrored: bool, corner: tuple[int, int], other: tuple[int, int]
) -> None:
    clip = info(sample_aspect=Fraction(4, 3), rotation=rotation, mirrored=mirrored)
    assert clip.display_size == ((128, 64) if rotation in (0, 180) else (64, 128))
    points = clip.to_display([(0, 0), (96, 64)])
    assert points.round(9).tolist() == [list(map(float, corner)), list(map(float, other))]
    assert clip.to_coded(points).round(9).tolist() == [[0, 0], [96, 64]]


def test_maps_are_chained_turned_round_and_moved_to_pixel_centres() -> None:
    double = np.array([[2.0, 0, 3], [0, 4, 5]])
    moved = np.array([[1.0, 0, 10], [0, 1, 20]])
    assert geometry.map_points(geometry.chained(moved, double), (1, 1)).tolist() == [15, 29]
    assert geometry.map_points(geometry.chained(double, moved), (1, 1)).tolist() == [25, 89]
    assert geometry.map_points(geometry.inverse(double), (5, 9)).tolist() == [1, 1]
    assert geometry.map_points(geometry.centred(double), (0, 0)).tolist() == [3.5, 6.5], "the centre of the first pixel is (0.5, 0.5)"
    assert geometry.display_size((1, 1), Fraction(1, 10), 0) == (1, 1)
    assert geometry.display_size((101, 7), Fraction(3, 2), 270) == (7, 152)


def test_exif_names_eight_turns() -> None:
    shown = {1: "ab/cd", 2: "ba/dc", 3: "dc/ba", 4: "cd/ab", 5: "ac/bd", 6: "ca/db", 7: "db/ca", 8: "bd/ac"}
    stored = np.array([list("ab"), list("cd")])
    for number, wanted in shown.items():
        degrees, mirrored = geometry.EXIF_TURNS[number]
        picture = np.rot90(stored[:, ::-1] if mirrored else stored, -degrees // 90)
        assert "/".join("".join(row) for row in picture) == wanted, number


@pytest.mark.parametrize(
    ("low", "high", "limit", "grid", "expected"),
    [(100, 150, 640, 2, (92, 128)), (100, 148, 640, 2, (92, 64)), (100, 149, 640, 2, (92, 128)), (0, 10, 640, 2, (0, 64)),
     (630, 640, 640, 2, (576, 64)), (10, 600, 640, 2, (0, 640)), (10, 500, 640, 2, (2, 512)), (0, 640, 640, 2, (0, 640)),
     (101, 140, 640, 4, (92, 64)),
     (631, 641, 641, 2, (576, 65)), (5, 30, 40, 1, (0, 40))],
)  # fmt: skip
def test_a_part_is_converted_with_some_around_it_in_steps(low: int, high: int, limit: int, grid: int, expected: tuple[int, int]) -> None:
    assert _stretch(low, high, limit, grid) == expected


# chroma


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("siting", "spaced"),
    [("first", [2, 3, 4, 4, 4, 8, 12, 14]), ("centre", [1.5, 2.5, 3.5, 4, 4, 6, 10, 13])],
)
def test_chroma_is_spread_by_where_it_lies(axis: int, siting: Any, spaced: list[float]) -> None:
    samples = np.array([[0, 2, 4, 4, 12, 16]], np.float32)
    samples = samples.T if axis == 0 else samples
    found = chroma.up(samples, axis, 1, siting)
    assert found.ravel().tolist() == spaced
    back = chroma.down(found, axis, 1, siting)
    assert back.ravel().tolist() == [4, 4], "the two in the middle, without loss"


def test_other_subsampling_repeats_and_averages() -> None:
    samples = np.array([[1, 5]], np.float32)
    assert chroma.up(samples, 1, 0, "first") is samples
    assert chroma.up(samples, 1, 2, "first").tolist() == [[1, 1, 1, 1, 5, 5, 5, 5]]
    assert chroma.down(np.array([[1, 2, 3, 6, 5, 5, 5, 9]], np.float32), 1, 2, "first").tolist() == [[3, 6]]
    assert chroma.covered_mean(np.array([[1], [2], [4], [8]], np.float32), 0, 1).tolist() == [[1.5], [6]]
    assert chroma.covered_mean(samples, 1, 0) is samples


def test_beyond_its_edges_a_plane_goes_on_as_its_edge() -> None:
    plane = np.array([[1, 2], [3, 4]], np.uint8)
    assert chroma.edge_block(plane, 0, 2, 0, 2).tolist() == [[1, 2], [3, 4]]
    assert chroma.edge_block(plane, -1, 3, -2, 3).tolist() == [[1, 1, 1, 2, 2], [1, 1, 1, 2, 2], [3, 3, 3, 4, 4], [3, 3, 3, 4, 4]]
    assert chroma.edge_block(plane, 1, 3, 0, 1).tolist() == [[3], [3]]
    assert chroma.edge_block(plane, -1, 1, 1, 2).tolist() == [[2], [2]]


# colour and pixels


@pytest.mark.parametrize(
    ("bits", "full", "scale"),
    [(8, False, (16, 219, 128, 224)), (10, False, (64, 876, 512, 896)), (8, True, (0, 255, 128, 255)), (10, True, (0, 1023, 512, 1023)),
     (16, False, (4096, 56064, 32768, 57344)), (16, True, (0, 65535, 32768, 65535))],
)  # fmt: skip
def test_codes_of_black_white_and_chroma(bits: int, full: bool, scale: tuple[float, ...]) -> None:
    assert colour.code_scale(bits, full=full) == scale


@pytest.mark.parametrize(
    ("tags", "size", "matrix"),
    [({}, (720, 576), 6), ({}, (1024, 576), 6), ({}, (1025, 576), 1), ({}, (1024, 577), 1), ({}, (576, 1024), 6), ({}, (1280, 720), 1),
     ({"matrix": 5}, (1920, 1080), 5), ({"matrix": 3}, (1920, 1080), 1), ({"matrix": 0}, (720, 576), 6), ({"primaries": 9}, (720, 576), 9),
     ({"primaries": 9, "matrix": 1}, (720, 576), 1), ({"primaries": 1}, (720, 576), 6)],
)  # fmt: skip
def test_an_untagged_picture_is_converted_as_editors_do(tags: dict[str, int], size: tuple[int, int], matrix: int) -> None:
    assert colour.assumed_matrix(ColourTags(**tags), *size) == matrix


def test_tags_are_named_and_unknown_ones_numbered() -> None:
    assert str(ColourTags(primaries=1, transfer=16, matrix=9, range=2)) == "BT.709 / PQ / BT.2020 / full"
    assert str(ColourTags(primaries=99, range=1)) == "99 / untagged / untagged / limited"
    assert [ColourTags(transfer=transfer).hdr for transfer in (16, 18, 14, 1, None)] == [True, True, False, False, False]


@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9, 10])
def test_white_has_no_chroma_and_pure_colours_lie_at_its_ends(matrix: int) -> None:
    table = colour.ycbcr_from_rgb(matrix)
    assert (table @ [1, 1, 1]).round(9).tolist() == [1, 0, 0]
    assert (table @ [0, 0, 1])[1].round(9) == (table @ [1, 0, 0])[2].round(9) == 0.5
    weights = {1: (0.2126, 0.0722), 4: (0.3, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
    red, blue = weights.get(matrix, (0.299, 0.114))  # of H.273
    luma = 0.2 * red + 0.5 * (1 - red - blue) + 0.8 * blue
    assert np.allclose(table @ [0.2, 0.5, 0.8], [luma, (0.8 - luma) / (2 - 2 * blue), (0.2 - luma) / (2 - 2 * red)])
    assert (colour.rgb_from_ycbcr(matrix) @ table).round(9).tolist() == np.eye(3).tolist()
    assert colour.sws_colorspace(matrix) == {6: 5, 10: 9}.get(matrix, matrix)


@pytest.mark.parametrize(
    ("name", "family", "bits", "shift", "extra"),
    [
        ("yuv420p", "yuv", 8, (1, 1), {}), ("yuva444p10le", "yuv", 10, (0, 0), {"alpha": Component(3)}),
        ("yuv422p16be", "yuv", 16, (1, 0), {"big_endian": True}), ("yuvj420p", "yuv", 8, (1, 1), {"full_range": True}),
        ("gbrp12le", "rgb", 12, (0, 0), {"full_range": True}), ("yuv411p", "yuv", 8, (2, 0), {}), ("yuv410p", "yuv", 8, (2, 2), {}),
        ("gbrap", "rgb", 8, (0, 0), {"full_range": True, "alpha": Component(3)}), ("yuv440p", "yuv", 8, (0, 1), {}),
        ("gray", "gray", 8, (0, 0), {}), ("gray10le", "gray", 10, (0, 0), {}), ("ya8", "gray", 8, (0, 0), {"alpha": Component(0, 1, 2)}),
        ("nv12", "yuv", 8, (1, 1), {}), ("nv21", "yuv", 8, (1, 1), {}), ("nv24", "yuv", 8, (0, 0), {}),
        ("p010le", "yuv", 10, (1, 1), {"left_shift": 6}), ("p216le", "yuv", 16, (1, 0), {"left_shift": 0}),
        ("p412be", "yuv", 12, (0, 0), {"left_shift": 4, "big_endian": True}), ("yuyv422", "yuv", 8, (1, 0), {}),
        ("rgb24", "rgb", 8, (0, 0), {"full_range": True}), ("0rgb", "rgb", 8, (0, 0), {"full_range": True}),
        ("rgba", "rgb", 8, (0, 0), {"full_range": True, "alpha": Component(0, 3, 4)}),
        ("bgr48be", "rgb", 16, (0, 0), {"full_range": True, "big_endian": True}),
    ],
)  # fmt: skip
def test_what_a_pixel_format_is(name: str, family: str, bits: int, shift: tuple[int, int], extra: dict[str, Any]) -> None:
    form = pixel_format(name)
    assert form is not None
    assert (form.name, form.family, form.bits, form.chroma_shift) == (name, family, bits, shift)
    usual = {"alpha": None, "left_shift": 0, "big_endian": False, "full_range": False}
    assert {key: getattr(form, key) for key in usual} == usual | extra
    assert form.maximum == 2**bits - 1
    assert form.dtype == (np.dtype("u1") if bits == 8 else np.dtype(">u2" if form.big_endian else "<u2"))


def test_where_components_lie() -> None:
    places = {
        "gbrp": [(2, 0, 1), (0, 0, 1), (1, 0, 1)], "nv12": [(0, 0, 1), (1, 0, 2), (1, 1, 2)], "nv21": [(0, 0, 1), (1, 1, 2), (1, 0, 2)],
        "yuyv422": [(0, 0, 2), (0, 1, 4), (0, 3, 4)], "uyvy422": [(0, 1, 2), (0, 0, 4), (0, 2, 4)],
        "yvyu422": [(0, 0, 2), (0, 3, 4), (0, 1, 4)],
        "bgr24": [(0, 2, 3), (0, 1, 3), (0, 0, 3)], "argb": [(0, 1, 4), (0, 2, 4), (0, 3, 4)], "ya8": [(0, 0, 2)], "gray": [(0, 0, 1)],
    }  # fmt: skip
    for name, expected in places.items():
        form = pixel_format(name)
        assert form is not None
        assert [(each.plane, each.offset, each.step) for each in form.components] == expected, name


@pytest.mark.parametrize(
    "name", ["pal8", "monow", "yuv", "yuvp", "gbr420p", "yuvp8", "rgb", "rgb565le", "rgba24", "rg24", "grayf32le", "xyz12le", "p610le"]
)
def test_what_cannot_be_viewed_is_no_format(name: str) -> None:
    assert pixel_format(name) is None
    plain = {"pal8": "rgba", "monow": "gray", "rgb565le": "rgba"}.get(name)
    assert plain_format(name) == plain
    assert plain_format("yuv420p") is None


def test_subsampling_range_and_sizes() -> None:
    forms = {name: pixel_format(name) for name in ("yuv420p", "yuv444p", "yuv411p", "gray", "gbrp", "yuvj422p")}
    assert [form.subsampling for form in forms.values() if form] == ["4:2:0", "4:4:4", "4:1:1", "4:0:0", "4:4:4", "4:2:2"]
    sizes = [chroma_size(form, 7, 9) for form in forms.values() if form]
    assert sizes == [(4, 5), (7, 9), (7, 3), (7, 9), (7, 9), (7, 5)]
    said = [[is_full_range(form, ColourTags(range=tag)) for tag in (None, 1, 2)] for form in forms.values() if form]
    usual, always = [False, False, True], [True] * 3
    assert said == [usual, usual, usual, [True, False, True], always, always]


@pytest.mark.parametrize(
    ("edges", "box"),
    [((0, 0, 9, 7), (0, 0, 9, 7)), ((3, 3, 5, 5), (2, 2, 6, 6)), ((2, 4, 4, 6), (2, 4, 4, 6)), ((-5, -5, 1, 1), (0, 0, 2, 2)),
     ((7.9, 5.9, 8.1, 6.1), (6, 4, 9, 7)), ((8, 6, 20, 20), (8, 6, 9, 7))],
)  # fmt: skip
def test_a_box_is_widened_to_the_chroma_grid_within_the_picture(edges: tuple[float, ...], box: tuple[int, ...]) -> None:
    frame = av.VideoFrame(9, 7, "yuv420p")
    found = align_box(frame, *edges)
    assert found == Box(*box)
    assert (found.width, found.height) == (box[2] - box[0], box[3] - box[1])
    for outside in ((10, 0, 12, 7), (0, 8, 9, 9), (-4, 0, 0, 7), (0, -4, 9, 0)):
        with pytest.raises(ValueError, match="does not touch"):
            align_box(frame, *outside)


# from one format to another


@pytest.mark.parametrize(
    ("source", "target", "luma", "colour_codes"),
    [
        (8, 8, {0: 16, 255: 235, 128: 126, 51: 60}, {128: 128, 0: 16, 255: 240, 1: 16}),
        (8, 10, {0: 64, 255: 940, 128: 504}, {128: 512, 0: 62, 255: 958}),
        (10, 8, {0: 16, 1023: 235, 512: 126}, {512: 128, 0: 16, 1023: 240}),
        (16, 10, {0: 64, 65535: 940}, {32768: 512, 0: 64, 65535: 960}),
    ],
)
def test_full_range_becomes_limited_by_table(source: int, target: int, luma: dict[int, int], colour_codes: dict[int, int]) -> None:
    tables = convert.narrowing_tables(source, target)
    for table, wanted in zip(tables, (luma, colour_codes), strict=True):
        assert len(table) == 2**source
        assert table.dtype == (np.uint8 if target == 8 else np.uint16)
        assert {code: int(table[code]) for code in wanted} == wanted


def filled(name: str, *codes: int, alpha: int | None = None) -> av.VideoFrame:
    frame = av.VideoFrame(4, 2, name)
    for view, code in zip(component_views(frame), codes, strict=True):
        view[...] = code << form_of(name).left_shift
    if alpha is not None:
        own = alpha_view(frame)
        assert own is not None
        own[...] = alpha
    frame.pts, frame.time_base = 7, Fraction(1, 25)
    return frame


def codes_of(frame: av.VideoFrame) -> list[int]:
    """Each component's one code, alpha last."""
    views, own = component_views(frame), alpha_view(frame)
    found = [
        {int(code) >> form_of(frame.format.name).left_shift for code in view.ravel()} for view in [*views, *([] if own is None else [own])]
    ]
    assert all(len(codes) == 1 for codes in found)
    return [codes.pop() for codes in found]


@pytest.mark.parametrize(
    ("source", "codes", "alpha", "target", "name", "expected"),
    [
        ("yuvj420p", (255, 128, 0), None, "yuv420p", "yuv420p", [235, 128, 16]),
        ("yuvj422p", (0, 255, 128), None, "yuv420p10le", "yuv422p10le", [64, 958, 512]),
        ("yuva444p10le", (1023, 512, 512), 1023, "yuva420p", "yuva444p", [235, 128, 128, 255]),
        ("yuva444p10le", (1023, 512, 512), 512, "yuv420p", "yuv444p", [235, 128, 128]),
        ("gray", (255,), None, "yuv422p10le", "yuv422p10le", [940, 512, 512]),
        ("gray", (255,), None, "yuva420p", "yuva420p", [235, 128, 128, 255]),
        ("ya8", (0,), 51, "yuva444p10le", "yuva444p10le", [64, 512, 512, 205]),
    ],
)
def test_a_narrowed_frame_has_the_targets_depth_and_its_own_chroma(
    source: str, codes: tuple[int, ...], alpha: int | None, target: str, name: str, expected: list[int]
) -> None:
    found = convert.narrowed(filled(source, *codes, alpha=alpha), form_of(source), form_of(target))
    assert (found.format.name, found.pts, found.time_base) == (name, 7, Fraction(1, 25))
    assert codes_of(found) == expected


@pytest.mark.parametrize(
    ("source", "codes", "alpha", "target", "expected"),
    [
        ("p010le", (100, 200, 300), None, "yuv420p10le", [100, 200, 300]),
        ("yuv420p10le", (100, 200, 300), None, "p010le", [100, 200, 300]),
        ("nv12", (1, 2, 3), None, "yuv420p", [1, 2, 3]), ("rgba", (1, 2, 3), 4, "gbrap", [1, 2, 3, 4]),
        ("rgba", (1, 2, 3), 4, "bgr24", [1, 2, 3]),
        ("rgb24", (1, 2, 3), None, "bgra", [1, 2, 3, 255]), ("yuyv422", (1, 2, 3), None, "yuv422p", [1, 2, 3]),
    ],
)  # fmt: skip
def test_the_same_samples_in_another_layout(source: str, codes: Any, alpha: int | None, target: str, expected: list[int]) -> None:
    found = convert.repacked(filled(source, *codes, alpha=alpha), form_of(target))
    assert (found.format.name, found.pts, codes_of(found)) == (target, 7, expected)


@pytest.mark.parametrize(
    ("name", "dark", "middle", "light", "neutral"),
    [("yuv420p", 16, 126, 235, 128), ("yuv422p10le", 64, 502, 940, 512), ("gray", 0, 128, 255, None), ("gray10le", 0, 512, 1023, None)],
)
def test_grey_levels_are_limited_in_colour_formats_and_full_in_grey_ones(
    name: str, dark: int, middle: int, light: int, neutral: int | None
) -> None:
    for level, wanted in ((0, dark), (-1, dark), (0.5, middle), (1, light), (2, light)):
        found = convert.grey_frame(np.full((2, 4), level, np.float32), form_of(name))
        assert codes_of(found) == [wanted] + ([] if neutral is None else [neutral] * 2)
        assert (found.width, found.height) == (4, 2)
        assert colour.read_tags(found) == convert.grey_tags(form_of(name))
    full = ColourTags(range=2)
    assert convert.grey_tags(form_of(name)) == (full if neutral is None else ColourTags(primaries=1, transfer=1, matrix=1, range=1))


def test_a_frame_that_is_in_the_target_already_stays_the_same_object() -> None:
    def converter(source: str, target: str, source_full: bool = False, target_full: bool = False) -> convert.Converter:
        forms = form_of(source), form_of(target)
        return convert.Converter(source=forms[0], target=forms[1], colorspace=1, source_full=source_full, target_full=target_full)

    frame = filled("yuv420p", 100, 128, 128)
    assert converter("yuv420p", "yuv420p").convert(frame) is frame
    assert codes_of(converter("yuv420p", "yuv420p", source_full=True).convert(frame)) == [102, 128, 128]
    assert codes_of(converter("yuv420p", "nv12").convert(frame)) == [100, 128, 128]
    assert codes_of(converter("yuv420p", "yuv420p", target_full=True).convert(filled("yuv420p", 235, 128, 128))) == [255, 128, 128]
    assert codes_of(converter("yuv420p", "yuv444p10le").convert(frame)) == [400, 512, 512]


# what is said of HDR


def display(**changes: int) -> bytes:
    """FFmpeg's AVMasteringDisplayMetadata of a BT.2020 display from 0.005 to 1000 cd/m²."""
    numbers = [
        35400,
        50000,
        14600,
        50000,
        8500,
        50000,
        39850,
        50000,
        6550,
        50000,
        2300,
        50000,
        15635,
        50000,
        16450,
        50000,
        50,
        10000,
        1000,
        1,
        1,
        1,
    ]
    for place, value in changes.items():
        numbers[int(place.removeprefix("at"))] = value
    return struct.pack("=22i", *numbers)


def test_a_mastering_display_is_said_as_encoders_want_it() -> None:
    wanted = "G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,50)"
    assert hdr._mastering(display()) == wanted
    assert hdr._mastering(display() + b"more") == wanted
    halves = {f"at{place}": 25000 for place in range(1, 16, 2)} | {"at19": 2}
    assert hdr._mastering(display(**halves)) == "G(17000,79700)B(13100,4600)R(70800,29200)WP(31270,32900)L(5000000,50)"
    for place in (20, 21, 1, 9, 17, 19):  # no primaries, no light, or a denominator of nothing
        assert hdr._mastering(display(**{f"at{place}": 0})) is None, place
    assert hdr._mastering(display(at0=0, at16=0)) == "G(8500,39850)B(6550,2300)R(0,14600)WP(15635,16450)L(10000000,0)"


@pytest.mark.parametrize(
    ("fields", "x264", "x265"),
    [
        ({}, {}, {}),
        ({"dynamic": True}, {}, {}),
        ({"mastering": "M"}, {"x264-params": "mastering-display=M"}, {"x265-params": "master-display=M"}),
        ({"light_levels": (1000, 400)}, {"x264-params": "cll=1000,400"}, {"x265-params": "max-cll=1000,400"}),
        (
            {"mastering": "M", "light_levels": (1000, 400)},
            {"x264-params": "mastering-display=M:cll=1000,400"},
            {"x265-params": "master-display=M:max-cll=1000,400"},
        ),
    ],
)
def test_encoders_are_told_of_hdr_what_the_source_says(fields: dict[str, Any], x264: dict[str, str], x265: dict[str, str]) -> None:
    said = hdr.StaticHdr(**fields)
    assert bool(said) is bool(x264)
    assert hdr.encoder_options("libx264", said) == x264
    assert hdr.encoder_options("libx265", said) == x265
    assert hdr.encoder_options("prores_ks", said) == {}


def test_side_data_of_a_frame_is_read_by_its_kind() -> None:
    class Entry(bytes):
        type: Any

    def head(**found: bytes) -> Any:
        entries = []
        for name, data in found.items():
            entry = Entry(data)
            entry.type = SimpleNamespace(name=name)
            entries.append(entry)
        return SimpleNamespace(side_data=entries)

    levels = struct.pack("=II", 1000, 400)
    assert hdr.read_static_hdr(head()) == hdr.StaticHdr()
    assert hdr.read_static_hdr(head(CONTENT_LIGHT_LEVEL=levels + b"more")) == hdr.StaticHdr(light_levels=(1000, 400))
    assert hdr.read_static_hdr(head(DYNAMIC_HDR_PLUS=b"", SEI_UNREGISTERED=b"")) == hdr.StaticHdr(dynamic=True)
    assert (hdr.read_static_hdr(head(MASTERING_DISPLAY_METADATA=display())).mastering or "").startswith("G(8500,39850)")
