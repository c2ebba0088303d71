"""The engines of that network. What they do is imported when it is done: they can be listed and asked without torch."""

from __future__ import annotations

from ..base import Engine
from ..neural.engine import NeuralEngine
from ..neural.hybrid import HybridEngine
from .model import Wav2LipModel

MODEL = Wav2LipModel()
ENGINE: Engine = NeuralEngine(MODEL)
HYBRID: Engine = HybridEngine(MODEL)
