"""What is wrong with a recording of speech, in sentences for the person who gave it. Nothing is refused: the mouth makes do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..messages import Message, tell
from .features import FRAME_RATE, Floats, level_db
from .voice_activity import loudness_db

SILENT_PEAK = 1e-3  # full scale ±1
QUIET_DB = -50.0  # dBFS of the loud parts; recorded speech lies between -35 and -12
NOISE_BELOW_DB = 17.0  # the background lies so little under the speech: noise or music 10 dB below the voice, or louder
PAUSE_SHARE = 10  # percent of the time that the background is taken from: the quietest
HARDLY_SHARE = 0.1  # of the time in which somebody speaks
SHORTEST_S = 3.0  # of sound in which hardly any speech is worth telling


def remarks(samples: Floats, spoken: NDArray[np.bool_], *, clipped: bool) -> Iterator[Message]:
    """What the user should know about speech, a message each.

    samples: (n,) mono at 16 kHz as recorded. spoken: (n100,) where a voice was heard in it. clipped: whether the file's own samples are:
    these, resampled, no longer tell.
    """
    loudest = max(float(samples.max(initial=0)), -float(samples.min(initial=0)))  # no copy: of an hour it would be 230 MB
    if loudest < SILENT_PEAK:
        yield tell("speech.silent")
        return
    if not spoken.any():
        yield tell("speech.no-voice")
        return
    if clipped:
        yield tell("speech.clipped")
    if level_db(samples) < QUIET_DB:
        yield tell("speech.quiet", level_db=round(level_db(samples)))
    if _stands_out_db(samples, spoken) < NOISE_BELOW_DB:
        yield tell("speech.noisy")
    if len(spoken) >= SHORTEST_S * FRAME_RATE and np.mean(spoken) < HARDLY_SHARE:
        yield tell("speech.hardly-any", spoken_s=f"{spoken.sum() / FRAME_RATE:.1f}", sound_s=round(len(spoken) / FRAME_RATE))


def _stands_out_db(samples: Floats, spoken: NDArray[np.bool_]) -> float:
    """How far the voice stands above the quietest tenth of the recording, dB."""
    loud = loudness_db(samples)
    voice = loud[: len(spoken)][spoken[: len(loud)]]
    return float(np.percentile(voice, 75) - np.percentile(loud, PAUSE_SHARE))
