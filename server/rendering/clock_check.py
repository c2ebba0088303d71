"""Whether ages can be told by this machine's clock. A clock that jumped ahead makes everything look old; nothing is thrown away by it.

Each look writes down when it was. Where more than a day lies between two of them, the machine was off for so long, or its clock was set:
nobody can tell which, so ages count again only after the clock has gone evenly for some hours. These are counted together over several
sessions, or a machine that is used for a few hours now and then would never get there; one hour has to follow the newest leap in any case.
A leap back is no pause but a clock that was set, so the hours are counted anew.
"""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

import msgspec

from heygem_core.messages import tell
from heygem_core.shot import from_json, to_json

from ..log import LOGGER
from ..store import Store
from .handing_in import REFUSED

_LEAP_S = 86_400.0
EVEN_S = 6 * 3600.0  # how long a clock that leapt has to go evenly, all sessions together
_EVEN_AFTER_S = 3600.0  # and after the newest leap at least
_KEPT_AS = "clock"


class _Clock(msgspec.Struct):
    seen: float  # at the newest look, seconds since 1970
    even_since: float  # the newest leap; 0 = it never leapt
    leapt_from: float = 0.0
    even_s: float | None = None  # how long it has gone evenly since it is not trusted; None = written by an older version: since the leap

    @property
    def even(self) -> float:
        return max(0.0, self.seen - self.even_since) if self.even_s is None else self.even_s

    @property
    def trusted(self) -> bool:
        return self.even_since == 0.0 or (self.even >= EVEN_S and self.seen - self.even_since >= _EVEN_AFTER_S)


_NOT_WRITTEN: WeakKeyDictionary[Store, _Clock] = WeakKeyDictionary()
"""The newest look where the disk refused it: a disk that is full for days must not look like a clock that leapt."""


def ages_can_be_told(store: Store, now: float) -> bool:
    """Looks at the clock; False, with a warning in the log, where it leapt lately.

    A full disk keeps nobody from that: what frees it asks here first.
    """
    clock = _looked(_NOT_WRITTEN.get(store) or _newest_look(store, now), now)
    try:
        store.remember(_KEPT_AS, to_json(clock).decode())
        _NOT_WRITTEN.pop(store, clock)
    except REFUSED:
        _NOT_WRITTEN[store] = clock
    if clock.trusted:
        return True
    hours = f"{EVEN_S / 3600:.0f}"
    LOGGER.warning(tell("retention.clock-leapt", before=_shown(clock.leapt_from), after=_shown(clock.even_since), hours=hours))
    return False


def _newest_look(store: Store, now: float) -> _Clock:
    kept = store.recall(_KEPT_AS)
    return from_json(kept.encode(), _Clock) if kept else _Clock(seen=store.newest_time() or now, even_since=0.0)


def _looked(before: _Clock, now: float) -> _Clock:
    passed = now - before.seen
    if abs(passed) > _LEAP_S:
        even_s = before.even if passed > 0 and not before.trusted else 0.0
        return _Clock(seen=now, even_since=now, leapt_from=before.seen, even_s=even_s)
    return _Clock(seen=now, even_since=before.even_since, leapt_from=before.leapt_from, even_s=before.even + max(0.0, passed))


def _shown(second: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(second))
