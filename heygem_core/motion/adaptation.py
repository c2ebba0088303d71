"""Adapting to one person: a light correction of a head, learnt from their own footage in seconds.

The head's coefficients are corrected by a ridge regression from what the encoder and the network heard to what this person's mouth
did beyond the head's own answer; then they get the amplitude and the middle that this person gives them. The correction must
do no clear harm: fitted on three quarters of the footage, it has to follow the mouth about as well as the plain head on the
quarter it has not seen, all four taken together; else only amplitude and middle are learnt. Sound that does not belong to
the face (music, another speaker, a dub) fails before that, since the head does not follow such a mouth at all.

Only how somebody moves is learnt, never when: a source clip that is out of sync with its own sound is not copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..face.mesh import LOWER_FACE, lower_lip_gap
from ..speech.features import FRAME_RATE, level
from .footage import Footage
from .measures import LAGS_S, correlation
from .motion_model import Head
from .speech_features import GAIN, Heard, listen

Floats = npt.NDArray[np.float32]

PERSONAL_VERSION = 2  # counts the changes to this module that change adaptations
SHORTEST_S = 3.0  # of speech that is needed to learn anything
BELONGS_R = 0.3  # a head follows the mouth at least this well where the sound belongs to it
STIFFNESS = 2000.0  # ridge penalty, in frames at 25 fps times standard deviations squared
INNER_WEIGHT = 23.0  # of what the network heard altogether; of each state of the encoder 1: they are many, and further from the mouth
FOLDS = 4  # of the footage that the correction has to prove itself on in turn
HARM_R = 0.08  # by which the corrected head may be behind the plain one there: a fold sees little, and the whole proved better
STUDENT_HARM_R = 0.01  # the same where our own listener's states are read, which are a guess at the encoder's
AMPLITUDE = (0.6, 1.8)  # limits of this person's amplitude over the head's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adaptation:
    """A correction of one head for one person: coefficients = gain · shape + (states beside inner) @ weights + middle."""

    gain: Floats  # (K,)
    weights: Floats  # (states + width, K)
    middle: Floats  # (K,)
    head: str  # digest of the head it belongs to
    r_plain: float  # the plain head on the held-out part
    r_adapted: float  # this on the same part

    def shape(self, heard: Heard) -> Floats:
        """(n100, K) coefficients in standard deviations."""
        return np.asarray(heard.shape * self.gain + heard.read_out(self.weights) + self.middle, np.float32)

    def save(self, path: Path) -> None:
        """As one .npz file without pickled objects."""
        np.savez(
            path,
            gain=self.gain, weights=self.weights, middle=self.middle,
            head=np.array(self.head), r=np.array([self.r_plain, self.r_adapted]),
        )  # fmt: skip

    @staticmethod
    def load(path: Path) -> Adaptation:
        """What `save` wrote. Raises: ValueError, KeyError, OSError — not such a file."""
        with np.load(path, allow_pickle=False) as kept:
            arrays = {key: kept[key] for key in ("gain", "weights", "middle")}
            return Adaptation(head=str(kept["head"]), r_plain=float(kept["r"][0]), r_adapted=float(kept["r"][1]), **arrays)


def spoken_s(footage: Footage) -> float:
    """Seconds of speech with a usable face."""
    return float(footage.in_utterances().sum()) * footage.frame_s if len(footage.samples) else 0.0


def adapt(footage: Footage, head: Head) -> tuple[Adaptation | None, str]:
    """The person's correction, or None; and in one sentence for the report what was found."""
    lesson = _lesson(footage, head)
    if isinstance(lesson, str):
        return None, lesson
    plain, proved = lesson.proved(corrected=False), lesson.proved(corrected=True)
    helps = proved >= plain - (STUDENT_HARM_R if head.encoder.kind == "mel" else HARM_R)
    gain, weights, middle = lesson.fit(np.arange(len(lesson.gap)), corrected=helps)
    r = proved if helps else plain
    found = Adaptation(gain=gain, weights=weights, middle=middle, head=head.digest, r_plain=plain, r_adapted=r)
    if helps:
        return found, f"Adapted to this person's own speech (r {plain:.2f} without, {proved:.2f} with it, on speech it had not seen)."
    return found, f"Took over how wide this person opens the mouth; a further correction did harm (r {plain:.2f}, {proved:.2f} with it)."


Fit = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lesson:
    """T frames in utterances: what was heard and what the mouth did."""

    heard: Floats  # (T, K) the head's coefficients
    features: Floats  # (T, states + width)
    emphasis: Floats  # (states + width,)
    done: Floats  # (T, K) the mouth's coefficients
    gap: Floats  # (T,) the mouth's lip gap over its resting place
    gap_of: Floats  # (K,) lip gap per standard deviation of each component
    frame_s: float

    def fit(self, rows: npt.NDArray[np.int64], *, corrected: bool) -> Fit:
        """Gain (K,), weights (states + width, K) and middle (K,) from some of the rows."""
        features, heard, done = self.features[rows], self.heard[rows], self.done[rows]
        centre, size = features.mean(0), (features.std(0) + 1e-3) / self.emphasis
        x, weights = (features - centre) / size, np.zeros((features.shape[1], done.shape[1]))
        if corrected:
            # As many equations as frames, not as features: (x' x + s)^-1 x' = x' (x x' + s)^-1.
            rest = (done - done.mean(0)) - GAIN * (heard - heard.mean(0))
            weights = x.T @ np.linalg.solve(x @ x.T + STIFFNESS * 0.04 / self.frame_s * np.eye(len(x)), rest)
        said = GAIN * heard + x @ weights
        # One amplitude for all that opens the mouth, so that the shape stays a mouth's.
        louder = np.clip((done @ self.gap_of).std() / max((said @ self.gap_of).std(), 1e-4), *AMPLITUDE)
        weights = louder * weights / size[:, None]
        middle = done.mean(0) - louder * GAIN * heard.mean(0) - centre @ weights
        gain = np.full(done.shape[1], louder * GAIN)
        return gain.astype(np.float32), weights.astype(np.float32), middle.astype(np.float32)

    def proved(self, *, corrected: bool) -> float:
        """Mean r of the lip gap on quarters that the fit has not seen, corrected or of the plain head."""
        rs, rows, apart = [], np.arange(len(self.gap)), round(0.25 / self.frame_s)
        for quarter in np.array_split(rows, FOLDS):
            shape = self.heard[quarter]
            if corrected:
                others = rows[(rows < quarter[0] - apart) | (rows > quarter[-1] + apart)]
                gain, weights, _ = self.fit(others, corrected=True)
                shape = shape * gain + self.features[quarter] @ weights
            rs.append(correlation(shape @ self.gap_of, self.gap[quarter]))
        return float(np.mean(rs))


def _lesson(footage: Footage, head: Head) -> _Lesson | str:
    """What footage can teach, or why it can't."""
    use = footage.in_utterances() if len(footage.samples) else np.zeros(len(footage.times), bool)
    if spoken_s(footage) < SHORTEST_S:
        return f"The clip holds {spoken_s(footage):.1f} s of its own speech, too little to learn this person's manner from."
    heard = listen(head, level(footage.samples), features=True)
    deltas = footage.shapes[use][:, list(LOWER_FACE)] - footage.neutral()
    gap_of, gap = lower_lip_gap(head.basis), lower_lip_gap(deltas)
    times = footage.times[use]
    rs = [correlation(_read(heard.shape, times + lag) @ gap_of, gap) for lag in LAGS_S]
    lag = float(LAGS_S[int(np.argmax(rs))])
    if max(rs) < BELONGS_R:
        return f"The clip's sound does not belong to this face (r {max(rs):.2f}), so nothing was learnt from it."
    flat = head.basis.reshape(len(head.basis), -1)
    done = (deltas - head.mean).reshape(len(deltas), -1) @ flat.T / (flat**2).sum(1)
    return _Lesson(
        heard=_read(heard.shape, times + lag),
        features=heard.features_at(times + lag),
        emphasis=_emphasis(head.encoder.width, heard.features.shape[1] - head.encoder.width),
        done=np.asarray(done, np.float32),
        gap=gap,
        gap_of=gap_of,
        frame_s=footage.frame_s,
    )


def _emphasis(states: int, inner: int) -> Floats:
    """(states + inner,) weights of the features."""
    return np.repeat(np.array([1, INNER_WEIGHT / np.sqrt(inner)], np.float32), [states, inner])


def _read(curve: Floats, times: npt.NDArray[np.float64]) -> Floats:
    """(n100, C) → (T, C) at those seconds."""
    at, known = times * FRAME_RATE, np.arange(len(curve))
    return np.stack([np.interp(at, known, column) for column in curve.T], 1).astype(np.float32)
