"""Voice activity detection: a probability of speech for each hundredth of a second, from the energy and shape of the sound.

Three things make speech here: it stands above the steady background (hum, hiss, a fan are their own background and
cancel), it is not far below the recording's own active level (breath, room tone), and it moves in the 2-10 Hz rhythm
of syllables. Music with a beat moves like that too and can pass for speech; what is known about it is in the model
card of `heygem_core.motion`.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from .features import FRAME_RATE, LEVEL_STEP_DB, SILENT_LEVEL_DB, frame_count, level_db, log_mel_blocks

Floats = NDArray[np.float32]

LOWEST_BAND, HIGHEST_BAND = 4, 68  # mel bands of about 150 Hz to 5 kHz, where voices are
BACKGROUND_S = 4.0  # the background is what the quietest tenth of this span holds
ABOVE_BACKGROUND_DB = 7.0  # even odds of speech at this height over the background …
BELOW_ACTIVE_DB = 30.0  # … and at this depth under the recording's loud parts
MODULATION_DB = 6.5  # how far speech's loudness rises and falls within a second and a half; steady noise stays under 4
LOWEST_DB = 45.0  # below the loud parts: what lies deeper is taken as this, so that a gap in the sound is no background
SHORTEST_GAP_S, SHORTEST_SOUND_S = 0.16, 0.06  # shorter pauses belong to speech (plosives), shorter sounds are clicks


def speaking_probability(samples: Floats) -> Floats:
    """(n100,) float32 in [0, 1]: how sure we are that somebody speaks at second k / 100.

    samples: (n,) float32 mono at 16 kHz, any level.
    """
    if level_db(np.asarray(samples, np.float32)) < SILENT_LEVEL_DB:
        return np.zeros(frame_count(len(samples)), np.float32)
    loud = loudness_db(samples)
    peak = LEVEL_STEP_DB * np.round(np.percentile(loud, 95) / LEVEL_STEP_DB)  # in steps, as the level: see there
    loud = scipy.ndimage.gaussian_filter1d(np.maximum(loud, peak - LOWEST_DB), 1.5, mode="nearest")
    span = int(BACKGROUND_S * FRAME_RATE) | 1
    quietest = scipy.ndimage.percentile_filter(loud, 10, span, mode="reflect")
    background = scipy.ndimage.gaussian_filter1d(quietest, FRAME_RATE / 2, mode="nearest")
    quiet, busy = (scipy.ndimage.percentile_filter(loud, share, int(1.5 * FRAME_RATE) | 1, mode="reflect") for share in (15, 85))
    evidence = np.minimum(loud - background - ABOVE_BACKGROUND_DB, loud - peak + BELOW_ACTIVE_DB)
    evidence = np.minimum(evidence, busy - quiet - MODULATION_DB)
    return np.asarray(1 / (1 + np.exp(-scipy.ndimage.gaussian_filter1d(evidence, 2.0, mode="nearest") / 2)), np.float32)


def speaking(samples: Floats) -> NDArray[np.bool_]:
    """(n100,) bool: somebody speaks at second k / 100; closures of plosives count as speech, clicks do not."""
    raw = speaking_probability(samples) > 0.5
    edge = FRAME_RATE
    padded = np.pad(raw, edge)
    joined = scipy.ndimage.binary_closing(padded, np.ones(round(SHORTEST_GAP_S * FRAME_RATE)))
    kept = scipy.ndimage.binary_opening(joined, np.ones(round(SHORTEST_SOUND_S * FRAME_RATE)))
    return np.asarray(kept[edge:-edge], bool)


def loudness_db(samples: Floats) -> Floats:
    """(n100,) float32: loudness of the voice band in dB (of the levelled sound, so only differences mean something)."""
    powers = [(10.0 ** (4.0 * mel[:, LOWEST_BAND:HIGHEST_BAND].astype(np.float64) - 4.0)).sum(1) for mel in log_mel_blocks(samples)]
    return np.asarray(10 * np.log10(np.concatenate(powers) + 1e-10), np.float32)


def utterances(active: NDArray[np.bool_], *, margin_s: float = 0.2) -> NDArray[np.bool_]:
    """The same flags with every stretch of speech grown by a margin on both sides: where a mouth may be on its way."""
    return np.asarray(scipy.ndimage.maximum_filter1d(active.astype(np.uint8), 2 * round(margin_s * FRAME_RATE) + 1), bool)
