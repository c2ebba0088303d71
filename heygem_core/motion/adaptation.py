"""Adapts a motion model to one person: fits a linear correction of its coefficients to their own footage, in seconds.

A ridge regression from the features of the encoder and of the network predicts what the person's mouth did beyond the model's
prediction; one amplitude and an offset per component are fitted after it. The regression is kept only where it does no clear harm
in a four-fold cross-validation: the mean correlation with the mouth on the unseen quarters may be at most `MAX_LOSS_R` below the
unadapted model's. Otherwise amplitude and offset alone are used. Footage whose sound does not belong to the face (music, another
speaker, a dub) is refused before that, since the model's prediction correlates with such a mouth no better than by chance.

The lag between sound and picture is measured and removed first, so a clip that is out of sync does not teach its offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..face.mesh import LOWER_FACE, lower_lip_gap
from ..messages import Message, tell
from ..speech.features import FRAME_RATE, level
from ..storage.arrays import load_arrays
from ..storage.scratch import scratch_array
from .footage import Footage
from .measures import LAGS_S, correlation
from .motion_model import MotionModel
from .speech_features import GAIN, SpeechFeatures, encode_speech

Floats = npt.NDArray[np.float32]

ADAPTATION_VERSION = 3  # counts the changes to this module that change adaptations
SHORTEST_S = 3.0  # of speech: less is not adapted to
MIN_CORRELATION = 0.3  # of prediction and mouth: below it the sound is taken not to belong to the face
# The same sound somewhere else in the clip correlates by chance, the more the shorter a clip is. What belongs to the face stands so many
# standard deviations above that: on 15 clips own speech does by 3.0 to 11, another's that passed MIN_CORRELATION by 0.8 to 2.6.
MIN_ABOVE_CHANCE = 2.8
ELSEWHERE_S = 0.6  # at least so far away
_CHANCES = 100  # places that are looked at, at most
RIDGE_PENALTY = 2000.0  # ridge penalty, in frames at 25 fps times standard deviations squared
NETWORK_FEATURE_WEIGHT = (
    23.0  # of what the network heard altogether; of each state of the encoder 1: they are many, and further from the mouth
)
_ROWS_AT_ONCE = 1 << 14  # of a correction, so that memory does not grow with the recording
FOLDS = 4  # of the cross-validation
MAX_LOSS_R = 0.08  # by which r may fall in cross-validation: a fold sees little, and fits of all footage proved better
MAX_LOSS_R_MEL = 0.01  # the same for the mel encoder, whose states approximate a large encoder's
AMPLITUDE = (0.6, 1.8)  # limits of this person's amplitude over the model's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adaptation:
    """A correction of one motion model for one person: gain · coefficients + features @ weights + middle, per row of 100 Hz.

    K components; features = the encoder's states, then the network's own.
    """

    gain: Floats  # (K,)
    weights: Floats  # (states + width, K)
    middle: Floats  # (K,)
    model_digest: str  # of the motion model it belongs to
    r_plain: float  # of the unadapted model in cross-validation
    r_adapted: float  # of this in the same cross-validation

    def coefficients(self, features: SpeechFeatures) -> Floats:
        """(n100, K) coefficients in standard deviations."""
        corrected, projected = scratch_array(features.coefficients.shape), features.project(self.weights)
        for first in range(0, len(corrected), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            corrected[part] = features.coefficients[part] * self.gain + projected[part] + self.middle
        return corrected

    def save(self, path: Path) -> None:
        """As one .npz file without pickled objects."""
        np.savez(
            path,
            gain=self.gain, weights=self.weights, middle=self.middle,
            model=np.array(self.model_digest), r=np.array([self.r_plain, self.r_adapted]),
        )  # fmt: skip

    @staticmethod
    def load(path: Path) -> Adaptation:
        """What `save` wrote. Raises: ValueError, KeyError, OSError — not such a file."""
        kept = load_arrays(path)
        arrays = {key: kept[key] for key in ("gain", "weights", "middle")}
        return Adaptation(model_digest=str(kept["model"]), r_plain=float(kept["r"][0]), r_adapted=float(kept["r"][1]), **arrays)


def speech_duration_s(footage: Footage) -> float:
    """Seconds of speech with a usable face."""
    return float(footage.in_utterances().sum()) * footage.frame_s if len(footage.samples) else 0.0


def adapt(footage: Footage, model: MotionModel) -> tuple[Adaptation | None, Message]:
    """Fits the correction of a person; None where the footage cannot teach one. The sentence for the report says why or how well."""
    data = _adaptation_data(footage, model)
    if isinstance(data, Message):
        return None, data
    plain, cross_validated_r = data.cross_validated_r(corrected=False), data.cross_validated_r(corrected=True)
    helps = cross_validated_r >= plain - (MAX_LOSS_R_MEL if model.encoder.kind == "mel" else MAX_LOSS_R)
    gain, weights, middle = data.fit(np.arange(len(data.gap)), corrected=helps)
    r = cross_validated_r if helps else plain
    found = Adaptation(gain=gain, weights=weights, middle=middle, model_digest=model.digest, r_plain=plain, r_adapted=r)
    if helps:
        return found, tell("adaptation.adapted", plain=f"{plain:.2f}", proved=f"{cross_validated_r:.2f}")
    return found, tell("adaptation.width-only", plain=f"{plain:.2f}", proved=f"{cross_validated_r:.2f}")


Fit = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AdaptationData:
    """What the fit is made from: T frames inside utterances."""

    predicted: Floats  # (T, K) the motion model's coefficients
    features: Floats  # (T, states + width)
    emphasis: Floats  # (states + width,)
    observed: Floats  # (T, K) the mouth's coefficients
    gap: Floats  # (T,) the mouth's lip gap over its resting place
    gap_of: Floats  # (K,) lip gap per standard deviation of each component
    frame_s: float

    def fit(self, rows: npt.NDArray[np.int64], *, corrected: bool) -> Fit:
        """Gain (K,), weights (states + width, K) and middle (K,) from some of the rows."""
        features, predicted, observed = self.features[rows], self.predicted[rows], self.observed[rows]
        centre, size = features.mean(0), (features.std(0) + 1e-3) / self.emphasis
        x, weights = (features - centre) / size, np.zeros((features.shape[1], observed.shape[1]))
        if corrected:
            # As many equations as frames, not as features: (x' x + s)^-1 x' = x' (x x' + s)^-1.
            residual = (observed - observed.mean(0)) - GAIN * (predicted - predicted.mean(0))
            weights = x.T @ np.linalg.solve(x @ x.T + RIDGE_PENALTY * 0.04 / self.frame_s * np.eye(len(x)), residual)
        corrected_curve = GAIN * predicted + x @ weights
        # One amplitude for all that opens the mouth, so that the shape stays a mouth's.
        amplitude = np.clip((observed @ self.gap_of).std() / max((corrected_curve @ self.gap_of).std(), 1e-4), *AMPLITUDE)
        weights = amplitude * weights / size[:, None]
        middle = observed.mean(0) - amplitude * GAIN * predicted.mean(0) - centre @ weights
        gain = np.full(observed.shape[1], amplitude * GAIN)
        return gain.astype(np.float32), weights.astype(np.float32), middle.astype(np.float32)

    def cross_validated_r(self, *, corrected: bool) -> float:
        """Mean r of the lip gap on quarters that the fit has not seen, corrected or of the plain head."""
        rs, rows, apart = [], np.arange(len(self.gap)), round(0.25 / self.frame_s)
        for quarter in np.array_split(rows, FOLDS):
            coefficients = self.predicted[quarter]
            if corrected:
                others = rows[(rows < quarter[0] - apart) | (rows > quarter[-1] + apart)]
                gain, weights, _ = self.fit(others, corrected=True)
                coefficients = coefficients * gain + self.features[quarter] @ weights
            rs.append(correlation(coefficients @ self.gap_of, self.gap[quarter]))
        return float(np.mean(rs))


def _adaptation_data(footage: Footage, model: MotionModel) -> AdaptationData | Message:
    """The data of the fit, aligned in time; or a sentence that says why the footage cannot be used."""
    use = footage.in_utterances() if len(footage.samples) else np.zeros(len(footage.times), bool)
    if speech_duration_s(footage) < SHORTEST_S:
        return tell("adaptation.too-little", seconds=f"{speech_duration_s(footage):.1f}")
    features = encode_speech(model, level(footage.samples), features=True)
    deltas = footage.shapes[use][:, list(LOWER_FACE)] - footage.neutral()
    gap_of, gap = lower_lip_gap(model.basis), lower_lip_gap(deltas)
    times = footage.times[use]
    rs = [correlation(_interpolate(features.coefficients, times + lag) @ gap_of, gap) for lag in LAGS_S]
    lag = float(LAGS_S[int(np.argmax(rs))])
    if max(rs) < MIN_CORRELATION or _above_chance(max(rs), features.coefficients @ gap_of, times, gap) < MIN_ABOVE_CHANCE:
        return tell("adaptation.not-this-face", r=f"{max(rs):.2f}")
    flat = model.basis.reshape(len(model.basis), -1)
    observed = (deltas - model.mean).reshape(len(deltas), -1) @ flat.T / (flat**2).sum(1)
    return AdaptationData(
        predicted=_interpolate(features.coefficients, times + lag),
        features=features.features_at(times + lag),
        emphasis=_emphasis(model.encoder.width, features.features.shape[1] - model.encoder.width),
        observed=np.asarray(observed, np.float32),
        gap=gap,
        gap_of=gap_of,
        frame_s=footage.frame_s,
    )


def _above_chance(r: float, curve: Floats, times: npt.NDArray[np.float64], gap: Floats) -> float:
    """How many standard deviations a correlation lies above those of the same curve (n,) moved round in time, each the best of all lags."""
    seconds = len(curve) / FRAME_RATE
    moves = np.linspace(ELSEWHERE_S, seconds - ELSEWHERE_S, min(_CHANCES, max(2, round(10 * (seconds - 2 * ELSEWHERE_S)))))
    round_in_time = np.append(curve, curve[:1])[:, None]

    def there(move_s: float) -> Floats:
        return _interpolate(round_in_time, (times + move_s) % seconds)[:, 0]

    chance = np.array([max([correlation(there(move + lag), gap) for lag in LAGS_S]) for move in moves])
    return float((r - chance.mean()) / max(chance.std(), 1e-6))


def _emphasis(states: int, inner: int) -> Floats:
    """(states + inner,) weights of the features."""
    return np.repeat(np.array([1, NETWORK_FEATURE_WEIGHT / np.sqrt(inner)], np.float32), [states, inner])


def _interpolate(curve: Floats, times: npt.NDArray[np.float64]) -> Floats:
    """(n100, C) → (T, C) at those seconds."""
    at, known = times * FRAME_RATE, np.arange(len(curve))
    return np.stack([np.interp(at, known, column) for column in curve.T], 1).astype(np.float32)
