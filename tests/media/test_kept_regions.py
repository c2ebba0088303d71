"""What is kept around faces is what decoding gives, and what was not kept is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.media import kept_regions
from heygem_core.media.info import MediaInfo
from heygem_core.media.kept_regions import KeptRegions
from heygem_core.media.planes import Box, crop_planes
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.upright import Upright

from .make import video

FACE = (150.0, 100.0, 210.0, 170.0)  # in display space
MOUTH = (160, 120, 200, 164)  # in the stored picture of a clip that is not turned


def kept(info: MediaInfo, numbers: list[int], face: tuple[float, float, float, float] = FACE, *, again: bool = False) -> KeptRegions:
    regions = KeptRegions(info)
    for frame in read_frames(info):
        if frame.index in numbers:
            regions.keep(frame.index, frame.picture, [face], again=again)
    return regions


def decoded_of(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filled with the frames that are decoded."""
    asked: list[int] = []
    read = kept_regions.read_scattered

    def noted(info: MediaInfo, numbers: list[int], **how: Any) -> Any:
        asked.extend(numbers)
        return read(info, numbers, **how)

    monkeypatch.setattr(kept_regions, "read_scattered", noted)
    return asked


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "nv12"])
def test_frames_that_were_kept_are_the_decoders_own_around_the_face(pixels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = {"nv12": "rawvideo", "yuv422p10le": "ffv1"}.get(pixels, "libx264")
    info = probe(video(tmp_path / "clip.mkv", frames=6, size=(402, 334), pix_fmt=pixels, codec=codec))
    pictures = {frame.index: frame.picture for frame in read_frames(info)}
    regions, asked = kept(info, [1, 3, 4]), decoded_of(monkeypatch)
    seen = [crop_planes(picture, Box(*MOUTH)) for picture in regions.pictures([1, 2, 4], [MOUTH] * 3)]
    assert asked == [2]
    for number, crop in zip([1, 2, 4], seen, strict=True):
        assert np.array_equal(crop, crop_planes(pictures[number], Box(*MOUTH)))


def test_what_lies_outside_of_what_was_kept_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = probe(video(tmp_path / "clip.mp4", frames=4, size=(402, 334)))
    regions, asked = kept(info, [0, 1, 2, 3]), decoded_of(monkeypatch)
    corner = (0, 0, 40, 40)
    crops = [crop_planes(picture, Box(*corner)) for picture in regions.pictures([0, 1, 2], [MOUTH, corner, MOUTH])]
    assert asked == [1]
    assert np.array_equal(crops[1], crop_planes([frame.picture for frame in read_frames(info)][1], Box(*corner)))


@pytest.mark.parametrize("again", [True, False])
def test_a_large_part_is_kept_only_of_a_frame_that_will_be_looked_at_again(
    again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, whole = probe(video(tmp_path / "clip.mp4", frames=2, size=(402, 334))), (0, 0, 402, 334)
    pictures = [frame.picture for frame in read_frames(info)]
    regions, asked = kept(info, [0, 1], whole, again=again), decoded_of(monkeypatch)
    crops = [crop_planes(picture, Box(*whole)) for picture in regions.pictures([0, 1], [whole] * 2)]
    assert asked == ([] if again else [0, 1])
    assert all(np.array_equal(crop, crop_planes(picture, Box(*whole))) for crop, picture in zip(crops, pictures, strict=True))


@pytest.mark.parametrize(("suffix", "codec", "rotation"), [("mov", "libx264", 0), ("mov", "libx264", 90), ("mpg", "mpeg1video", 0)])
def test_a_smaller_upright_picture_of_it_is_the_same_within_the_face(suffix: str, codec: str, rotation: int, tmp_path: Path) -> None:
    """Decoders know where chroma lies, that of MPEG-1 elsewhere than others."""
    info = probe(video(tmp_path / f"clip.{suffix}", frames=2, size=(402, 334), rotation=rotation, codec=codec, bitrate=4_000_000))
    regions, upright = KeptRegions(info), Upright(info)
    noise = np.random.default_rng(0)
    frames = list(read_frames(info))
    for frame in frames:
        for plane in kept_regions.component_views(frame.picture):
            plane[...] = noise.integers(16, 235, plane.shape)
        regions.keep(frame.index, frame.picture, [FACE])
    corners = info.to_coded([FACE[:2], FACE[2:]])
    box = [*corners.min(0), *corners.max(0)]
    scale = 200 / max(info.display_size)
    left, top, right, bottom = (round(edge * scale) for edge in FACE)
    for frame, picture in zip(frames, regions.pictures([0, 1], [box] * 2), strict=True):
        shown, wanted = (upright.picture(each, max_side=200)[top:bottom, left:right] for each in (picture, frame.picture))
        assert np.array_equal(shown, wanted)


def test_pictures_that_would_be_seen_otherwise_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_regions, "_SITINGS", ())
    info = probe(video(tmp_path / "clip.mp4", frames=3, size=(402, 334)))
    regions, asked = kept(info, [0, 1]), decoded_of(monkeypatch)
    assert len(list(regions.pictures([0, 1], [MOUTH] * 2))) == 2
    assert asked == [0, 1]


def test_no_more_is_kept_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_regions, "MOST_BYTES", 100_000)
    info = probe(video(tmp_path / "clip.mp4", frames=6, size=(402, 334)))
    large = kept(info, [0], (0, 0, 400, 330))
    regions, asked = kept(info, list(range(6))), decoded_of(monkeypatch)
    assert len(list(regions.pictures(list(range(6)), [MOUTH] * 6))) == 6
    assert 0 < len(asked) < 6
    assert asked == list(range(6))[-len(asked) :]
    assert len(list(large.pictures([0], [MOUTH]))) == 1
    assert asked[-1] == 0
