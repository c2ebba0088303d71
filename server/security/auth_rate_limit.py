"""Counts wrong tokens per address. Beyond the limit wrong ones are not even answered with what was wrong.

All programs of this machine share one loopback address, so a panel with an old token must not lock out the others: from loopback the
right token always passes (it has 256 bits; guessing is hopeless, only noisy). From another machine the address is shut out for the
rest of the minute.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque

from ..errors import TooMany

MOST_FAILURES = 20
WINDOW_S = 60.0
_MOST_ADDRESSES = 10_000


class AuthRateLimit:
    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check_before(self, address: str | None) -> None:
        """Before a token is looked at. Raises: TooMany — another machine that failed too often."""
        if not is_loopback(address) and self._recent(address) >= MOST_FAILURES:
            raise _too_many()

    def failed(self, address: str | None) -> None:
        """After a token was wrong. Raises: TooMany."""
        times = self._failures.setdefault(address or "", deque(maxlen=MOST_FAILURES))
        limited = self._recent(address) >= MOST_FAILURES
        times.append(time.monotonic())
        self._failures.move_to_end(address or "")
        while len(self._failures) > _MOST_ADDRESSES:
            self._failures.popitem(last=False)
        if limited:
            raise _too_many()

    def _recent(self, address: str | None) -> int:
        since = time.monotonic() - WINDOW_S
        return sum(at > since for at in self._failures.get(address or "", ()))


def is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address((address or "").partition("%")[0]).is_loopback
    except ValueError:
        return False


def _too_many() -> TooMany:
    return TooMany("auth.too-many-failures")
