"""Runs the published program on our inputs and keeps some of the numbers that it gives, for `test_published`.

    python -m tests.engines.wav2lip.record FOLDER     a checkout of github.com/Rudrabha/Wav2Lip at 5c90fa9; needs librosa

    python -m tests.engines.wav2lip.record FOLDER     a checkout of github.com/Rudrabha/Wav2Lip at 5c90fa9; needs librosa
sound is mirrored at its ends. Pictures are given as floats, so that nothing is rounded between its steps.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from . import inputs

KEPT = Path(__file__).with_name("published.npz")


def main(folder: Path) -> None:
    audio, network = _program(folder)
    mel = audio.melspectrogram(inputs.sound().astype(np.float64))
    starts = [int(i * 80.0 / inputs.FPS) for i in range(inputs.FRAMES)]
    boxes = _smoothed(inputs.boxes().astype(np.float64)).astype(int)
    places = [(slice(top, bottom), slice(left, right)) for left, top, right, bottom in boxes.tolist()]
    crops = np.stack([cv2.resize(picture[place], (96, 96)) for picture, place in zip(inputs.pictures(), places, strict=True)])
    masked = crops.copy()
    masked[:, 48:] = 0
    faces = torch.from_numpy(np.concatenate((masked, crops), axis=3).transpose(0, 3, 1, 2) / 255.0).float()
    heard = torch.from_numpy(np.stack([mel[:, s : s + 16] for s in starts])[:, None]).float()
    with torch.inference_mode():
        made = torch.cat([network(heard[k : k + 8], faces[k : k + 8]) for k in range(0, inputs.FRAMES, 8)])
    pasted = inputs.pictures()
    for frame, mouth, place in zip(pasted, made.numpy().transpose(0, 2, 3, 1) * 255.0, places, strict=True):
        frame[place] = cv2.resize(mouth, frame[place].shape[1::-1])
    kept: dict[str, Any] = {"mel": mel.T, "crops": crops, "made": made, "pasted": pasted}
    np.savez_compressed(KEPT, boxes=boxes, columns=mel.shape[1], **{name: inputs.picked(value) for name, value in kept.items()})


def _smoothed(boxes: np.ndarray, together: int = 5) -> np.ndarray:
    """As the program does it: the mean of a box and the next four, of boxes of which the earlier ones are smoothed."""
    for i in range(len(boxes)):
        boxes[i] = boxes[i : i + together].mean(0) if i + together <= len(boxes) else boxes[len(boxes) - together :].mean(0)
    return boxes


def _program(folder: Path) -> tuple[Any, torch.nn.Module]:
    import librosa

    sys.path.insert(0, str(folder))
    filters, stft = librosa.filters.mel, librosa.stft
    librosa.filters.mel = lambda sr, n_fft, **more: filters(sr=sr, n_fft=n_fft, **more)
    librosa.stft = lambda y, **more: stft(y, pad_mode="reflect", **more)
    network = importlib.import_module("models").Wav2Lip().eval()
    network.load_state_dict(inputs.weights())
    return importlib.import_module("audio"), network


if __name__ == "__main__":
    main(Path(sys.argv[1]))
