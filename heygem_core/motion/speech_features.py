"""Runs a motion model over speech: the encoder's states, and the coefficients that the network predicts from them.

Long speech is processed in overlapping windows of which only the middle is kept, so memory is bounded and windows join without a step.
They lie at fixed seconds of the speech: what is heard in one of them does not depend on where the speech changed elsewhere.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import scipy
from numpy.typing import NDArray

from ..speech.features import FRAME_RATE, HOP, frame_count
from ..storage.scratch import scratch_array
from .motion_model import MotionModel

Floats = NDArray[np.float32]

STATE_RATE = 50  # Hz: what the network gives
# Seconds kept of one pass, and on both sides seconds that are context only. Whisper attends to all it is given, so a change is heard in
# all that is kept of a pass: little is kept. Our own encoder looks no further than its context. The others measure a pass's level.
_KEPT_S, _CONTEXT_S = 10.0, 2.0
_KEPT_WHISPER_S, _CONTEXT_WHISPER_S = 1.0, 1.0
_TOGETHER_S = 4.0  # of passes that are kept as one: fewer would make many files, more would be made again for a change of a second
_ROWS_AT_ONCE = 1 << 14  # read between the rows of a curve, so that memory does not grow with the recording
GAIN = 1.25  # a regression that is unsure moves too little; measured on speakers that were not in the training


class Window(NamedTuple):
    """What one pass hears and what is kept of it, in 100 Hz frames of the recording, ends exclusive."""

    first: int  # kept
    last: int
    start: int  # heard
    end: int


class Passes(NamedTuple):
    """What is kept of one pass of a model over speech, or of neighbouring ones; n states at 50 Hz."""

    outputs: Floats  # (n, K + 2) coefficients in standard deviations, then probabilities of closed lips and of speech
    labial: Floats  # (n,) probability of the closed lips of p, b or m; (0,) where the model has no network for it
    states: NDArray[np.float16]  # (n, F) the encoder's states, then the network's hidden features; (0, F) where not wanted


class KeptPasses(Protocol):
    """Keeps passes over the same speech with the same model."""

    def find(self, samples: Floats, stretch: Sequence[Window]) -> Passes | None:
        """Those over neighbouring windows of levelled samples (n,); None = they have to be made."""

    def keep(self, samples: Floats, stretch: Sequence[Window], passes: Passes) -> None:
        """Keeps them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeechFeatures:
    """The output of a motion model for a whole recording, at 100 Hz; not adapted to a person and not gated by speech."""

    coefficients: Floats  # (n100, K) mouth coefficients in standard deviations
    closed_probability: Floats  # (n100,) probability that the lips are closed
    speech_probability: Floats  # (n100,) probability that somebody speaks
    labial_probability: Floats  # (n100,) probability of the closed lips of p, b or m; (0,) where the model has no network for it
    features: NDArray[np.float16]  # (n50, F) the encoder's states, then the network's hidden features; (0, F) where not kept
    advance_s: float  # row k of the features belongs to second k / 50 - advance_s

    def features_at(self, times_s: NDArray[np.float64]) -> Floats:
        """(T, F) at those seconds, averaged over some 50 ms: states jump, mouths do not."""
        return _at(_averaged(self.features.astype(np.float32)), (times_s + self.advance_s) * STATE_RATE)

    def project(self, weights: Floats) -> Floats:
        """(n100, C): the features times weights (F, C), averaged likewise."""
        curve = scratch_array((len(self.features), weights.shape[1]))
        for k in range(0, len(curve), 3000):
            curve[k : k + 3000] = self.features[k : k + 3000].astype(np.float32) @ weights
        times = np.arange(len(self.coefficients)) / FRAME_RATE
        return _at(_averaged(curve), (times + self.advance_s) * STATE_RATE)


def _averaged(curve: Floats) -> Floats:
    return np.asarray(scipy.ndimage.gaussian_filter1d(curve, 1.0, axis=0, mode="nearest", output=scratch_array(curve.shape)), np.float32)


def _at(curve: Floats, rows: NDArray[np.float64]) -> Floats:
    """(n, C) read between its rows (T,)."""
    read = scratch_array((len(rows), curve.shape[1]))
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


def encode_in_steps(
    model: MotionModel, samples: Floats, *, features: bool = False, kept: KeptPasses | None = None
) -> Generator[float, None, SpeechFeatures]:
    """The same; yields how much is done, 0 to 1, while it listens. kept: where passes are found that were made before, and kept."""
    import torch

    n100 = frame_count(len(samples))
    n50 = -(-n100 // 2)
    outputs, labial = scratch_array((n50, len(model.basis) + 2)), np.zeros(n50, np.float32)
    states: NDArray[np.float16] | None = None
    done = 0
    for stretch in stretches(n100, model.encoder.kind):
        passes = None if kept is None else kept.find(samples, stretch)
        if passes is None:
            yield stretch[0].first / n100
            heard = []
            for window in stretch:
                with torch.inference_mode():
                    heard.append(_hear(model, samples, window, features=features))
                yield window.last / n100
            passes = _together(heard)
            if kept is not None:
                kept.keep(samples, stretch, passes)
        here = slice(done, done + len(passes.outputs))
        outputs[here] = passes.outputs
        if model.labials is not None:
            labial[here] = passes.labial
        if features:
            if states is None:
                states = scratch_array((n50, passes.states.shape[1]), np.float16)
            states[here] = passes.states
        done = here.stop
    moments = (np.arange(n100) / FRAME_RATE + model.advance_s) * STATE_RATE
    at_100 = _at(smooth_states(outputs[:done]), moments)
    k = len(model.basis)
    return SpeechFeatures(
        coefficients=at_100[:, :k],
        closed_probability=at_100[:, k],
        speech_probability=at_100[:, k + 1],
        labial_probability=np.zeros(0, np.float32) if model.labials is None else _at(labial[:done, None], moments)[:, 0],
        features=np.zeros((0, 1), np.float16) if states is None else states[:done],
        advance_s=model.advance_s,
    )


def _hear(model: MotionModel, samples: Floats, window: Window, *, features: bool) -> Passes:
    """One pass; only what is kept of it."""
    import torch

    states = model.encoder.states(heard_samples(samples, [window]))[None]
    hidden = model.net.encode(states)
    coefficients, logits = model.net.decode(hidden)
    middle = slice((window.first - window.start) // 2, (window.last - window.start + 1) // 2)
    both = torch.cat([states, hidden], -1)
    closing = None if model.labials is None else torch.sigmoid(model.labials(both))
    return Passes(
        outputs=torch.cat([coefficients, torch.sigmoid(logits)], -1)[0, middle].numpy(),
        labial=np.zeros(0, np.float32) if closing is None else closing[0, middle].numpy(),
        states=both[0, middle if features else slice(0)].half().numpy(),
    )


def _together(passes: Sequence[Passes]) -> Passes:
    """Neighbouring passes as one."""
    return Passes(*(np.concatenate(parts) for parts in zip(*passes, strict=True)))


def heard_samples(samples: Floats, stretch: Sequence[Window]) -> Floats:
    """All that passes over neighbouring windows hear, silence where the recording has ended."""
    start, end = stretch[0].start, stretch[-1].end
    piece = samples[start * HOP : end * HOP]
    return np.pad(piece, (0, (end - start) * HOP - len(piece)))


def stretches(n100: int, encoder: str) -> Iterator[list[Window]]:
    """The windows of a recording in groups of some seconds: what is kept and found again together."""
    every = windows(n100, encoder)
    together = max(1, round(_TOGETHER_S * FRAME_RATE / _lengths(encoder)[0]))
    return (every[first : first + together] for first in range(0, len(every), together))


def windows(n100: int, encoder: str) -> list[Window]:
    """Of a recording of so many 100 Hz frames, for an encoder of that kind. Every number but the last is even."""
    kept, margin = _lengths(encoder)
    return [
        Window(first, min(first + kept, n100), max(0, first - margin), min(first + kept + margin, n100)) for first in range(0, n100, kept)
    ]


def _lengths(encoder: str) -> tuple[int, int]:
    """What is kept of a pass, and the context on either side, in 100 Hz frames."""
    kept_s, context_s = (_KEPT_WHISPER_S, _CONTEXT_WHISPER_S) if encoder == "whisper" else (_KEPT_S, _CONTEXT_S)
    return round(kept_s * FRAME_RATE), round(context_s * FRAME_RATE)


def smooth_states(curve: Floats) -> Floats:
    """Take the last unevenness between neighbouring states out of (n50, K), with the weights 1/8, 3/4, 1/8."""
    smooth, last = scratch_array(curve.shape), len(curve) - 1
    for first in range(0, len(curve), _ROWS_AT_ONCE):
        at = np.arange(first, min(first + _ROWS_AT_ONCE, len(curve)))
        smooth[at[0] : at[-1] + 1] = (curve[np.maximum(at - 1, 0)] + 6 * curve[at] + curve[np.minimum(at + 1, last)]) / 8
    return smooth
