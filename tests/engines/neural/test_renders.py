"""Whole ways of a clip through engines with networks: plans, generated blocks, pieces and pictures. Weights are made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from heygem_core.engines.base import Engine
from heygem_core.engines.compositing import Drawn, draw_range
from heygem_core.engines.neural.hybrid import HybridEngine
from heygem_core.engines.registry import ENGINES
from heygem_core.errors import MissingWeights
from heygem_core.media.pixels import alpha_view, component_views
from heygem_core.planning.plan import Plan, make_plan
from heygem_core.shot import Event, Progress, Shot
from heygem_core.storage.cache import Cache

from ...rendering import making
from ..wav2lip.inputs import write_weights
from .networks import PERFECT_96, Delayed, registered, settings

CPU = torch.device("cpu")
FRAMES = 20
LATER, OWN = HybridEngine(Delayed(96, 0.7)), HybridEngine(PERFECT_96.model)


@dataclass(frozen=True)
class Stage:
    """What all tests of this file share: a clip of a speaker, a sentence, a cache and a folder of models."""

    clip: Path
    sentence: Path
    cache: Path
    models: Path


@pytest.fixture(scope="module")
def stage(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("networks")
    clip = making.write_clip(folder / "clip.mp4", making.pictures(clips / "grid" / "bbaf2n.mpg")[14 : 14 + FRAMES])
    sentence = making.write_sound(folder / "sentence.wav", making.speech(clips / "grid" / "lrwp9a.mpg")[8000:24000])
    write_weights(folder / "models")
    with pytest.MonkeyPatch.context() as patch, registered(PERFECT_96, LATER, OWN):
        patch.setenv("HEYGEM_MODELS", str(folder / "models"))
        yield Stage(clip, sentence, folder / "cache", folder / "models")


def planned(stage: Stage, engine: str, told: list[Event] | None = None, **options: Any) -> Plan:
    shot = Shot(video=str(stage.clip), speech=str(options.pop("speech", stage.sentence)))
    work = make_plan(shot, settings(ENGINES.get(engine), fit="hold", **options), Cache(stage.cache))
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            plan: Plan = end.value
            return plan
        if told is not None:
            told.append(event)


def drawn(plan: Plan, engine: Engine, start: int = 0, end: int = FRAMES) -> list[Drawn]:
    return list(draw_range(engine, plan, start, end, CPU))


def codes(picture: Any) -> list[np.ndarray]:
    return [view.astype(int) for view in component_views(picture)]


def off_outside(frame: Drawn) -> int:
    """Samples of luma that differ where the matte is 0."""
    assert frame.box is not None
    assert frame.matte is not None
    before, after = codes(frame.source)[0], codes(frame.picture)[0]
    outside = np.ones(before.shape, bool)
    outside[frame.box.top : frame.box.bottom, frame.box.left : frame.box.right] = frame.matte.numpy() == 0
    return int((before != after)[outside].sum())


@pytest.mark.parametrize("name", ["wav2lip", pytest.param("hybrid:wav2lip", marks=pytest.mark.full)])
def test_pieces_are_what_they_are_within_the_whole_and_outside_the_matte_nothing_changes(stage: Stage, name: str) -> None:
    engine, plan = ENGINES.get(name), planned(stage, name)
    whole = drawn(plan, engine)
    assert [frame.number for frame in whole] == list(range(FRAMES))
    assert all(off_outside(frame) == 0 for frame in whole)
    assert sum(int((codes(frame.picture)[0] != codes(frame.source)[0]).sum()) for frame in whole) > 1000, "made-up weights draw something"
    pieces = [*drawn(plan, engine, 0, 7), *drawn(plan, engine, 7, FRAMES)]
    for one, other in zip(whole, pieces, strict=True):
        for a, b in zip(codes(one.picture), codes(other.picture), strict=True):
            assert int(np.abs(a - b).max()) <= 1


def test_a_perfect_network_leaves_the_clip_as_it_is(stage: Stage) -> None:
    for frame in drawn(planned(stage, PERFECT_96.name), PERFECT_96):
        assert all(int(np.abs(a - b).max()) <= 1 for a, b in zip(codes(frame.picture), codes(frame.source), strict=True))


def test_a_hybrid_follows_the_lips_that_its_network_shows(stage: Stage) -> None:
    own, later = (np.asarray(planned(stage, engine.name).array("opening")) for engine in (OWN, LATER))
    ahead = LATER.model.reach
    known = FRAMES - ahead
    assert np.corrcoef(later[:known], own[ahead:])[0, 1] > 0.9
    assert np.abs(later[:known] - own[ahead:]).mean() < 0.5 * np.abs(own[:known] - own[ahead:]).mean()
    assert len(drawn(planned(stage, LATER.name), LATER)) == FRAMES
    assert np.isnan(planned(stage, PERFECT_96.name).array("opening")).all(), "what a network says is not known before it is drawn"


def test_a_hybrid_opens_the_mouth_as_far_as_is_asked_for(stage: Stage) -> None:
    """The mesh draws its lips, so they can be moved more or less; the network's picture stays between the network's own lips."""
    plans = {intensity: planned(stage, LATER.name, intensity=intensity) for intensity in (0.0, 0.5, 1.0, 2.0)}
    neutral, half, own, double = (np.asarray(plan.array("opening")) for plan in plans.values())
    assert neutral.max() < 0.25 * own.max()
    assert (np.diff([neutral.mean(), half.mean(), own.mean(), double.mean()]) > 0).all()
    assert np.corrcoef(half, own)[0, 1] > 0.95
    assert double.max() > 1.3 * own.max()
    said, asked = (np.ptp(np.asarray(plans[intensity].array("between"))[..., 1], 1).mean() for intensity in (2.0, 1.0))
    assert said < 1.2 * asked
    assert all(frame.box is not None and off_outside(frame) == 0 for frame in drawn(plans[2.0], LATER, 0, 4))
    assert plans[2.0].facts.notices == ()
    assert "--intensity" in planned(stage, PERFECT_96.name, intensity=0.5).facts.notices[0]


CLEAR = {
    "prores_ks": (".mov", "yuva444p10le", {"profile": "4"}),
    "qtrle": (".mov", "argb", {}),
    "libvpx-vp9": (".webm", "yuva420p", {"auto-alt-ref": "0", "cpu-used": "8", "deadline": "realtime"}),
    "png": (".mov", "rgba", {}),
}


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("prores_ks", "hybrid:wav2lip"),
        pytest.param("prores_ks", "wav2lip", marks=pytest.mark.full),
        *(pytest.param(codec, name, marks=pytest.mark.full) for codec in list(CLEAR)[1:] for name in ("wav2lip", "hybrid:wav2lip")),
    ],
)
def test_a_clip_that_is_seen_through_keeps_its_alpha(stage: Stage, tmp_path: Path, clips: Path, codec: str, name: str) -> None:
    """A person cut out of the picture: a network is shown the colours, and how far they are seen through stays as it was."""
    suffix, pix_fmt, options = CLEAR[codec]
    shown = making.pictures(clips / "grid" / "bbaf2n.mpg")[14:22]
    height, width = shown[0].shape[:2]
    rows, columns = np.mgrid[:height, :width]
    clear = np.clip(255 * (1.3 - np.hypot((columns - width / 2) / width, (rows - height / 2) / height) * 1.6), 0, 255).astype(np.uint8)
    path = tmp_path / f"clear{suffix}"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        for picture in shown:
            whole = av.VideoFrame.from_ndarray(np.dstack([picture, clear]), format="rgba")
            container.mux(stream.encode(whole.reformat(format=pix_fmt)))
        container.mux(stream.encode(None))
    plan = planned(Stage(path, stage.sentence, stage.cache, stage.models), name)
    assert plan.info.has_alpha
    frames = drawn(plan, ENGINES.get(name), 0, 8)
    assert all(frame.box is not None and off_outside(frame) == 0 for frame in frames)
    assert sum(int((codes(frame.picture)[0] != codes(frame.source)[0]).sum()) for frame in frames) > 300
    for frame in frames:
        before, after = alpha_view(frame.source), alpha_view(frame.picture)
        assert before is not None
        assert np.ptp(before) > 100
        assert np.array_equal(np.asarray(before), np.asarray(after))


def test_blocks_are_generated_once_and_found_again(stage: Stage) -> None:
    told: list[Event] = []
    planned(stage, "hybrid:wav2lip", told, offset_ms=40)
    generated = [event.done for event in told if isinstance(event, Progress) and event.stage == "generate"]
    assert generated == [0, 16, 16, FRAMES]
    told.clear()
    planned(stage, "hybrid:wav2lip", told, offset_ms=40)
    assert not [event for event in told if isinstance(event, Progress) and event.stage == "generate"]


def test_takes_with_one_speech_hear_it_once_and_other_speech_keeps_what_belongs_to_the_clip(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from heygem_core.engines.wav2lip import mel

    planned(stage, "wav2lip")
    heard: list[int] = []
    compute = mel.mel_columns

    def counted(samples: np.ndarray) -> np.ndarray:
        heard.append(len(samples))
        return compute(samples)

    monkeypatch.setattr(mel, "mel_columns", counted)
    other = making.write_sound(tmp_path / "other.wav", making.speech(stage.sentence)[::-1].copy())
    told: list[Event] = []
    for offset in range(10):
        planned(stage, "wav2lip", told, speech=other, offset_ms=float(offset))
    assert len(heard) == 1
    assert not [event for event in told if isinstance(event, Progress) and event.stage == "track"]


def test_other_weights_are_another_take(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    before = planned(stage, "wav2lip")
    tensors = load_file(stage.models / "wav2lip" / "model.safetensors")
    tensors["output_block.1.bias"] = tensors["output_block.1.bias"] + 0.5
    (tmp_path / "wav2lip").mkdir()
    save_file(tensors, tmp_path / "wav2lip" / "model.safetensors")
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path))
    after = planned(stage, "wav2lip")
    assert after.facts.key != before.facts.key
    engine = ENGINES.get("wav2lip")
    assert engine.digest(after, 0, 16) != engine.digest(before, 0, 16)
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path / "none"))
    with pytest.raises(MissingWeights, match=r"“wav2lip” needs the model Wav2Lip GAN.*`heygem models"):
        planned(stage, "wav2lip")


def test_one_changed_second_of_speech_changes_the_digests_of_its_own_blocks_alone(stage: Stage, tmp_path: Path) -> None:
    samples = making.speech(stage.sentence).copy()
    samples[14_000:] = 0
    other = making.write_sound(tmp_path / "cut.wav", samples)
    engine = ENGINES.get("wav2lip")
    one, two = planned(stage, "wav2lip"), planned(stage, "wav2lip", speech=other)
    assert [
        engine.digest(one, start, min(start + 16, FRAMES)) == engine.digest(two, start, min(start + 16, FRAMES)) for start in (0, 16)
    ] == [
        True,
        False,
    ]


@pytest.mark.parametrize("name", ["wav2lip", pytest.param("hybrid:wav2lip", marks=pytest.mark.full)])
def test_frames_without_a_face_pass_through_and_the_others_keep_their_place(stage: Stage, tmp_path: Path, clips: Path, name: str) -> None:
    pictures = list(making.pictures(clips / "grid" / "bbaf2n.mpg")[14 : 14 + FRAMES])
    pictures[6:14] = [np.full_like(pictures[0], 90)] * 8
    clip = making.write_clip(tmp_path / "gone.mp4", pictures)
    speech = making.write_sound(tmp_path / "telephone.wav", making.speech(stage.sentence)[::2].copy(), rate=8000)
    there = Stage(clip, speech, stage.cache, stage.models)
    plan = planned(there, name)
    frames = drawn(plan, ENGINES.get(name))
    assert [frame.number for frame in frames] == list(range(FRAMES))
    assert all(frame.picture is frame.source for frame in frames[6:14])
    assert all(frame.box is not None and off_outside(frame) == 0 for frame in (*frames[:5], *frames[15:]))


@pytest.mark.full
@pytest.mark.parametrize("rate", [Fraction(12), Fraction(24000, 1001), Fraction(60000, 1001), Fraction(120)], ids=str)
@pytest.mark.parametrize("name", ["wav2lip", pytest.param("hybrid:wav2lip", marks=pytest.mark.full)])
def test_any_frame_rate(stage: Stage, tmp_path: Path, clips: Path, rate: Fraction, name: str) -> None:
    clip = making.write_clip(tmp_path / "clip.mp4", making.pictures(clips / "grid" / "bbaf2n.mpg")[14 : 14 + FRAMES], rate=rate)
    there = Stage(clip, stage.sentence, stage.cache, stage.models)
    assert len(drawn(planned(there, name), ENGINES.get(name))) == FRAMES


@pytest.mark.full
@pytest.mark.parametrize("name", ["wav2lip", pytest.param("hybrid:wav2lip", marks=pytest.mark.full)])
def test_a_still_and_a_cut_within_a_block(stage: Stage, tmp_path: Path, clips: Path, name: str) -> None:
    from PIL import Image

    man, woman = (making.pictures(clips / "grid" / f"{who}.mpg") for who in ("bbaf2n", "lrwp9a"))
    Image.fromarray(man[20]).save(tmp_path / "still.png")
    still = Stage(tmp_path / "still.png", stage.sentence, stage.cache, stage.models)
    plan = planned(still, name)
    frames = drawn(plan, ENGINES.get(name), 0, 20)
    assert all(frame.box is not None and off_outside(frame) == 0 for frame in frames)
    cut = making.write_clip(tmp_path / "cut.mp4", [*man[14:23], *woman[20:31]])
    there = Stage(cut, stage.sentence, stage.cache, stage.models)
    assert len(drawn(planned(there, name), ENGINES.get(name))) == FRAMES
