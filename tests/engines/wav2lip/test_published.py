"""Ours beside the published program: the same inputs and weights give the same numbers (`record` says how its numbers were had)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from heygem_core.engines.neural.crops import box_matrices, inverse_affine, resample
from heygem_core.engines.neural.mouth_model import Task
from heygem_core.engines.neural.windows import first_rows, windows_of
from heygem_core.engines.wav2lip.mel import RATE, SILENCE, mel_columns
from heygem_core.engines.wav2lip.model import AS_PUBLISHED, SIZE, Wav2LipNetwork
from heygem_core.engines.wav2lip.network import Wav2Lip, for_inference

from . import inputs

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def published() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).with_name("published.npz")) as kept:
        return dict(kept)


def close(ours: Any, theirs: np.ndarray) -> None:
    """Within 1e-4 of the range of the numbers."""
    assert float(np.abs(inputs.picked(ours) - theirs).max()) <= 1e-4 * float(np.abs(theirs).max())


def test_the_mel_is_theirs(published: dict[str, np.ndarray]) -> None:
    mel = mel_columns(inputs.sound())
    assert len(mel) == published["columns"]
    close(mel, published["mel"])


def test_crop_network_and_the_way_back_give_their_clip(published: dict[str, np.ndarray]) -> None:
    matrices = torch.from_numpy(box_matrices(published["boxes"].astype(np.float64), SIZE)).float()
    pictures = torch.from_numpy(inputs.pictures()).permute(0, 3, 1, 2)
    crops = torch.cat([resample(p[None], m[None], SIZE, SIZE) for p, m in zip(pictures, matrices, strict=True)])
    close(crops.permute(0, 2, 3, 1), published["crops"])
    network = Wav2Lip()
    network.load_state_dict(inputs.weights(), strict=True)
    times = np.arange(inputs.FRAMES) / inputs.FPS
    heard = windows_of(mel_columns(inputs.sound()), first_rows(times, RATE, AS_PUBLISHED.lead_s), 16, SILENCE)
    plan = SimpleNamespace(array=lambda name: heard)
    ours = Wav2LipNetwork(for_inference(network), CPU)
    rgb = crops.flip(1) / 255
    with torch.inference_mode():
        parts = [np.arange(k, k + 8) for k in range(0, inputs.FRAMES, 8)]
        made = torch.cat(
            [ours.generate(plan, Task(start=0, rows=rows, crops=rgb[rows], references=rgb[rows])).picture for rows in parts]  # type: ignore[arg-type]
        )
    close(made.flip(1), published["made"])
    assert float(made.std(0).mean()) > 0.02, "the picture depends on what is seen and heard"
    pasted = inputs.pictures()
    back = inverse_affine(matrices)
    for frame, mouth, m, box in zip(pasted, made.flip(1) * 255, back, published["boxes"], strict=True):
        left, top, right, bottom = box.tolist()
        whole = resample(mouth[None], m[None], inputs.WIDTH, inputs.HEIGHT)[0].permute(1, 2, 0).numpy()
        frame[top:bottom, left:right] = whole[top:bottom, left:right]
    close(pasted, published["pasted"])
