"""The patch take: laid over the original in any way that editors mix, it is the full take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from heygem_core.engines.compositing import Drawn
from heygem_core.errors import OutputError
from heygem_core.media.colour import rgb_from_ycbcr
from heygem_core.media.formats import format_for
from heygem_core.media.pixels import alpha_view, component_views
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.take_timing import timing_of
from heygem_core.media.writer import TakeWriter
from heygem_core.planning.plan import make_plan
from heygem_core.rendering.frames import draw_frames
from heygem_core.rendering.patch import Patcher, deliverable_of
from heygem_core.rendering.render import render
from heygem_core.rendering.report import read_report
from heygem_core.storage.cache import Cache

from .making import left_in, make, notices, pictures, task, write_clip

Array = np.ndarray


def straight(patch: Array, alpha: Array, under: Array) -> Array:
    return alpha * patch + (1 - alpha) * under


def premultiplied(patch: Array, alpha: Array, under: Array) -> Array:
    stored = alpha * patch
    return stored + (1 - alpha) * under


def light(codes: Array) -> Array:
    """R'G'B' light of 10-bit limited Y'CbCr (3, h, w)."""
    rgb = np.tensordot(rgb_from_ycbcr(6), np.stack([(codes[0] - 64) / 876, (codes[1] - 512) / 896, (codes[2] - 512) / 896]), 1)
    return np.sign(rgb) * np.abs(rgb) ** 2.4


def codes_of(rgb: Array) -> Array:
    """The inverse of `light`."""
    y, cb, cr = np.tensordot(np.linalg.inv(rgb_from_ycbcr(6)), np.sign(rgb) * np.abs(rgb) ** (1 / 2.4), 1)
    return np.stack([y * 876 + 64, cb * 896 + 512, cr * 896 + 512])


MIXES: dict[str, Callable[[Array, Array, Array], Array]] = {
    "gamma, straight": straight,
    "gamma, premultiplied": premultiplied,
    "linear, straight": lambda p, a, u: codes_of(straight(light(p), a, light(u))),
    "linear, premultiplied": lambda p, a, u: codes_of(premultiplied(light(p), a, light(u))),
}


@pytest.fixture(scope="module")
def frames(man: Path, woman: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Patcher, list[Drawn]]:
    spec = task(man, woman, tmp_path_factory.mktemp("patch") / "patch.mov", start=20, end_exclusive=36, kind="patch", fit="hold")
    work = make_plan(spec.shot, spec.settings, Cache())
    while True:
        try:
            next(work)
        except StopIteration as end:
            plan = end.value
            break
    patcher = Patcher.of(plan.info, deliverable_of(spec.output, spec.settings, plan.info)[1])
    return patcher, list(draw_frames(plan, 0, 16, torch.device("cpu")))


def _codes(frame: av.VideoFrame) -> Array:
    return np.stack([view.astype(float) for view in component_views(frame)])


@pytest.mark.parametrize("mix", MIXES)
def test_before_encoding_patch_over_original_is_the_full_take(frames: tuple[Patcher, list[Drawn]], mix: str) -> None:
    patcher, drawn = frames
    for frame in drawn[::3]:
        patch = patcher.patch(frame)
        alpha = np.asarray(alpha_view(patch), float) / 1023
        under, wanted = (_codes(patcher.converter.convert(picture)) for picture in (frame.source, frame.picture))
        assert (under != wanted).any()
        np.testing.assert_array_equal(np.rint(MIXES[mix](_codes(patch), alpha, under)), wanted)


def test_the_ramp_lies_where_nothing_changed_and_is_soft(frames: tuple[Patcher, list[Drawn]]) -> None:
    patcher, drawn = frames
    patch = patcher.patch(drawn[8])
    alpha = np.asarray(alpha_view(patch), float) / 1023
    under, wanted = (_codes(patcher.converter.convert(picture)) for picture in (drawn[8].source, drawn[8].picture))
    changed = (under != wanted).any(0)
    assert alpha[changed].min() == 1
    ramp = (alpha > 0) & (alpha < 1)
    assert ramp.sum() > 300
    assert not changed[ramp].any()
    assert max(np.abs(np.diff(alpha, axis=axis)).max() for axis in (0, 1)) < 0.35
    assert 0.01 < (alpha > 0).mean() < 0.4, "a mouth and its surroundings"
    np.testing.assert_array_equal(_codes(patch)[:, alpha > 0], wanted[:, alpha > 0])
    assert (_codes(patch)[:, 0, 0] == [64, 512, 512]).all(), "black far away"


def _rgba(path: Path) -> Array:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgba64le") for frame in container.decode(video=0)]).astype(float) / 65535


def test_a_patch_file_over_the_original_is_the_full_take_within_the_codec_s_error(short: Path, sentence: Path, tmp_path: Path) -> None:
    events = make(short, sentence, tmp_path / "patch.mov", kind="patch", keep=((0, 3),))
    make(short, sentence, tmp_path / "full.mov", format="prores4444", keep=((0, 3),))
    patch, full, source = probe(tmp_path / "patch.mov"), probe(tmp_path / "full.mov"), probe(short)
    assert (patch.frame_count, patch.rate, patch.coded_size, patch.has_alpha) == (16, 25, (360, 288), True)
    assert (patch.start_timecode, patch.colour) == (full.start_timecode, full.colour)
    with TakeWriter(tmp_path / "under.mov", format_for("under.mov", "prores4444", source), source, timing_of(source, range(16))) as copy:
        for frame in read_frames(source):
            copy.write(frame.picture)
    over, whole, under = (_rgba(path) for path in (patch.path, full.path, tmp_path / "under.mov"))
    alpha = over[..., 3:]
    assert not alpha[:3].any(), "frames that pass through are transparent"
    mixed = alpha * over[..., :3] + (1 - alpha) * under[..., :3]
    error = np.abs(mixed - whole[..., :3]) * 255
    assert error.mean() < 1.0
    assert np.quantile(error, 0.999) < 6
    assert (tmp_path / "patch.mov").stat().st_size < 0.8 * (tmp_path / "full.mov").stat().st_size
    report = read_report(tmp_path / "patch.mov")
    assert report is not None
    assert report.plan.settings.kind == "patch"
    assert "adjustment layer" in report.remarks[0]
    assert "adjustment layer" in notices(events)


@pytest.mark.parametrize(("name", "options"), [("take.mp4", {}), ("take.mov", {"format": "dnxhr"}), ("take.webm", {})])
def test_a_format_without_alpha_is_refused_before_the_work(
    short: Path, sentence: Path, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(OutputError, match=r"patch is transparent.*ProRes 4444"):
        list(render(task(short, sentence, tmp_path / name, kind="patch", **options)))
    assert left_in(tmp_path) == []


def test_a_deep_source_keeps_its_depth_in_the_patch(man: Path, sentence: Path, tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "deep.mov",
        pictures(man)[20:28],
        codec="prores_ks",
        pix_fmt="yuv422p10le",
        options={"profile": "3"},
        timecode="02:00:00:00",
    )
    make(source, sentence, tmp_path / "patch.mkv", kind="patch")
    make(source, sentence, tmp_path / "full.mkv")
    with av.open(str(tmp_path / "patch.mkv")) as patch, av.open(str(tmp_path / "full.mkv")) as full:
        for over, whole in zip(patch.decode(video=0), full.decode(video=0), strict=True):
            opaque = np.asarray(alpha_view(over)) > 0
            np.testing.assert_array_equal(component_views(over)[0][opaque], component_views(whole)[0][opaque])
    assert probe(tmp_path / "patch.mkv").start_timecode == "02:00:00:00"
