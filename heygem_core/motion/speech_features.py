"""Runs a motion model over speech: the encoder's states, and the coefficients that the network predicts from them.

Long speech is processed in overlapping windows of which only the middle is kept, so memory is bounded and windows join without a step.
They lie at fixed seconds of the speech: what is heard in one of them does not depend on where the speech changed elsewhere.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray

from ..speech.features import FRAME_RATE, HOP, frame_count
from ..storage.arrays import load_array, load_arrays
from ..storage.scratch import scratch_array
from .motion_model import MotionModel

Floats = NDArray[np.float32]

STATE_RATE = 50  # Hz: what the network gives
# Seconds kept of one pass, and on both sides seconds that are context only. Whisper attends to all it is given, so a change is heard in
# all that is kept of a pass: little is kept. Our own encoder looks no further than its context. The others measure a pass's level.
_KEPT_S, _CONTEXT_S = 10.0, 2.0
_KEPT_WHISPER_S, _CONTEXT_WHISPER_S = 1.0, 1.0
_ROWS_AT_ONCE = 1 << 14  # read between the rows of a curve, so that memory does not grow with the recording
GAIN = 1.25  # a regression that is unsure moves too little; measured on speakers that were not in the training


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeechFeatures:
    """The output of a motion model for a whole recording, at 100 Hz; not adapted to a person and not gated by speech."""

    coefficients: Floats  # (n100, K) mouth coefficients in standard deviations
    closed_probability: Floats  # (n100,) probability that the lips are closed
    speech_probability: Floats  # (n100,) probability that somebody speaks
    labial_probability: Floats  # (n100,) probability of the closed lips of p, b or m; (0,) where the model has no network for it
    features: NDArray[np.float16]  # (n50, F) the encoder's states, then the network's hidden features; (0, F) where not kept
    advance_s: float  # row k of the features belongs to second k / 50 - advance_s

    def save(self, folder: Path) -> None:
        """As two files."""
        np.savez(
            folder / "curves.npz",
            coefficients=self.coefficients,
            closed_probability=self.closed_probability,
            speech_probability=self.speech_probability,
            labial_probability=self.labial_probability,
            advance_s=self.advance_s,
        )
        np.save(folder / "features.npy", self.features)

    @staticmethod
    def load(folder: Path) -> SpeechFeatures:
        """What `save` wrote; the features are mapped from disk. Raises: KeyError, ValueError, OSError — not such files."""
        curves = load_arrays(folder / "curves.npz")
        advance_s = float(curves.pop("advance_s"))
        return SpeechFeatures(features=load_array(folder / "features.npy", mapped=True), advance_s=advance_s, **curves)

    def features_at(self, times_s: NDArray[np.float64]) -> Floats:
        """(T, F) at those seconds, averaged over some 50 ms: states jump, mouths do not."""
        return _at(_averaged(self.features.astype(np.float32)), (times_s + self.advance_s) * STATE_RATE)

    def project(self, weights: Floats) -> Floats:
        """(n100, C): the features times weights (F, C), averaged likewise."""
        parts = [self.features[k : k + 3000].astype(np.float32) @ weights for k in range(0, len(self.features), 3000)]
        times = np.arange(len(self.coefficients)) / FRAME_RATE
        return _at(_averaged(np.concatenate(parts)), (times + self.advance_s) * STATE_RATE)


def _averaged(curve: Floats) -> Floats:
    return np.asarray(scipy.ndimage.gaussian_filter1d(curve, 1.0, axis=0, mode="nearest"), np.float32)


def _at(curve: Floats, rows: NDArray[np.float64]) -> Floats:
    """(n, C) read between its rows (T,)."""
    read = np.empty((len(rows), curve.shape[1]), np.float32)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = slice(first, first + _ROWS_AT_ONCE)
        at = np.clip(rows[part], 0, len(curve) - 1)
        low = np.minimum(at.astype(np.int64), max(len(curve) - 2, 0))
        share = (at - low).astype(np.float32)[:, None]
        read[part] = curve[low] * (1 - share) + curve[np.minimum(low + 1, len(curve) - 1)] * share
    return read


def encode_speech(model: MotionModel, samples: Floats, *, features: bool = False) -> SpeechFeatures:
    """Encodes levelled samples (n,) mono 16 kHz. features: keep the states too, as an `Adaptation` needs: 8 MB a minute with Whisper."""
    work = encode_in_steps(model, samples, features=features)
    while True:
        try:
            next(work)
        except StopIteration as end:
            encoded: SpeechFeatures = end.value
            return encoded


def encode_in_steps(model: MotionModel, samples: Floats, *, features: bool = False) -> Generator[float, None, SpeechFeatures]:
    """The same; yields how much is done, 0 to 1, every ten seconds of sound."""
    import torch

    n100 = frame_count(len(samples))
    rows: list[Floats] = []
    labial: list[Floats] = []
    kept: NDArray[np.float16] | None = None
    done = 0
    with torch.inference_mode():
        for first, last, start, end in windows(n100, model.encoder.kind):
            states = model.encoder.states(_piece(samples, start, end))[None]
            net_features = model.net.encode(states)
            coefficients, logits = model.net.decode(net_features)
            middle = slice((first - start) // 2, (last - start + 1) // 2)
            rows.append(torch.cat([coefficients, torch.sigmoid(logits)], -1)[0, middle].numpy())
            if model.labials is not None:
                closing = model.labials(torch.cat([states, net_features], -1))
                labial.append(torch.sigmoid(closing)[0, middle].numpy())
            if features:
                part = torch.cat([states, net_features], -1)[0, middle].half().numpy()
                if kept is None:
                    kept = scratch_array((-(-n100 // 2), part.shape[1]), np.float16)
                kept[done : done + len(part)] = part
                done += len(part)
            yield last / n100
    curve = smooth_states(np.concatenate(rows))
    moments = (np.arange(n100) / FRAME_RATE + model.advance_s) * STATE_RATE
    at_100 = _at(curve, moments)
    k = len(model.basis)
    return SpeechFeatures(
        coefficients=at_100[:, :k],
        closed_probability=at_100[:, k],
        speech_probability=at_100[:, k + 1],
        labial_probability=_at(np.concatenate(labial)[:, None], moments)[:, 0] if labial else np.zeros(0, np.float32),
        features=np.zeros((0, 1), np.float16) if kept is None else kept[:done],
        advance_s=model.advance_s,
    )


def _piece(samples: Floats, start: int, end: int) -> Floats:
    """Samples of 100 Hz frames [start, end), silence where there are none."""
    piece = samples[start * HOP : end * HOP]
    return np.pad(piece, (0, (end - start) * HOP - len(piece)))


def windows(n100: int, encoder: str) -> list[tuple[int, int, int, int]]:
    """(first, last, start, end) in 100 Hz frames, ends exclusive: what to keep of which stretch, for an encoder of that kind. Every number
    but the last is even."""
    seconds = (_KEPT_WHISPER_S, _CONTEXT_WHISPER_S) if encoder == "whisper" else (_KEPT_S, _CONTEXT_S)
    kept, margin = (round(s * FRAME_RATE) for s in seconds)
    return [(first, min(first + kept, n100), max(0, first - margin), min(first + kept + margin, n100)) for first in range(0, n100, kept)]


def smooth_states(curve: Floats) -> Floats:
    """Take the last unevenness between neighbouring states out of (n50, K), with the weights 1/8, 3/4, 1/8."""
    padded = np.pad(curve, ((1, 1), (0, 0)), mode="edge")
    return np.asarray((padded[:-2] + 6 * padded[1:-1] + padded[2:]) / 8, np.float32)
