"""The tracked footage of the motion tests serves the tests of planning too."""

from __future__ import annotations

from ..motion.conftest import long_talk, talking

__all__ = ["long_talk", "talking"]
