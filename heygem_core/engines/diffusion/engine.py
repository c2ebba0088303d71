"""The engines of these names. What they do is imported when it is done: they can be listed and asked without torch."""

from __future__ import annotations

from ..base import Engine
from ..neural.engine import NeuralEngine
from ..neural.hybrid import HybridEngine
from .latentsync import LatentSyncModel
from .musetalk import MuseTalkModel

_MUSETALK, _LATENTSYNC = MuseTalkModel(), LatentSyncModel()
MUSETALK: Engine = NeuralEngine(_MUSETALK)
MUSETALK_HYBRID: Engine = HybridEngine(_MUSETALK)
LATENTSYNC: Engine = NeuralEngine(_LATENTSYNC)
LATENTSYNC_HYBRID: Engine = HybridEngine(_LATENTSYNC)
