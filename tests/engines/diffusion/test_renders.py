"""Takes drawn by both engines from beginning to end, with narrow networks whose weights lie where models lie."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from heygem_core.engines.diffusion import heard, speech_states
from heygem_core.engines.diffusion.autoencoding import Autoencoder
from heygem_core.engines.diffusion.latentsync import LatentSyncModel, LatentSyncOptions
from heygem_core.engines.diffusion.motion import latentsync_unet
from heygem_core.engines.diffusion.musetalk import MuseTalkModel
from heygem_core.engines.diffusion.networks import autoencoder, musetalk_unet, whisper_encoder
from heygem_core.engines.diffusion.sizes import Sampling
from heygem_core.engines.neural import drawing
from heygem_core.engines.neural import engine as neural
from heygem_core.engines.neural.engine import NeuralEngine
from heygem_core.engines.neural.hybrid import HybridEngine
from heygem_core.errors import MissingWeights
from heygem_core.planning.plan import Plan, make_plan
from heygem_core.rendering.frames import draw_frames
from heygem_core.rendering.segments import plan_shot
from heygem_core.shot import Shot
from heygem_core.storage.cache import Cache
from heygem_core.tasks.specs import PlanTask

from ...rendering import making
from ..neural.networks import registered, settings
from .made_up import NARROW, fill


class SmallMuseTalk(MuseTalkModel):
    size = 64


class SmallLatentSync(LatentSyncModel):
    size = 64  # type: ignore[assignment]


MUSETALK = NeuralEngine(SmallMuseTalk(sizes=NARROW))
LATENTSYNC = NeuralEngine(SmallLatentSync(LatentSyncOptions(sampling=Sampling(steps=1, guidance=1)), sizes=NARROW))
HYBRID = HybridEngine(LATENTSYNC.model)
BUILT = {"musetalk-1.5": musetalk_unet, "latentsync-1.5": latentsync_unet, "sd-vae-ft-mse": autoencoder, "whisper-tiny": whisper_encoder}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for model, build in BUILT.items():
        state = fill(build(NARROW)).state_dict()
        (folder / model).mkdir()
        save_file({name: value.contiguous() for name, value in state.items()}, folder / model / "model.safetensors")
    return folder


@pytest.fixture(autouse=True)
def installed(models: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HEYGEM_MODELS", str(models))
    monkeypatch.setattr(neural, "_LOADED", {})
    with registered(MUSETALK, LATENTSYNC, HYBRID):
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def man(clips: Path) -> Path:
    return clips / "grid" / "bbaf2n.mpg"


@pytest.fixture(scope="module")
def clip(man: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty-four frames."""
    return making.write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", making.pictures(man)[20:54])


@pytest.fixture(scope="module")
def sentence(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    heard = making.speech(clips / "grid" / "lrwp9a.mpg")[8000:40000]
    return making.write_sound(tmp_path_factory.mktemp("speech") / "sentence.wav", heard)


def _planned(engine: NeuralEngine | HybridEngine, clip: Path, sentence: Path, cache: Cache) -> Plan:
    work = make_plan(Shot(video=str(clip), speech=str(sentence)), settings(engine), cache)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def _drawn(plan: Plan, start: int, end: int) -> list:
    return list(draw_frames(plan, start, end, torch.device("cpu")))


def _luma(frame) -> np.ndarray:
    return frame.to_ndarray(format="gray").astype(int)


@pytest.mark.parametrize("engine", [MUSETALK, pytest.param(LATENTSYNC, marks=pytest.mark.full)], ids=["musetalk", "latentsync"])
def test_mouths_change_and_nothing_outside_of_the_matte_does(engine: NeuralEngine, clip: Path, sentence: Path, cache: Cache):
    for drawn in _drawn(_planned(engine, clip, sentence, cache), 0, 4):
        changed = np.abs(_luma(drawn.picture) - _luma(drawn.source))
        inside = np.zeros(changed.shape, bool)
        box = drawn.box
        inside[box.top : box.bottom, box.left : box.right] = drawn.matte.numpy() > 0
        assert changed[~inside].max() == 0
        assert changed[inside].max() > 4


@pytest.mark.full
@pytest.mark.parametrize("engine", [pytest.param(MUSETALK, marks=pytest.mark.full), LATENTSYNC], ids=["musetalk", "latentsync"])
def test_a_piece_drawn_alone_equals_the_same_of_the_whole(engine: NeuralEngine, clip: Path, sentence: Path, cache: Cache):
    plan = _planned(engine, clip, sentence, cache)
    whole = _drawn(plan, 0, 22)[18:]
    neural._LOADED.clear()
    piece = _drawn(plan, 18, 22)
    for one, other in zip(whole, piece, strict=True):
        np.testing.assert_array_equal(_luma(one.picture), _luma(other.picture))


@pytest.mark.parametrize("engine", [MUSETALK, pytest.param(LATENTSYNC, marks=pytest.mark.full)], ids=["musetalk", "latentsync"])
def test_takes_with_one_speech_encode_the_clip_once_and_listen_once(
    engine: NeuralEngine, clip: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each take is drawn by a process that knows nothing of the others, as a server's workers do."""
    encoded: list[int] = []
    listened: list[int] = []
    encode, listen = Autoencoder._encoded, speech_states.speech_states
    monkeypatch.setattr(Autoencoder, "_encoded", lambda own, pixels: encoded.append(len(pixels)) or encode(own, pixels))
    monkeypatch.setattr(heard, "speech_states", lambda *given, **named: listened.append(1) or listen(*given, **named))
    cache = Cache(tmp_path)
    taken, counts = [], []
    for _ in range(2):
        neural._LOADED.clear()
        taken.append([_luma(drawn.picture) for drawn in _drawn(_planned(engine, clip, sentence, cache), 0, 2)])
        counts.append(sum(encoded))
    assert len(listened) == 1
    assert counts[0] == counts[1] > 0
    assert all(np.array_equal(one, other) for one, other in zip(*taken, strict=True))


@pytest.mark.full
def test_another_speech_needs_no_other_latents(
    clip: Path, sentence: Path, man: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = Autoencoder._encoded
    cache = Cache(tmp_path)
    _drawn(_planned(MUSETALK, clip, sentence, cache), 0, 2)
    neural._LOADED.clear()
    monkeypatch.setattr(Autoencoder, "_encoded", lambda own, pixels: encoded.append(len(pixels)) or encode(own, pixels))
    other = making.write_sound(tmp_path / "other.wav", making.speech(man)[4000:36000])
    _drawn(_planned(MUSETALK, clip, other, cache), 0, 2)
    assert encoded == []


@pytest.mark.full
def test_neighbours_of_a_block_are_cut_out_once(clip: Path, sentence: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of LatentSync looks at thirty frames before and behind it: each was cut out of its picture up to five times."""
    plan, cut = _planned(LATENTSYNC, clip, sentence, cache), []
    read = drawing.read_crop
    monkeypatch.setattr(drawing, "read_crop", lambda *given: cut.append(1) or read(*given))
    assert len(_drawn(plan, 0, 34)) == len(cut) == 34


@pytest.mark.full
def test_a_cut_in_a_window_and_fast_pictures_are_drawn(man: Path, sentence: Path, cache: Cache, tmp_path: Path):
    shown = making.pictures(man)
    for name, pictures, rate, phases in (
        ("cut", [*shown[20:30], *(np.ascontiguousarray(each[:, ::-1]) for each in shown[40:50])], Fraction(25), 1),
        ("fast", shown[20:40], Fraction(60000, 1001), 2),
    ):
        clip = making.write_clip(tmp_path / f"{name}.mp4", pictures, rate=rate)
        plan = _planned(LATENTSYNC, clip, sentence, cache)
        assert plan.array("phases").tolist() == [phases]
        usable = plan.array("run") >= 0
        assert usable.sum() >= 10
        assert [drawn.box is not None for drawn in _drawn(plan, 0, 20)] == usable.tolist()


@pytest.mark.full
def test_latentsync_makes_mouths_for_the_mesh_engine_too(clip: Path, sentence: Path, cache: Cache):
    """Its windows reach beyond a block, also where blocks are made before the plan."""
    assert HYBRID.reach == LATENTSYNC.reach > 0
    plan = _planned(HYBRID, clip, sentence, cache)
    assert all(drawn.box is not None for drawn in _drawn(plan, 0, 4))


def test_speech_is_listened_to_once_for_several_clips(
    clip: Path, man: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cache, heard = Cache(tmp_path / "cache"), []
    listen = speech_states._layers
    monkeypatch.setattr(speech_states, "_layers", lambda *given, **how: heard.append(1) or listen(*given, **how))
    other = making.write_clip(tmp_path / "other.mp4", making.pictures(man)[10:44])
    for video in (clip, other):
        _planned(MUSETALK, video, sentence, cache)
    assert len(heard) == 1


@pytest.mark.full
def test_a_batch_of_ten_listens_once_and_encodes_no_picture_again(
    man: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten clips with one speech, each drawn by a process of its own; then two of them with another speech, which encode nothing."""
    encoded: list[int] = []
    listened: list[int] = []
    encode, listen = Autoencoder._encoded, speech_states._layers
    monkeypatch.setattr(Autoencoder, "_encoded", lambda own, pixels: encoded.append(len(pixels)) or encode(own, pixels))
    monkeypatch.setattr(speech_states, "_layers", lambda *given, **how: listened.append(1) or listen(*given, **how))
    shown, cache = making.pictures(man), Cache(tmp_path / "cache")
    clips = [making.write_clip(tmp_path / f"{n}.mp4", shown[n * 4 : n * 4 + 4]) for n in range(10)]
    other = making.write_sound(tmp_path / "other.wav", making.speech(sentence)[::-1].copy())
    counts = []
    for speech, some in ((sentence, clips), (other, clips[:2])):
        for clip in some:
            neural._LOADED.clear()
            assert len(_drawn(_planned(MUSETALK, clip, speech, cache), 0, 4)) == 4
        counts.append((len(listened), sum(encoded)))
    (listened_once, first), (listened_twice, second) = counts
    assert (listened_once, listened_twice) == (1, 2)
    assert first == second, "no picture is encoded again"
    assert 2 * 40 <= first <= 3 * 40, "of each picture the masked one, itself, and at most what it refers to"


def test_a_take_of_another_speech_encodes_no_picture_again(clip: Path, sentence: Path, models: Path, tmp_path: Path):
    from heygem_core.engines.diffusion import autoencoding

    cache = Cache(tmp_path / "cache")  # other tests keep latents of the same clip
    encoded: list[int] = []
    encode = autoencoding.encode
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(autoencoding, "encode", lambda vae, pixels, **how: encoded.append(len(pixels)) or encode(vae, pixels, **how))
        _drawn(_planned(MUSETALK, clip, sentence, cache), 0, 8)
        once = sum(encoded)
        silence = making.write_sound(tmp_path / "other.wav", making.speech(sentence)[::-1].copy())
        _drawn(_planned(MUSETALK, clip, silence, cache), 0, 8)
    assert once == sum(encoded)
    assert once >= 16


@pytest.mark.parametrize("engine", [MUSETALK, pytest.param(LATENTSYNC, marks=pytest.mark.full)], ids=["musetalk", "latentsync"])
def test_only_what_hears_something_else_is_drawn_again(engine: NeuralEngine, clip: Path, sentence: Path, cache: Cache, tmp_path: Path):
    changed = making.speech(sentence).copy()
    changed[int(1.2 * 16_000) :] *= 0.5
    other = making.write_sound(tmp_path / "other.wav", changed)
    before, after = (_planned(engine, clip, speech, cache) for speech in (sentence, other))
    assert engine.digest(before, 0, engine.block) == engine.digest(before, 0, engine.block)
    assert engine.digest(before, 32, 34) != engine.digest(after, 32, 34)


def test_weights_are_part_of_every_key(clip: Path, sentence: Path, cache: Cache, models: Path, tmp_path: Path, monkeypatch):
    def key() -> str:
        work = plan_shot(PlanTask(shot=Shot(video=str(clip), speech=str(sentence)), settings=settings(MUSETALK), cache=str(cache.root)))
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value.key

    before = key()
    other = tmp_path / "models"
    for model in BUILT:
        (other / model).mkdir(parents=True)
        state = fill(BUILT[model](NARROW), seed=int(model == "musetalk-1.5")).state_dict()
        save_file({name: value.contiguous() for name, value in state.items()}, other / model / "model.safetensors")
    monkeypatch.setenv("HEYGEM_MODELS", str(other))
    assert key() != before


@pytest.mark.parametrize("engine", [MUSETALK, LATENTSYNC], ids=["musetalk", "latentsync"])
def test_without_its_model_an_engine_says_what_to_type(engine, clip: Path, sentence: Path, cache: Cache, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path))
    with pytest.raises(MissingWeights, match="heygem models get"):
        _planned(engine, clip, sentence, cache)
