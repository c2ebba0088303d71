"""The broadcaster: replay, snapshot, slow readers, thinned progress."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from heygem_server.rendering.events import Broadcaster, Subscription
from heygem_server.store import Store
from heygem_server.wire import Happened, LogLine, PreviewHeader, ProgressNow, Snapshot

from .jobs import finish, submit


async def some(subscription: Subscription, count: int) -> list[Any]:
    return [await asyncio.wait_for(subscription.next(), 60) for _ in range(count)]


async def silent(subscription: Subscription) -> bool:
    try:
        await asyncio.wait_for(subscription.next(), 0.05)
    except TimeoutError:
        return True
    return False


def numbers(items: list[Any]) -> list[int]:
    return [item.seq for item in items]


def progress(done: int, shot: str = "s", job: str = "j") -> ProgressNow:
    return ProgressNow(job=job, shot=shot, stage="render", frames_done=done)


async def test_who_knows_nothing_gets_a_snapshot_then_what_happens(store: Store) -> None:
    job = submit(store).job.id
    events = Broadcaster(store)
    with events.subscribe() as client:
        (snapshot,) = await some(client, 1)
        assert isinstance(snapshot, Snapshot)
        assert (snapshot.seq, [each.id for each in snapshot.jobs]) == (store.seq, [job])
        store.pause(job)
        (event,) = await some(client, 1)
        assert isinstance(event, Happened)
        assert (event.seq, event.kind) == (snapshot.seq + 1, "job.changed")


async def test_who_was_away_gets_what_was_missed_and_no_event_twice(store: Store) -> None:
    events = Broadcaster(store)
    submit(store)
    for k in range(30):
        submit(store, f"{k}.mp4")
    with events.subscribe(since=1, epoch=events.epoch) as client:
        await asyncio.to_thread(submit, store, "meanwhile.mp4")
        assert numbers(await some(client, 31)) == list(range(2, 33))
        await asyncio.to_thread(submit, store, "later.mp4")
        assert numbers(await some(client, 1)) == [33]
        assert await silent(client)


async def test_a_replay_while_others_write_has_no_gap(store: Store) -> None:
    events = Broadcaster(store)
    for k in range(100):
        submit(store, f"{k}.mp4")
    with events.subscribe(since=0, epoch=events.epoch) as client:
        writing = asyncio.gather(*(asyncio.to_thread(submit, store, f"w{k}.mp4") for k in range(50)))
        assert numbers(await some(client, 150)) == list(range(1, 151))
        await writing


async def test_another_epoch_or_pruned_events_give_a_snapshot(store: Store) -> None:
    events = Broadcaster(store)
    for k in range(10):
        submit(store, f"{k}.mp4")
    store.prune(keep_events=3)
    await asyncio.sleep(0)
    for since, epoch in ((1, events.epoch), (9, "another"), (99, events.epoch), (-1, events.epoch), (None, None)):
        with events.subscribe(since=since, epoch=epoch) as client:
            (item,) = await some(client, 1)
            assert isinstance(item, Snapshot), (since, epoch)
    with events.subscribe(since=7, epoch=events.epoch) as client:
        assert numbers(await some(client, 3)) == [8, 9, 10]


async def test_a_client_that_never_reads_harms_nobody_and_resyncs_when_it_does(store: Store) -> None:
    events = Broadcaster(store)
    with events.subscribe() as slow, events.subscribe() as quick:
        await some(slow, 1)
        await some(quick, 1)
        latencies = []
        for k in range(1100):
            event = Happened(seq=k + 1, at=0.0, kind="server.changed")
            began = time.perf_counter()
            events._committed((event,))
            (got,) = await some(quick, 1)
            latencies.append(time.perf_counter() - began)
            assert got.seq == k + 1
        assert len(slow._events) <= 1000
        assert sorted(latencies)[int(0.99 * len(latencies))] < 0.1
        (item,) = await some(slow, 1)
        assert isinstance(item, Snapshot)
        assert slow.resyncs == 1


async def test_progress_is_thinned_to_five_a_second_and_the_newest_counts(store: Store) -> None:
    events = Broadcaster(store)
    with events.subscribe(since=0, epoch=events.epoch) as client:
        began, got = time.monotonic(), []

        async def read() -> None:
            async for item in client:
                got.append(item)

        reading = asyncio.create_task(read())
        for k in range(200):
            events.publish_progress(progress(k))
            await asyncio.sleep(0.005)
        seconds = time.monotonic() - began
        await asyncio.sleep(0.3)
        reading.cancel()
    assert 3 <= len(got) <= 5 * (seconds + 0.3) + 2
    assert got[-1].frames_done == 199
    assert [item.frames_done for item in got] == sorted(item.frames_done for item in got)


async def test_a_slow_reader_gets_only_the_newest_progress_and_picture(store: Store) -> None:
    events = Broadcaster(store)
    header = PreviewHeader(job="j", shot="s", frame=7, width=4, height=2)
    with events.subscribe(since=0, epoch=events.epoch, previews=True) as client, events.subscribe(since=0, epoch=events.epoch) as blind:
        for k in range(3):
            events.publish_progress(progress(k))
            events.publish_picture(header, b"jpeg %d" % k)
            await asyncio.sleep(0.25)
        items = await some(client, 2)
        assert items[0].frames_done == 2
        length = int.from_bytes(items[1][:4], "big")
        assert json.loads(items[1][4 : 4 + length])["frame"] == 7
        assert items[1][4 + length :] == b"jpeg 2"
        assert await silent(client)
        await some(blind, 1)
        assert await silent(blind), "pictures only for those who asked"


async def test_log_lines_go_to_those_who_follow_the_job(store: Store) -> None:
    events = Broadcaster(store)
    with events.subscribe(since=0, epoch=events.epoch, logs=["j"]) as client:
        for job in ("other", "j"):
            events.publish_line(LogLine(job=job, shot=None, at=0.0, level="info", message=job))
        assert [line.message for line in await some(client, 1)] == ["j"]
        client.follow(previews=False, logs=())
        events.publish_line(LogLine(job="j", shot=None, at=0.0, level="info", message="unheard"))
        assert await silent(client)


async def test_a_closed_subscription_is_forgotten_and_a_message_encoded_once(store: Store) -> None:
    events = Broadcaster(store)
    with events.subscribe():
        assert events.clients == 1
    assert events.clients == 0
    message = progress(1)
    assert events.encoded(message) is events.encoded(message)
    assert json.loads(events.encoded(message))["type"] == "progress"


async def test_changes_from_threads_arrive_in_order(store: Store) -> None:
    events = Broadcaster(store)
    with events.subscribe(since=0, epoch=events.epoch) as client:
        submit(store, *(f"{k}.mp4" for k in range(20)))
        await asyncio.gather(*(asyncio.to_thread(_finish, store) for _ in range(1)))
        total = store.seq
        assert numbers(await some(client, total)) == list(range(1, total + 1))


def _finish(store: Store) -> None:
    for k in range(20):
        finish(store, f"key {k}")
