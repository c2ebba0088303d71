"""What a network hears at each frame: places in a row of features, by time. The rate of the picture plays no part in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...media.content import samples_digest
from ...storage.arrays import load_array
from ...storage.cache import key_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..base import PlanContext

Floats = NDArray[np.float32]


def heard_samples(context: PlanContext) -> Floats:
    """The speech (n,) at 16 kHz, silent before and behind what the take plays of it."""
    first, end = (int(np.clip(round(second * context.speech.rate), 0, len(context.speech.samples))) for second in context.speech_range)
    heard = np.zeros(len(context.speech.samples), np.float32)
    heard[first:end] = context.speech.samples[first:end]
    return heard


def features_of_speech(context: PlanContext, name: str, version: int, make: Callable[[Floats], Floats]) -> Floats:
    """What `make` computes of `heard_samples`: once for all takes that hear the same, whatever picture they have.

    name, version: of the way they are computed.
    """
    key = key_of(name, version, samples_digest(context.speech), context.speech_range)

    def load(folder: Path) -> Floats:
        return load_array(folder / "features.npy")

    kept = context.cache.read("heard_by_networks", key, load)
    if kept is not None:
        return kept
    with context.cache.alone("heard_by_networks", key):
        kept = context.cache.read("heard_by_networks", key, load)
        if kept is None:
            kept = make(heard_samples(context))
            with context.cache.making("heard_by_networks", key) as made:
                np.save(made / "features.npy", kept)
    return kept


def first_rows(times: NDArray[np.float64], rate: float, before: float) -> NDArray[np.int64]:
    """The row of features (`rate` a second, row k at second k / rate) at which each frame's window begins, `before` seconds ahead of it.

    A row may lie before the first or behind the last one: `windows_of` says what is heard there.
    """
    return np.asarray(np.floor((times - before) * rate + 1e-6), np.int64)


def windows_of(features: NDArray[np.generic], first: NDArray[np.int64], length: int, beyond: float) -> NDArray[np.generic]:
    """Windows (n, length, …) of rows of features (m, …) that begin at rows `first` (n,); `beyond`: the value outside of the speech."""
    at = first[:, None] + np.arange(length)
    inside = (at >= 0) & (at < len(features))
    found = (
        features[np.clip(at, 0, max(len(features) - 1, 0))] if len(features) else np.zeros((*at.shape, *features.shape[1:]), features.dtype)
    )
    return np.where(inside.reshape(*inside.shape, *(1,) * (features.ndim - 1)), found, np.asarray(beyond, features.dtype))
