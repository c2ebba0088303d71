"""Compares a mouth with the sound that goes with it, in any video: the lips seen against the lips predicted from the sound.

The speech is encoded as for a render, so this judges footage and takes of other tools; a take of our own was made from
the very same curve and would flatter itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..face.mesh import lip_gap
from ..motion.footage import Footage
from ..motion.neutral import neutral_shape
from .curves import MAX_LAG_S, circular_correlations, circular_shift_p_value, closures, match_curves
from .figures import OwnSpeech

if TYPE_CHECKING:
    from ..media.info import MediaInfo
    from .observe import Observation

_MIN_FRAMES = 24  # frames inside utterances
_MIN_FRAMES_FOR_CHANCE = 75  # fewer have too few shifts, and sentences of like build then resemble one another


def own_speech(seen: Observation, info: MediaInfo, samples: NDArray[np.float32]) -> OwnSpeech | None:
    """Compares what is seen in a video with its own sound (n,) mono at 16 kHz; None where there is too little speech."""
    from ..motion.predict import predict

    times = np.array([float(info.time_of(k)) for k in range(len(seen.usable))])
    footage = Footage(name=info.path.stem, times=times, shapes=seen.shapes, usable=seen.usable, samples=samples)
    use = footage.in_utterances() if len(samples) else np.zeros(len(times), bool)
    if use.sum() < _MIN_FRAMES:
        return None
    motion = predict(samples)
    shapes = np.repeat(neutral_shape(seen.shapes, seen.usable)[None], len(times), 0)
    shapes[:, list(motion.vertices)] += motion.at(times + footage.frame_s / 2, frame_s=footage.frame_s)
    predicted, got = (np.where(use, gap, np.nan) for gap in (lip_gap(shapes), seen.gap))
    fps = 1 / footage.frame_s
    by_shift = circular_correlations(got[use], predicted[use])
    return OwnSpeech(
        frames=int(use.sum()),
        opening=match_curves(predicted, got, fps),
        chance=circular_shift_p_value(by_shift, int(MAX_LAG_S * fps)) if len(by_shift) >= _MIN_FRAMES_FOR_CHANCE else None,
        closures=closures(predicted, got),
    )
