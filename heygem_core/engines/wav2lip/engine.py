"""The engine of that name. What it does is imported when it is done: it can be listed and asked without torch."""

from __future__ import annotations

from ..base import Engine
from ..neural.engine import NeuralEngine
from .model import Wav2LipModel

ENGINE: Engine = NeuralEngine(Wav2LipModel())
