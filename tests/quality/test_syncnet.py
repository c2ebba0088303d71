"""SyncNet without its weights: the layout of the public file, the metric on made-up embeddings, the sound's coefficients.

What real weights say of real video is not tested: they may not be shipped and were not at hand.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from heygem_core.errors import MissingWeights
from heygem_core.quality.measure import examine_take
from heygem_core.quality.mfcc import mfcc
from heygem_core.quality.syncnet import SyncNet, face_boxes, load_syncnet, score
from tests.rendering.making import pictures, speech, write_sound

SHAPES = {  # tensors of syncnet_v2.model, read in its makers' description of the network
    "netcnnaud.0.weight": (64, 1, 3, 3),
    "netcnnaud.1.running_mean": (64,),
    "netcnnaud.4.weight": (192, 64, 3, 3),
    "netcnnaud.8.weight": (384, 192, 3, 3),
    "netcnnaud.11.weight": (256, 384, 3, 3),
    "netcnnaud.14.weight": (256, 256, 3, 3),
    "netcnnaud.18.weight": (512, 256, 5, 4),
    "netcnnaud.19.running_var": (512,),
    "netfcaud.0.weight": (512, 512),
    "netfcaud.1.weight": (512,),
    "netfcaud.3.weight": (1024, 512),
    "netfclip.0.weight": (512, 512),
    "netfclip.3.bias": (1024,),
    "netcnnlip.0.weight": (96, 3, 5, 7, 7),
    "netcnnlip.4.weight": (256, 96, 1, 5, 5),
    "netcnnlip.8.weight": (256, 256, 1, 3, 3),
    "netcnnlip.11.weight": (256, 256, 1, 3, 3),
    "netcnnlip.14.weight": (256, 256, 1, 3, 3),
    "netcnnlip.18.weight": (512, 256, 1, 6, 6),
    "netcnnlip.19.weight": (512,),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the layout of the public file: plain tensors in the old format, without counts of batches."""
    torch.manual_seed(0)
    state = OrderedDict((k, v) for k, v in SyncNet().state_dict().items() if not k.endswith("num_batches_tracked"))
    path = tmp_path_factory.mktemp("syncnet") / "syncnet_v2.model"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    return path


def test_the_network_has_the_tensors_of_the_public_file():
    state = SyncNet().state_dict()
    assert {name: tuple(state[name].shape) for name in SHAPES} == SHAPES


def test_weights_in_the_old_format_load_strictly(weights):
    net = load_syncnet(weights)
    assert not net.training
    with torch.inference_mode():
        assert net.sound(torch.zeros(2, 1, 13, 20)).shape == (2, 1024)
        assert net.lips(torch.zeros(1, 3, 5, 224, 224)).shape == (1, 1024)


def test_the_model_that_was_installed_loads(weights, tmp_path):
    from safetensors.torch import save_file

    state = torch.load(weights, weights_only=True)
    save_file(state, tmp_path / "model.safetensors")
    net = load_syncnet(tmp_path / "model.safetensors")
    assert not net.training
    assert torch.equal(net.state_dict()["netfclip.3.bias"], state["netfclip.3.bias"])


@pytest.mark.parametrize("change", ["less", "more", "other shape", "no tensors"])
def test_any_other_file_is_refused(change, weights, tmp_path):
    state = torch.load(weights, weights_only=True)
    if change == "less":
        del state["netfclip.3.bias"]
    elif change == "more":
        state["netfclip.4.bias"] = torch.zeros(3)
    elif change == "other shape":
        state["netfclip.3.bias"] = torch.zeros(256)
    path = tmp_path / "syncnet_v2.model"
    if change == "no tensors":
        path.write_bytes(b"<html>not found</html>")
    else:
        torch.save(state, path)
    with pytest.raises(MissingWeights, match="fetch syncnet_v2"):
        load_syncnet(path)


def test_weights_that_are_not_there_are_told_before_the_work(tmp_path):
    with pytest.raises(MissingWeights, match="or measure without --syncnet"):
        examine_take(tmp_path / "no video either.mp4", syncnet=tmp_path / "syncnet_v2.model")


def test_a_file_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "touched",))

    torch.save(Evil(), tmp_path / "syncnet_v2.model")
    with pytest.raises(MissingWeights):
        load_syncnet(tmp_path / "syncnet_v2.model")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("frames_late", [-4, 0, 3, 12])
def test_the_offset_is_found_and_a_late_mouth_is_positive(frames_late):
    torch.manual_seed(1)
    sound = torch.randn(80, 1024)
    lips = torch.roll(sound, frames_late, 0) + 0.1 * torch.randn(80, 1024)
    found = score(lips, sound)
    assert found.offset_ms == frames_late * 40
    assert found.lse_c > 10
    assert found.windows == 80


def test_lips_that_say_something_else_have_no_confidence():
    torch.manual_seed(1)
    assert score(torch.randn(80, 1024), torch.randn(80, 1024)).lse_c < 1.5


def test_the_metric_is_the_median_minus_the_least_of_mean_distances():
    """By hand: one window; at shift 0 the distance is 0, everywhere else the sound counts as nil."""
    one = torch.zeros(1, 4)
    one[0, 0] = 3.0
    found = score(one, one)
    assert found.lse_d == pytest.approx(0, abs=1e-4)
    assert found.lse_c == pytest.approx(3, abs=1e-4)


def test_mfcc_has_a_hundred_columns_a_second_and_counts_energy_first():
    second = 0.1 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    columns = mfcc(second)
    assert columns.shape == (13, 99)  # the last window of 25 ms begins at 980 ms
    louder = mfcc(2 * second)
    assert (louder - columns)[0] == pytest.approx(np.log(4), abs=1e-3)  # log energy
    assert (louder - columns)[1:, :98] == pytest.approx(0, abs=1e-2)  # loudness is no shape
    assert np.isfinite(mfcc(np.zeros(16_000))).all()


def test_mfcc_agrees_with_the_package_that_the_makers_used():
    package = pytest.importorskip("python_speech_features")
    wave = np.random.default_rng(0).standard_normal(8_000) * 0.05
    whole = np.round(wave * 32768).astype(np.int16)
    assert np.abs(mfcc(whole / 32768).T - package.mfcc(whole, 16_000)).max() < 1e-3


def test_the_face_box_is_calm_and_fills_gaps():
    points = np.zeros((30, 478, 3))
    points[:, :, 0] = np.linspace(100, 200, 478)
    points[:, :, 1] = np.linspace(50, 250, 478)
    points[7] += 40  # a slip of the tracker
    points[12:15] = np.nan
    boxes = face_boxes(points, np.isfinite(points).all((1, 2)))
    assert np.isfinite(boxes).all()
    assert np.ptp(boxes, axis=0) == pytest.approx(0)


def test_a_video_with_sound_is_scored_from_end_to_end(clips, weights, tmp_path):
    """Random weights say nothing about lips; that shapes, rates and lengths fit from file to figure is what is shown."""
    import av

    clip = clips / "german_512x512_25fps.mp4"
    path = tmp_path / "clip.mkv"
    sound = speech(clip)[: 16_000 * 12 // 25]
    write_sound(tmp_path / "sound.wav", sound)
    with av.open(str(path), "w") as box, av.open(str(tmp_path / "sound.wav")) as heard:
        picture = box.add_stream("libx264", rate=25, options={"crf": "16", "preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = 512, 512, "yuv420p"
        track = box.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for rgb in pictures(clip, 12):
            box.mux(picture.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        box.mux(picture.encode(None))
        for frame in heard.decode(audio=0):
            box.mux(track.encode(frame))
        box.mux(track.encode(None))
    found = examine_take(path, syncnet=weights).quality
    assert found.syncnet is not None
    assert found.syncnet.windows == 7
    assert np.isfinite([found.syncnet.lse_c, found.syncnet.lse_d]).all()
    assert found.own_speech is None  # half a second is too little speech
