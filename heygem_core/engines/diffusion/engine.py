"""The engines of these names. What they do is imported when it is done: they can be listed and asked without torch."""

from __future__ import annotations

from ..base import Engine
from ..neural.engine import NeuralEngine
from .latentsync import LatentSyncModel
from .musetalk import MuseTalkModel

MUSETALK: Engine = NeuralEngine(MuseTalkModel())
LATENTSYNC: Engine = NeuralEngine(LatentSyncModel())
