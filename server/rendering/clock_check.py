"""Whether ages can be told by this machine's clock. A clock that jumped ahead makes everything look old; nothing is thrown away by it.

Each look writes down when it was. Where more than a day lies between two of them, the machine was off for so long, or its clock was set:
nobody can tell which, so ages count again only after the clock has gone evenly for some hours.
"""

from __future__ import annotations

import time

import msgspec

from heygem_core.messages import tell
from heygem_core.shot import from_json, to_json

from ..http.log import LOGGER
from ..store import Store

_LEAP_S = 86_400.0
EVEN_S = 6 * 3600.0  # how long a clock that leapt has to go evenly
_KEPT_AS = "clock"


class _Clock(msgspec.Struct):
    seen: float  # at the newest look, seconds since 1970
    even_since: float  # 0 = it never leapt
    leapt_from: float = 0.0


def ages_can_be_told(store: Store, now: float) -> bool:
    """Looks at the clock; False, with a warning in the log, where it leapt lately.

    Raises: DiskFull, Busy — the look could not be written down.
    """
    kept = store.recall(_KEPT_AS)
    clock = from_json(kept.encode(), _Clock) if kept else _Clock(seen=store.newest_time() or now, even_since=0.0)
    if abs(now - clock.seen) > _LEAP_S:
        clock = _Clock(seen=now, even_since=now, leapt_from=clock.seen)
    clock.seen = now
    store.remember(_KEPT_AS, to_json(clock).decode())
    if now - clock.even_since >= EVEN_S:
        return True
    hours = f"{EVEN_S / 3600:.0f}"
    LOGGER.warning(tell("retention.clock-leapt", before=_shown(clock.leapt_from), after=_shown(clock.even_since), hours=hours))
    return False


def _shown(second: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(second))
