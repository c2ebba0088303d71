"""Which nodes are sick: one that fails with three different shots, none succeeding between them, is set aside and tried again later."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from heygem_core.messages import Message, tell

MOST_FAILURES = 3  # of different shots: one shot that fails everywhere makes nobody sick
_FIRST_S, _LONGEST_S = 60.0, 3600.0


@dataclass(slots=True)
class Health:
    """Of one node."""

    clock: Callable[[], float] = time.monotonic
    failed: dict[str, Message] = field(default_factory=dict)  # shots since the last success, and why
    times: int = 0  # that it was set aside since the last success
    until: float = 0.0  # by the clock
    reason: Message | None = None  # why it is aside

    @property
    def aside(self) -> bool:
        """Whether it gets no work at present."""
        return self.clock() < self.until

    def succeeded(self) -> None:
        """A piece of work was done there."""
        self.failed.clear()
        self.times, self.reason = 0, None

    def failed_with(self, shot: str, reason: Message) -> bool:
        """A piece of this shot failed there; returns whether the node is set aside for it."""
        self.failed[shot] = reason
        if len(self.failed) < MOST_FAILURES:
            return False
        wait = min(_LONGEST_S, _FIRST_S * 2**self.times)
        self.until, self.times = self.clock() + wait, self.times + 1
        self.reason = tell("farm.node-aside", shots=len(self.failed), reason=reason, minutes=round(wait / 60))
        self.failed.clear()
        return True
