"""What is put before the published program and before ours: sound, pictures, boxes and weights, made from numbers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from heygem_core.engines.wav2lip.network import Wav2Lip

FRAMES = 40
FPS = 25
HEIGHT, WIDTH = 140, 180
_NUMBERS = 1 << 20


def sound() -> NDArray[np.float32]:
    """(n,) two seconds at 16 kHz: a gliding tone that comes and goes, noise, and silence."""
    random = np.random.RandomState(3)
    t = np.arange(32_000) / 16_000
    tone = 0.4 * np.sin(2 * np.pi * (120 * t + 900 * t**2)) * (np.sin(2 * np.pi * 3 * t) > -0.3)
    noise = 0.05 * random.standard_normal(len(t)) * (t > 0.7)
    return ((tone + noise) * (t < 1.85)).astype(np.float32)


def pictures() -> NDArray[np.float32]:
    """(FRAMES, HEIGHT, WIDTH, 3) B, G, R, 0 … 255: smooth shapes that move."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    found = []
    for k in range(FRAMES):
        waves = [np.sin((x + 2 * k) / (9 + 3 * c) + c) * np.cos((y - k) / (7 + 2 * c)) for c in range(3)]
        found.append(127.5 + 100 * np.stack(waves, -1))
    return np.asarray(found, np.float32)


def boxes() -> NDArray[np.int64]:
    """(FRAMES, 4) left, top, right, bottom of a face that moves and comes nearer."""
    k = np.arange(FRAMES)
    left, top = 20 + k, 10 + k // 3
    return np.stack([left, top, left + 100 + k // 4, top + 110 + k // 5], 1)


def weights() -> dict[str, torch.Tensor]:
    """Made-up weights, strong enough for the picture to depend on all of them."""
    numbers = np.random.RandomState(11).standard_normal(_NUMBERS).astype(np.float32)
    made: dict[str, torch.Tensor] = {}
    for k, (name, tensor) in enumerate(Wav2Lip().state_dict().items()):
        if not tensor.dtype.is_floating_point:
            made[name] = tensor
            continue
        part = numbers[(np.arange(tensor.numel()) + 7919 * k) % _NUMBERS].reshape(tuple(tensor.shape))
        value = torch.from_numpy(part)
        if name.endswith("running_var"):
            made[name] = value.abs() + 0.5
        elif value.dim() > 1:
            made[name] = value * (1.2 / max(1, value[0].numel()) ** 0.5)
        elif ".1.weight" in name:
            made[name] = 1 + 0.1 * value
        else:
            made[name] = 0.1 * value
    return made


def write_weights(folder: Path, model_id: str = "wav2lip") -> Path:
    """The made-up weights as an installed model in a folder of models."""
    from safetensors.torch import save_file

    path = folder / model_id / "model.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights(), path)
    return path


def picked(array: Any, count: int = 400) -> NDArray[np.float32]:
    """Some values of an array, the same ones every time."""
    flat = np.asarray(array, np.float32).ravel()
    return flat[np.random.RandomState(5).randint(0, flat.size, count)]
