"""Keeps in the cache what a motion model heard in some seconds of speech, so that new speech that is mostly the old one is listened to only
where it is new.

A stretch is found by the samples that are heard in it, with those before and after it that the model looks at, and by the model: where it
lies in a recording, and in which, is no part of its key.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..motion.predict import motion_version
from ..motion.speech_features import Passes, heard_samples, stretches
from ..speech.features import frame_count
from ..storage.arrays import load_arrays
from ..storage.cache import Cache, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..motion.motion_model import MotionModel
    from ..motion.speech_features import Window

_KIND = "heard"


class HeardBefore:
    """`motion.speech_features.KeptPasses` in the cache, of one model."""

    def __init__(self, model: MotionModel, cache: Cache) -> None:
        self._version, self._encoder, self._cache = motion_version(model), model.encoder.kind, cache

    def alone(self, samples: NDArray[np.float32]) -> AbstractContextManager[None]:
        """Inside the block nobody else listens to the same levelled speech. Where all of it is known nobody has to wait."""
        keys = [self._key(samples, stretch) for stretch in stretches(frame_count(len(samples)), self._encoder)]
        if all(self._cache.entry(_KIND, key) is not None for key in keys):
            return nullcontext()
        return self._cache.alone(_KIND, key_of(*keys))

    def find(self, samples: NDArray[np.float32], stretch: Sequence[Window]) -> Passes | None:
        return self._cache.read(_KIND, self._key(samples, stretch), _read)

    def keep(self, samples: NDArray[np.float32], stretch: Sequence[Window], passes: Passes) -> None:
        with self._cache.making(_KIND, self._key(samples, stretch)) as made:
            np.savez(made / "passes.npz", **passes._asdict())

    def _key(self, samples: NDArray[np.float32], stretch: Sequence[Window]) -> str:
        start = stretch[0].start
        places = [[at - start for at in window] for window in stretch]
        return key_of(self._version, places, blake2b(heard_samples(samples, stretch).data, digest_size=16).hexdigest())


def _read(folder: Path) -> Passes:
    return Passes(**load_arrays(folder / "passes.npz"))
