"""A network that says exactly what the clip says, in every size, softness and colour: the take has to look like the clip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from heygem_core.engines.base import Engine
from heygem_core.engines.compositing import Drawn, draw_range
from heygem_core.engines.neural.engine import NeuralEngine
from heygem_core.engines.neural.hybrid import HybridEngine
from heygem_core.media.colour import ColourTags, write_tags
from heygem_core.media.pixels import component_views
from heygem_core.media.upright import Upright
from heygem_core.planning.plan import Plan, make_plan
from heygem_core.shot import Shot
from heygem_core.storage.cache import Cache

from ...rendering import making
from .networks import Perfect, registered, settings

FRAMES = 12
FORMATS = {
    "8-bit": ("yuv420p", ColourTags(primaries=1, transfer=1, matrix=1, range=1)),
    "10-bit": ("yuv422p10le", ColourTags(primaries=1, transfer=1, matrix=1, range=1)),
    "HLG": ("yuv420p10le", ColourTags(primaries=9, transfer=18, matrix=9, range=1)),
}
SIZES = {96: 0.7, 256: 1.0, 512: 1.5}  # of crops, and how soft their networks are
CASES = [
    pytest.param(form, size, kind, marks=() if (form, size, kind) in (("HLG", 96, "plain"), ("8-bit", 256, "hybrid")) else pytest.mark.full)
    for form in FORMATS
    for size in SIZES
    for kind in ("plain", "hybrid")
]


@pytest.fixture(scope="module")
def pictures(people: Path) -> list[NDArray[np.uint8]]:
    """A man who speaks, his face 180 pixels wide."""
    return [np.ascontiguousarray(p[300:1212, 120:960]) for p in making.pictures(people / "man_1080x1920_30fps.mp4", 40 + FRAMES)[40:]]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


def written(path: Path, pictures: list[NDArray[np.uint8]], pix_fmt: str, tags: ColourTags) -> Path:
    """The pictures without loss, in a format and with its tags."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=Fraction(30))
        context = stream.codec_context
        context.height, context.width = pictures[0].shape[:2]
        context.pix_fmt = pix_fmt
        write_tags(context, tags)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
            write_tags(frame, tags)
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def planned(video: Path, speech: Path, engine: Engine, cache: Cache) -> Plan:
    work = make_plan(Shot(video=str(video), speech=str(speech)), settings(engine, fit="hold"), cache)
    while True:
        try:
            next(work)
        except StopIteration as end:
            plan: Plan = end.value
            return plan


def luma(picture: Any) -> NDArray[np.float32]:
    return np.asarray(component_views(picture)[0], np.float32)


def around_mouth(plan: Plan) -> tuple[slice, slice]:
    boxes = plan.array("mouth_box")
    left, top = (int(v) - 12 for v in boxes[:, :2].min(0))
    right, bottom = (int(v) + 12 for v in boxes[:, 2:].max(0))
    return slice(top, bottom), slice(left, right)


def sharpness(pictures: list[NDArray[np.float32]]) -> float:
    return float(np.mean([cv2.Laplacian(picture, cv2.CV_32F).var() for picture in pictures]))


def flicker(pictures: list[NDArray[np.float32]]) -> float:
    return float(np.abs(np.diff(np.stack(pictures), n=2, axis=0)).mean())


def ring_delta_e(plan: Plan, frames: list[Drawn]) -> float:
    """Mean difference of colour (CIE 1976) on the skin around the mouth."""
    upright, found = Upright(plan.info), []
    for frame in frames:
        labs = [cv2.cvtColor(upright.picture(p).astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for p in (frame.source, frame.picture)]
        left, top, right, bottom = (int(v) for v in plan.array("mouth_box")[frame.number])
        ring = np.zeros(labs[0].shape[:2], bool)
        ring[top - 25 : bottom + 25, left - 25 : right + 25] = True
        ring[top - 6 : bottom + 6, left - 6 : right + 6] = False
        found.append(float(np.linalg.norm(labs[0] - labs[1], axis=-1)[ring].mean()))
    return float(np.mean(found))


@pytest.mark.parametrize(("form", "size", "kind"), CASES)
def test_a_perfect_network_gives_a_take_that_looks_like_the_clip(
    form: str, size: int, kind: str, pictures: list[NDArray[np.uint8]], people: Path, cache: Cache, tmp_path: Path
) -> None:
    video = written(tmp_path / "clip.mkv", pictures, *FORMATS[form])
    speech = making.write_sound(tmp_path / "speech.wav", making.speech(people / "man_1080x1920_30fps.mp4")[20_000:36_000])
    model = Perfect(size, SIZES[size], reconstructs=size > 96)
    engine: Engine = NeuralEngine(model) if kind == "plain" else HybridEngine(model)
    with registered(engine):
        plan = planned(video, speech, engine, cache)
        frames = list(draw_range(engine, plan, 0, FRAMES, torch.device("cpu")))
    assert len(frames) == FRAMES
    for frame in frames:
        assert frame.box is not None
        assert frame.matte is not None
        assert frame.picture.format.name == FORMATS[form][0]
        changed = luma(frame.picture) != luma(frame.source)
        changed[frame.box.top : frame.box.bottom, frame.box.left : frame.box.right] &= frame.matte.numpy() == 0
        assert not changed.any(), "outside the matte every sample is the clip's"
    where = around_mouth(plan)
    before, after = ([luma(picture)[where] for picture in each] for each in zip(*((f.source, f.picture) for f in frames), strict=True))
    assert 0.9 <= sharpness(after) / sharpness(before) <= 1.1
    assert flicker(after) <= 1.05 * flicker(before)
    assert ring_delta_e(plan, frames) <= 1.0
