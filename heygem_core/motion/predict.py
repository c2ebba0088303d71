"""Speech in, motion out: features, network, and what is known about mouths that no network needs to learn.

Long speech is read in overlapping windows, each trusted only in its middle, so that memory does not grow and no seam
shows. Where nobody speaks the mouth is closed and relaxed, exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ..speech.activity import speaking, utterances
from ..speech.features import FRAME_RATE, level, log_mel
from .examples import lower_lip_gap
from .head import Head, load_head
from .motion import Motion

__all__ = ["Motion", "motion_version", "predict", "predict_with"]

Floats = NDArray[np.float32]

METHOD = 1  # counts the changes to this module that change motions
STATE_RATE = 50  # Hz: what the network gives
GAIN = 1.15  # a regression that is unsure moves too little; measured on speakers that were not in the training
CLOSING = (0.3, 0.6)  # probability of closed lips at which they begin to close, and at which they touch
WINDOW_S, MARGIN_S = 14.0, 2.0  # of one pass; the margins on both sides are context only
BEFORE_AND_AFTER_S = 0.24  # a mouth opens before its sound begins and closes after it ends
EASE_S = 0.06  # standard deviation of the blend between speaking and resting


def predict(samples: Floats, head: str = "mel") -> Motion:
    """The motion of a mouth that says this.

    samples: (n,) float32 mono at 16 kHz; any level, any length. head: "mel", which ships with the project, or the path of a head that
    `train` wrote. Raises: MissingWeights — no such head.
    """
    return predict_with(load_head(head), samples)


def motion_version(head: str = "mel") -> str:
    """Changes whenever the same speech would give another motion: for keys of caches. Raises: MissingWeights."""
    return f"{METHOD}-{load_head(head).digest}"


def predict_with(head: Head, samples: Floats) -> Motion:
    """`predict` with a head that is already loaded."""
    samples = level(samples)
    active = speaking(samples)
    curves = coefficients(head, log_mel(samples, levelled=False))
    gate = gaussian_filter1d(utterances(active, margin_s=BEFORE_AND_AFTER_S).astype(np.float32), EASE_S * FRAME_RATE)
    gate[gate < 1e-3] = 0  # closed and relaxed, exactly
    shape = curves[:, :-1] * GAIN
    gap = shape @ lower_lip_gap(head.basis) + lower_lip_gap(head.mean)
    whole = np.concatenate([shape, np.ones_like(gap)[:, None], (lip_gap_wanted(gap, curves[:, -1]) - gap)[:, None]], 1)
    return Motion(
        vertices=head.vertices,
        coefficients=(whole * gate[:, None]).astype(np.float32),
        basis=np.concatenate([head.basis, head.mean[None], head.opening[None]]),
        speaking=active,
        head=head.name,
    )


def lip_gap_wanted(gap: Floats, closed: Floats) -> Floats:
    """The lip gap (n,) over its resting place that goes with a predicted gap (n,) and a probability (n,) of closed lips.

    Lips never pass through each other, and where they are likely closed they close fully.
    """
    sure = np.clip((closed - CLOSING[0]) / (CLOSING[1] - CLOSING[0]), 0, 1)
    return np.asarray(np.maximum(gap, 0) * (1 - sure * sure * (3 - 2 * sure)), np.float32)


def coefficients(head: Head, mel: Floats) -> Floats:
    """(n100, 80) log-mel → (n100, K + 1): coefficients in standard deviations, then the probability of closed lips."""
    import torch

    states = []
    with torch.inference_mode():
        for first, last, start, end in windows(len(mel)):
            piece = torch.from_numpy(np.ascontiguousarray(mel[start:end]))[None]
            shape, closed = head.net(head.front(piece))
            both = torch.cat([shape, torch.sigmoid(closed)[..., None]], -1)[0]
            states.append(both[(first - start) // 2 : (last - start + 1) // 2].numpy())
    at = np.arange(len(mel)) / FRAME_RATE + head.advance_s
    curve, grid = np.concatenate(states), at * STATE_RATE
    known = np.arange(len(curve))
    return np.stack([np.interp(grid, known, column) for column in smooth_states(curve).T], 1).astype(np.float32)


def windows(n100: int) -> list[tuple[int, int, int, int]]:
    """(first, last, start, end) in 100 Hz frames, all ends exclusive: what to keep of which stretch. Every number but the last is even."""
    kept, margin = round((WINDOW_S - 2 * MARGIN_S) * FRAME_RATE), round(MARGIN_S * FRAME_RATE)
    return [(first, min(first + kept, n100), max(0, first - margin), min(first + kept + margin, n100)) for first in range(0, n100, kept)]


def smooth_states(curve: Floats) -> Floats:
    """Take the last unevenness between neighbouring states out of (n50, K), with the weights 1/8, 3/4, 1/8."""
    padded = np.pad(curve, ((1, 1), (0, 0)), mode="edge")
    return np.asarray((padded[:-2] + 6 * padded[1:-1] + padded[2:]) / 8, np.float32)
