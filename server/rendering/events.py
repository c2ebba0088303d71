"""Everybody who watches: one broadcaster, a bounded queue for each, and nobody waits for anybody.

    store ──(committed, numbered)──► Broadcaster ──► Subscription … read by one socket each
    scheduler ──(progress, pictures, log lines: for the moment)──┘

Numbered events are never left out: a client that reads too slowly, or was away too long, gets a snapshot instead. Progress
is thinned to five messages a second for each job; of progress and pictures only the newest waits for a slow reader.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from heygem_core.shot import from_json, to_json

from ..store import Store
from ..wire import Happened, LogLine, PreviewHeader, ProgressNow, Snapshot
from .states import FINISHED_JOBS

PROGRESS_S = 0.2
_MOST_WAITING = 1000  # numbered events of one client
MOST_LINES = 1000  # log lines of one client; older ones are in the log
_MOST_REPLAYED = 5000  # beyond that a snapshot is less work for everybody
_ENCODED_KEPT = 512

Item = Happened | Snapshot | ProgressNow | LogLine | Any
"""What a subscription gives: messages of `wire.ToClient`, or bytes: a preview, ready to be sent."""


class Subscription:
    """What one client still has to read: `async for item in subscription`."""

    def __init__(self, broadcaster: Broadcaster, since: int | None, *, previews: bool, logs: Iterable[str]) -> None:
        self.previews, self.logs = previews, frozenset(logs)
        self.resyncs = 0  # how often it fell behind
        self._broadcaster = broadcaster
        self._seen = since  # number of the last event given; None = a snapshot comes first
        self._replaying = since is not None
        self._events: deque[Happened] = deque()
        self._others: deque[Item] = deque()
        self._lines: deque[LogLine] = deque(maxlen=MOST_LINES)
        self._progress: OrderedDict[str, ProgressNow] = OrderedDict()
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._ready = asyncio.Event()

    def follow(self, *, previews: bool, logs: Iterable[str]) -> frozenset[str]:
        """From now on these. Gives the logs that were not followed before."""
        before, self.previews, self.logs = self.logs, previews, frozenset(logs)
        return self.logs - before

    def __aiter__(self) -> AsyncIterator[Item]:
        return self

    async def __anext__(self) -> Item:
        return await self.next()

    async def next(self) -> Item:
        """Waits for the next item. Cancelling it loses nothing."""
        while True:
            if self._replaying:
                await self._replay()
            if self._seen is None:
                return await self._snapshot()
            item = self._take()
            if item is not None:
                return item
            self._ready.clear()
            await self._ready.wait()

    def offer(self, event: Happened) -> None:
        """A numbered event. One too many waiting, and a snapshot stands for all of them."""
        if self._seen is None or self._replaying:
            return  # the snapshot, or the replay, will hold it
        if len(self._events) >= _MOST_WAITING:
            self._fall_behind()
        else:
            self._events.append(event)
        self._ready.set()

    def offer_now(self, item: Item) -> None:
        """Anything without a number that must not be lost while there is room (hosts, consents)."""
        if len(self._others) < _MOST_WAITING:
            self._others.append(item)
        self._ready.set()

    def offer_progress(self, progress: ProgressNow) -> None:
        self._progress[progress.shot] = progress
        self._ready.set()

    def offer_picture(self, shot: str, picture: bytes) -> None:
        if self.previews:
            self._pictures[shot] = picture
            while len(self._pictures) > 16:
                self._pictures.popitem(last=False)
            self._ready.set()

    def offer_line(self, line: LogLine) -> None:
        if line.job in self.logs:
            self._lines.append(line)
            self._ready.set()

    def _fall_behind(self) -> None:
        self._events.clear()
        self._progress.clear()
        self._pictures.clear()
        self._seen = None
        self.resyncs += 1

    def _take(self) -> Item | None:
        while self._events:
            event = self._events.popleft()
            if self._seen is not None and event.seq > self._seen:
                self._seen = event.seq
                return event
        if self._others:
            return self._others.popleft()
        if self._lines:
            return self._lines.popleft()
        if self._progress:
            return self._progress.popitem(last=False)[1]
        if self._pictures:
            return self._pictures.popitem(last=False)[1]
        return None

    async def _replay(self) -> None:
        """Events of before, page by page, until the live ones continue them."""
        assert self._seen is not None
        last = self._events[-1].seq if self._events else self._seen
        page = await self._broadcaster.events_since(last)
        if page is None or self._broadcaster.newest - self._seen > _MOST_REPLAYED:
            self._replaying = False
            self._fall_behind()
        elif page:
            self._events.extend(page)
        # Nothing is awaited between this test and the next live event, so none falls in between.
        if self._replaying and (self._events[-1].seq if self._events else last) >= self._broadcaster.newest:
            self._replaying = False

    async def _snapshot(self) -> Snapshot:
        # Live events are queued from here on; those that the snapshot already holds are skipped by their number.
        while True:
            self._seen = 0
            snapshot = await self._broadcaster.snapshot()
            if self._seen is not None:  # else even the queue overflowed meanwhile
                self._seen = snapshot.seq
                return snapshot


class Broadcaster:
    """Tells all subscriptions. Its `publish…` methods may be called from any thread."""

    def __init__(self, store: Store) -> None:
        """Belongs to the running event loop, and listens to the store from now on."""
        self.epoch, self.newest = store.epoch, store.seq
        self._store, self._loop = store, asyncio.get_running_loop()
        self._subscriptions: set[Subscription] = set()
        self._waiting: dict[str, OrderedDict[str, ProgressNow]] = {}  # job → shot → newest
        self._told_at: dict[str, float] = {}
        self._encoded: OrderedDict[int, tuple[Any, bytes]] = OrderedDict()
        store.listen(self._committed)

    @property
    def seq(self) -> int:
        """Number of the newest event."""
        return self.newest

    @property
    def clients(self) -> int:
        return len(self._subscriptions)

    @contextmanager
    def subscribe(
        self, since: int | None = None, epoch: str | None = None, previews: bool = False, logs: Iterable[str] = ()
    ) -> Iterator[Subscription]:
        """What happened after event `since` of that epoch, then what happens. Without them, or too late: a snapshot first."""
        known = since is not None and epoch == self.epoch and since >= 0  # whether it still can be replayed, the store knows
        subscription = Subscription(self, since if known else None, previews=previews, logs=logs)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def encoded(self, message: Any) -> bytes:
        """A message as JSON, encoded once however many clients get it."""
        kept = self._encoded.get(id(message))
        if kept is not None and kept[0] is message:
            return kept[1]
        text = to_json(message)
        self._encoded[id(message)] = (message, text)
        if len(self._encoded) > _ENCODED_KEPT:
            self._encoded.popitem(last=False)
        return text

    def say(self, item: Any) -> None:
        """A message without a number, for everybody (HostsChanged, ConsentWanted)."""
        self._later(lambda: self._each("offer_now", item))

    def publish_progress(self, progress: ProgressNow) -> None:
        self._later(lambda: self._progress(progress))

    def publish_picture(self, header: PreviewHeader, jpeg: bytes) -> None:
        self._later(lambda: self._each("offer_picture", header.shot, preview(header, jpeg)))

    def publish_line(self, line: LogLine) -> None:
        self._later(lambda: self._each("offer_line", line))

    async def events_since(self, seq: int) -> tuple[Happened, ...] | None:
        return await asyncio.to_thread(self._store.events_since, seq)

    async def snapshot(self) -> Snapshot:
        return await asyncio.to_thread(self._store.snapshot)

    def _committed(self, events: tuple[Happened, ...]) -> None:
        self._later(lambda: self._deliver(events))

    def _deliver(self, events: tuple[Happened, ...]) -> None:
        for event in events:
            self.newest = max(self.newest, event.seq)
            if event.job is not None and event.job.state in FINISHED_JOBS:
                self._waiting.get(event.job.id, {}).clear()  # nobody wants to hear of 99 % after the end
            self._each("offer", event)

    def _progress(self, progress: ProgressNow) -> None:
        first = progress.job not in self._waiting
        self._waiting.setdefault(progress.job, OrderedDict())[progress.shot] = progress
        if first:
            wait = self._told_at.get(progress.job, 0.0) + PROGRESS_S - time.monotonic()
            self._loop.call_later(max(0.0, wait), self._tell_progress, progress.job)

    def _tell_progress(self, job: str) -> None:
        """One message of a job: the shot that waited longest; then the next one's time comes."""
        waiting = self._waiting[job]
        self._told_at[job] = time.monotonic()
        if waiting:
            self._each("offer_progress", waiting.popitem(last=False)[1])
        if waiting:
            self._loop.call_later(PROGRESS_S, self._tell_progress, job)
            return
        del self._waiting[job]
        if len(self._told_at) > 1000:
            self._told_at.clear()

    def _each(self, method: str, *arguments: Any) -> None:
        for subscription in self._subscriptions:
            getattr(subscription, method)(*arguments)

    def _later(self, work: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # the loop is closed: nobody listens any more
            return


def preview(header: PreviewHeader, jpeg: bytes) -> bytes:
    """A preview as it travels: four bytes of the header's length, the header, the picture."""
    head = to_json(header)
    return struct.pack(">I", len(head)) + head + jpeg


def job_of_preview(message: bytes) -> str:
    """Whose picture it is."""
    (length,) = struct.unpack_from(">I", message)
    return from_json(message[4 : 4 + length], PreviewHeader).job
