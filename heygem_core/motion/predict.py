"""Predicts the motion of a mouth from speech.

Runs a motion model, then applies what needs no learning: the mouth is exactly at rest where nobody speaks, lips do not pass
through each other, and they close fully where a closure is probable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy
from numpy.typing import NDArray

from ..face.mesh import lower_lip_gap
from ..smoothstep import smoothstep
from ..speech.features import FRAME_RATE, level
from ..speech.voice_activity import speaking, utterances
from ..storage.scratch import scratch_array
from .adaptation import Adaptation
from .model_choice import identity_of_choice, model_identity
from .motion import Motion
from .motion_model import MotionModel, load_motion_model
from .speech_features import GAIN, SpeechFeatures, encode_speech

if TYPE_CHECKING:
    from ..storage.cache import Cache

__all__ = ["Motion", "motion_version", "predict", "predict_with", "version_of_choice"]

Floats = NDArray[np.float32]

PREDICTION_VERSION = 8  # counts the changes to this module that change motions
CLOSING = (0.4, 0.8)  # probability of closed lips at which they begin to close, and at which they touch
PARTED = 0.022  # face space: at least so far
PAUSE_S = 0.05  # standard deviation of the blend between speech and a pause within it
SPEECH_DECISION_S = 0.3  # span over which it is decided whether what sounds is speech
BEFORE_AND_AFTER_S = 0.24  # a mouth opens before its sound begins and closes after it ends
# Steps of coefficients (standard deviations) and of lip gaps (face space): too small to be seen, and larger than what is left of a change
# of the speech a second away from it, so that frames there stay bit for bit.
STEP, GAP_STEP = 1 / 32, 1 / 2048
_ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """When lips close within speech, where a model hears p, b and m."""

    mouth: tuple[float, float]  # probability of closed lips at which they begin to close, and at which they touch
    labial: tuple[float, float]  # the same of the probability of p, b or m
    other: tuple[float, float]  # of it: under the first the sound is none of the three, and lips stay apart whatever the mouth says
    lasts_s: float  # at the least
    within_s: float  # standard deviation of the time in which they close and part


# Each is the best of its kind of listener, see the model card. Whisper's opinion of labials is seldom wrong.
OWN = Closing(mouth=(0.25, 0.55), labial=(0.4, 0.7), other=(0.1, 0.25), lasts_s=0.03, within_s=0.018)
WHISPER = Closing(mouth=(0.3, 0.6), labial=(0.7, 0.95), other=(0.02, 0.1), lasts_s=0.03, within_s=0.012)
EASE_S = 0.06  # standard deviation of the blend between speaking and resting


def predict(samples: Floats, model: str = "mel", encoder: str | None = None, adaptation: Adaptation | None = None) -> Motion:
    """The motion of a mouth that says this.

    samples: (n,) float32 mono at 16 kHz; any level, any length. model: "mel" (all in the project), "whisper" (uses Whisper
    tiny.en on this machine), or the path of a model that training wrote. encoder: see `load_motion_model`. adaptation: from `adapt`, of
    footage of the person, made with the same model.
    Raises: MissingWeights, MissingPackage.
    """
    return predict_with(load_motion_model(model, encoder), samples, adaptation)


def motion_version(model: MotionModel) -> str:
    """Changes whenever the same speech would give another motion with this model: for keys of caches. Raises: MissingWeights."""
    return f"{PREDICTION_VERSION}-{model_identity(model)}"


def version_of_choice(motion: str, encoder: str | None, cache: Cache) -> str:
    """As `motion_version` of the model that these mean, which is not loaded for it. Raises: as `choose_motion_model`."""
    return f"{PREDICTION_VERSION}-{identity_of_choice(motion, encoder, cache)}"


def predict_with(
    model: MotionModel, samples: Floats, adaptation: Adaptation | None = None, features: SpeechFeatures | None = None
) -> Motion:
    """`predict` with a model that is already loaded; with `adaptation`, as that person speaks.

    features: what `encode_speech` made of the levelled samples, where that is known; with its features if there is an adaptation.
    """
    samples = level(samples)
    features = features or encode_speech(model, samples, features=adaptation is not None)
    active = speaking(samples) & voiced(features.speech_probability)
    raw = features.coefficients if adaptation is None else adaptation.coefficients(features)
    coefficients = scratch_array(raw.shape)
    for part in _parts(len(raw)):
        coefficients[part] = in_steps(raw[part] * GAIN if adaptation is None else raw[part], STEP)
    gap = coefficients @ lower_lip_gap(model.basis) + lower_lip_gap(model.mean)
    gate = scipy.ndimage.gaussian_filter1d(utterances(active, margin_s=BEFORE_AND_AFTER_S).astype(np.float32), EASE_S * FRAME_RATE)
    gate[gate < 1e-3] = 0  # closed and relaxed, exactly
    further = in_steps(_wanted_gap(gap, features, active, WHISPER if model.encoder.kind == "whisper" else OWN) - gap, GAP_STEP)
    whole = scratch_array((len(gap), coefficients.shape[1] + 2))
    for part in _parts(len(whole)):
        columns = [coefficients[part], np.ones_like(gap[part])[:, None], further[part, None]]
        whole[part] = np.concatenate(columns, 1) * gate[part, None]
    return Motion(
        vertices=model.vertices,
        coefficients=whole,
        basis=np.concatenate([model.basis, model.mean[None], model.opening[None]]),
        speaking=active,
        model=model.name,
    )


def _parts(rows: int) -> Iterator[slice]:
    """All of so many rows, some at a time, so that memory does not grow with the recording."""
    return (slice(first, first + _ROWS_AT_ONCE) for first in range(0, rows, _ROWS_AT_ONCE))


def in_steps(values: Floats, step: float) -> Floats:
    """The multiples of `step` nearest to values."""
    return np.asarray(np.round(values / step) * step, np.float32)


def _wanted_gap(gap: Floats, features: SpeechFeatures, active: NDArray[np.bool_], at: Closing) -> Floats:
    """(n,) the lip gap that goes with a predicted one.

    Where the model knows labials, lips close within speech only where one may be heard: a closure that was learnt from a mouth alone
    also comes in the short silence of t or k. In pauses it counts as before.
    """
    if not len(features.labial_probability):
        return target_lip_gap(gap, features.closed_probability)
    speech = scipy.ndimage.gaussian_filter1d(active.astype(np.float32), PAUSE_S * FRAME_RATE)
    allowed = np.maximum(smoothstep(features.labial_probability, *at.other), 1 - speech)
    mouth = smoothstep(features.closed_probability, *at.mouth)
    closed = np.maximum(mouth * allowed, smoothstep(features.labial_probability, *at.labial))
    allowed, closed = (scipy.ndimage.maximum_filter1d(curve, round(at.lasts_s * FRAME_RATE)) for curve in (allowed, closed))
    allowed, closed = (scipy.ndimage.gaussian_filter1d(curve, at.within_s * FRAME_RATE) for curve in (allowed, closed))  # lips take time
    return np.asarray(np.maximum(np.maximum(gap, 0), PARTED * (1 - allowed)) * (1 - closed), np.float32)


def voiced(probability: Floats) -> NDArray[np.bool_]:
    """(n,) bool: the model takes the sound for speech rather than music or noise; smoothed over 0.3 s, since single sounds need context."""
    smooth = scipy.ndimage.gaussian_filter1d(probability, SPEECH_DECISION_S / 2 * FRAME_RATE)
    return np.asarray(scipy.ndimage.maximum_filter1d(smooth, round(SPEECH_DECISION_S * FRAME_RATE)) > 0.5)


def target_lip_gap(gap: Floats, closed: Floats) -> Floats:
    """The lip gap (n,) over its resting place that goes with a predicted gap (n,) and a probability (n,) of closed lips.

    Lips never pass through each other, and where they are likely closed they close fully.
    """
    return np.asarray(np.maximum(gap, 0) * (1 - smoothstep(closed, *CLOSING)), np.float32)
