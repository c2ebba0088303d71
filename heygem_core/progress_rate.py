"""Measures how fast a stage goes and how long it will still take; both are unknown until they are stable."""

from __future__ import annotations

import time

from .shot import Progress, Stage

_STABLE_AFTER_S = 1.0
_LOOKS_BACK_S = 20.0  # a speed from longer ago says little about a computer that got busy since


class ProgressRate:
    """Counts the frames of one stage and says their rate."""

    def __init__(self, stage: Stage, total: int, done: int = 0) -> None:
        """`done`: frames that were there before."""
        self._stage: Stage = stage
        self._total, self._done = total, done
        self._began = time.monotonic()
        self._mark = self._before = (self._began, done)  # (time, frames done): speed is counted from the older of the two

    @property
    def elapsed_s(self) -> float:
        """Seconds since the stage began."""
        return time.monotonic() - self._began

    def tick(self) -> Progress:
        """One more frame is done."""
        self._done += 1
        now = time.monotonic()
        if now - self._mark[0] > _LOOKS_BACK_S:
            self._before, self._mark = self._mark, (now, self._done)
        since, count = self._before
        fps = (self._done - count) / (now - since) if now - since > _STABLE_AFTER_S else None
        eta = (self._total - self._done) / fps if fps else None
        return Progress(stage=self._stage, done=self._done, total=self._total, fps=fps, eta_s=eta)
