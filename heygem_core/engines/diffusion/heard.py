"""The arrays of a plan that say what MuseTalk or LatentSync hears at each frame.

heard_states.npy   (m, 5, 384) float32   Whisper's states of the part of the speech that the take plays
heard_first.npy    (n,) int64            the first of the ten states that are fed with each frame; outside of the speech as its model wants
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .speech_states import WINDOW, Floats, Model, published_window_starts, speech_states, window_starts, windows

if TYPE_CHECKING:
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    from ..base import PlanArrays, PlanContext
    from .sizes import Sizes

WHISPER = "whisper-tiny"  # its id in the catalogue
_STATES_VERSION = 1  # raise it whenever the same speech would give other states


def write_heard(context: PlanContext, model: Model, sizes: Sizes, *, by_time: bool, middles: bool) -> None:
    """Writes both arrays into `context.folder`. by_time, middles: False = as the model's own program does, see `speech_states`."""
    from ...weights.digests import model_digests
    from ..neural.windows import features_of_speech

    (weights,) = model_digests((WHISPER,), context.cache)

    def states_of(samples: Floats) -> Floats:
        return speech_states(_whisper(sizes), samples, model, as_published=not middles)

    states = features_of_speech(context, f"{model} {weights} {middles}", _STATES_VERSION, states_of)
    count = len(context.speech_times)
    first = window_starts(context.speech_times) if by_time else published_window_starts(count, context.fps, model)
    begin, end = _used(first, len(states))
    np.save(context.folder / "heard_states.npy", states[begin:end])
    np.save(context.folder / "heard_first.npy", first - begin)


def heard_at(plan: PlanArrays, rows: NDArray[np.int64], model: Model) -> Floats:
    """What is fed with some frames of the take (B, 50, 384)."""
    return windows(plan.array("heard_states"), plan.array("heard_first")[rows], model)


def heard_digest(plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
    """Hash of what is heard at frames [start, end_exclusive)."""
    states, first = plan.array("heard_states"), plan.array("heard_first")[start:end_exclusive]
    begin, end = _used(first, len(states))
    used = np.ascontiguousarray(states[begin:end])
    digest = blake2b(repr((used.shape, (first - begin).tolist())).encode(), digest_size=16)
    digest.update(used.tobytes())
    return digest.digest()


def _used(first: NDArray[np.int64], count: int) -> tuple[int, int]:
    """First and end of the states, of `count`, that windows beginning at these are made of; outside of the speech the outermost one is."""
    if not len(first) or not count:
        return 0, count
    begin = int(np.clip(first.min(), 0, count - 1))
    return begin, int(np.clip(first.max() + WINDOW, begin + 1, count))


def _whisper(sizes: Sizes) -> WhisperEncoder:
    from ...weights.installed import path_of
    from ...weights.loading import load_strictly
    from .networks import whisper_encoder

    return load_strictly(whisper_encoder(sizes), path_of(WHISPER))
