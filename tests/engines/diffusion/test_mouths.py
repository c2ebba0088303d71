"""MuseTalk and LatentSync as models of mouths, with narrow networks of made-up weights."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from heygem_core.engines.diffusion.heard import heard_digest
from heygem_core.engines.diffusion.latentsync import LatentSyncModel, LatentSyncNetwork, LatentSyncOptions
from heygem_core.engines.diffusion.mask import kept_pixels
from heygem_core.engines.diffusion.motion import latentsync_unet
from heygem_core.engines.diffusion.musetalk import AS_PUBLISHED, MuseTalkNetwork, MuseTalkOptions
from heygem_core.engines.diffusion.networks import autoencoder, musetalk_unet
from heygem_core.engines.diffusion.sizes import Sampling
from heygem_core.engines.neural.mouth_model import Mouths, Task

from .made_up import NARROW, fill, made_up, made_up_faces

CPU = torch.device("cpu")
SIDE, COUNT = 64, 60


@pytest.fixture(scope="module")
def vae():
    return fill(autoencoder(NARROW))


@pytest.fixture(scope="module")
def unet():
    return fill(latentsync_unet(NARROW))


@pytest.fixture(scope="module")
def network(unet, vae) -> LatentSyncNetwork:
    """One for many tests: pictures that it has seen before are not encoded again."""
    return _latentsync(unet, vae)


class Plan:
    """The arrays that the networks read; they lie in no cache."""

    folder = Path("nowhere")

    def __init__(self, runs: np.ndarray, phases: int = 1) -> None:
        states = made_up((200, 5, NARROW.speech), 5).numpy()
        first = np.arange(len(runs)) * 2 - 4
        self.arrays = {"heard_states": states, "heard_first": first, "run": runs, "phases": np.array([phases])}

    def array(self, name: str) -> np.ndarray:
        return self.arrays[name]


def _latentsync(unet, vae, **options) -> LatentSyncNetwork:
    return LatentSyncNetwork(unet, vae, CPU, LatentSyncOptions(sampling=Sampling(steps=1, guidance=1), **options))


def _block(network, plan: Plan, faces: torch.Tensor, start: int, *, reach: int = LatentSyncModel.reach, references=None) -> torch.Tensor:
    """The pictures of the block's own frames."""
    rows = np.arange(max(0, start - reach), min(len(faces), start + 16 + reach))
    rows = rows[plan.array("run")[rows] >= 0]
    crops = faces[rows]
    task = Task(start=start, rows=rows, crops=crops, references=crops if references is None else references[rows])
    with torch.inference_mode():
        made = network.generate(plan, task)
    assert isinstance(made, Mouths)
    assert made.picture.shape == made.reconstruction.shape == crops.shape
    return made.picture[(rows >= start) & (rows < start + 16)]


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """But for the last bits, which depend on how many pictures are computed together."""
    return bool((one - other).abs().max() < 1e-4)


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    return torch.from_numpy(made_up_faces(COUNT, SIDE)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.full
def test_blocks_drawn_apart_equal_those_drawn_one_after_another(unet, vae, faces):
    plan, one = Plan(np.zeros(COUNT, np.int32)), _latentsync(unet, vae)
    _block(one, plan, faces, 0)
    assert _same(_block(_latentsync(unet, vae), plan, faces, 16), _block(one, plan, faces, 16))


def test_each_window_is_drawn_once(unet, vae, faces, monkeypatch):
    plan, network, drawn = Plan(np.zeros(COUNT, np.int32)), _latentsync(unet, vae), []
    monkeypatch.setattr(network, "_draw", lambda *given: drawn.append(1) or torch.zeros(16, 4, 8, 8))
    for start in (0, 16, 32):
        _block(network, plan, faces, start)
    assert len(drawn) == 5  # of 48 frames: windows from −2, 10, 22, 34 and 46 on


def test_one_window_runs_into_the_next(unet, vae, faces, monkeypatch):
    """With windows that are 0, 1, 2 … all over, no frame is further than a fifth from the one before."""
    plan, network, drawn = Plan(np.zeros(COUNT, np.int32)), _latentsync(unet, vae), iter(range(10))
    monkeypatch.setattr(network, "_draw", lambda *_: torch.full((16, 4, 8, 8), float(next(drawn))))
    task = Task(start=0, rows=np.arange(COUNT), crops=faces, references=faces)
    mixed = network._blended(plan, task, faces, np.arange(40))[:, 0, 0, 0]
    assert mixed.diff().max() == pytest.approx(0.2)
    assert mixed.diff().min() == 0
    assert mixed.tolist()[::12] == pytest.approx([0, 0.6, 1.6, 2.6])


@pytest.mark.full
def test_nothing_of_another_scene_reaches_a_window(network, faces):
    runs = np.where(np.arange(COUNT) < 21, 0, 21).astype(np.int32)
    plan, other = Plan(runs), faces.clone()
    other[21:] = 1 - other[21:]
    for start, end in ((0, 16), (16, 21)):
        before, after = (_block(network, plan, pictures, start)[: end - start] for pictures in (faces, other))
        assert _same(before, after)


@pytest.mark.full
def test_without_the_cut_it_would(network, faces):
    plan, other = Plan(np.zeros(COUNT, np.int32)), faces.clone()
    other[21:] = 1 - other[21:]
    before, after = (_block(network, plan, pictures, 16)[:5] for pictures in (faces, other))
    assert (before - after).abs().max() > 1e-3


def test_frames_without_a_face_are_no_part_of_anything(network, faces):
    runs = np.zeros(COUNT, np.int32)
    runs[18:22], runs[22:] = -1, 22
    made = _block(network, Plan(runs), faces, 16)
    assert len(made) == 12
    assert torch.isfinite(made).all()


@pytest.mark.full
def test_sequences_of_fast_pictures_do_not_see_one_another(network, faces):
    plan, other = Plan(np.zeros(COUNT, np.int32), phases=2), faces.clone()
    other[1::2] = 1 - other[1::2]
    before, after = (_block(network, plan, pictures, 16) for pictures in (faces, other))
    assert _same(before[::2], after[::2])
    assert not _same(before[1::2], after[1::2])


@pytest.mark.full
def test_few_frames_are_enough(network, faces):
    for count in (1, 2, 5):
        made = _block(network, Plan(np.zeros(count, np.int32)), faces[:count], 0)
        assert len(made) == count
        assert torch.isfinite(made).all()


def test_what_the_mask_keeps_stays(network, faces):
    made = _block(network, Plan(np.zeros(COUNT, np.int32)), faces, 0)
    kept = kept_pixels(SIDE)[0] == 1
    assert torch.allclose(made[:, :, kept], faces[:16][:, :, kept], atol=1e-6)
    drawn = kept_pixels(SIDE)[0] <= 0
    assert (made[:, :, drawn] - faces[:16][:, :, drawn]).abs().mean() > 0.01


def test_the_old_mouth_does_not_reach_the_network(network, faces):
    """With another frame as the reference, nothing below the mask is seen; as published, the frame's own mouth is."""
    plan, other = Plan(np.zeros(COUNT, np.int32)), faces.clone()
    drawn = kept_pixels(SIDE)[0] == 0
    other[:, :, drawn] = 1 - other[:, :, drawn]
    another = faces[:1].expand(COUNT, -1, -1, -1)
    before, after = (_block(network, plan, pictures, 0, references=another)[:, :, drawn] for pictures in (faces, other))
    assert _same(before, after)
    before, after = (_block(network, plan, pictures, 0)[:, :, drawn] for pictures in (faces, other))
    assert (before - after).abs().max() > 1e-3


@pytest.mark.full
def test_every_picture_is_encoded_once(unet, vae, faces, monkeypatch):
    """Another take of the clip encodes none."""
    network, seen = _latentsync(unet, vae), []
    encode = network._autoencoder._encoded
    monkeypatch.setattr(network._autoencoder, "_encoded", lambda pixels: seen.append(len(pixels)) or encode(pixels))
    another, plan = faces[55:56].expand(COUNT, -1, -1, -1), Plan(np.zeros(COUNT, np.int32))
    _block(network, plan, faces, 0, references=another)
    assert sum(seen) == 26 + 16 + 1  # masked pictures of two windows, whole ones of the block, the reference
    plan.arrays["heard_first"] = plan.arrays["heard_first"][::-1].copy()  # another speech
    _block(network, plan, faces, 0, references=another)
    assert sum(seen) == 26 + 16 + 1


@pytest.fixture(scope="module")
def musetalk(vae):
    return MuseTalkNetwork(fill(musetalk_unet(NARROW)), vae, CPU, MuseTalkOptions())


def _musetalk(network, faces, references=None, rows=slice(0, 6)) -> torch.Tensor:
    at = np.arange(COUNT)[rows]
    task = Task(start=0, rows=at, crops=faces[rows], references=faces[rows] if references is None else references[rows])
    with torch.inference_mode():
        return network.generate(Plan(np.zeros(COUNT, np.int32)), task).picture


def test_musetalk_draws_frames_alike_in_any_batch(musetalk, faces):
    whole = _musetalk(musetalk, faces)
    apart = torch.cat([_musetalk(musetalk, faces, rows=slice(k, k + 2)) for k in (0, 2, 4)])
    assert _same(whole, apart)


def test_musetalk_does_not_see_the_old_mouth(musetalk, faces):
    other = faces.clone()
    other[:, :, SIDE // 2 :] = 1 - other[:, :, SIDE // 2 :]
    another = faces[30:31].expand(COUNT, -1, -1, -1)
    assert _same(_musetalk(musetalk, faces, another), _musetalk(musetalk, other, another))
    assert not _same(_musetalk(musetalk, faces), _musetalk(musetalk, other))


def test_musetalk_as_published_draws_anew_every_time_and_otherwise_does_not(vae, musetalk, faces):
    published = MuseTalkNetwork(fill(musetalk_unet(NARROW)), vae, CPU, AS_PUBLISHED)
    assert not _same(_musetalk(published, faces), _musetalk(published, faces))
    assert torch.equal(_musetalk(musetalk, faces), _musetalk(musetalk, faces))


def test_digests_tell_what_is_heard_and_what_a_window_holds():
    model, runs = LatentSyncModel(), np.zeros(COUNT, np.int32)
    before = model.digest(Plan(runs), 0, 46)
    assert model.digest(Plan(runs), 0, 46) == before
    assert model.digest(Plan(runs, phases=2), 0, 46) != before
    assert model.digest(Plan(np.where(np.arange(COUNT) < 40, 0, 40).astype(np.int32)), 0, 46) != before
    louder = Plan(runs)
    louder.arrays["heard_states"] = louder.arrays["heard_states"].copy()
    louder.arrays["heard_states"][60] += 1
    assert model.digest(louder, 0, 46) != before
    assert heard_digest(louder, 40, 46) == heard_digest(Plan(runs), 40, 46)  # frames 40 to 45 hear states 76 to 95
    assert LatentSyncModel(LatentSyncOptions(sampling=Sampling(seed=1))).digest(Plan(runs), 0, 46) != before


def test_equal_speech_before_and_at_the_beginning_is_told_apart():
    """What lies outside of the speech sounds otherwise than what lies in it."""
    plan = SimpleNamespace(array={"heard_states": np.ones((20, 5, 8), np.float32), "heard_first": np.array([-6, 2, 15])}.__getitem__)
    assert len({heard_digest(plan, k, k + 1) for k in range(3)}) == 3
