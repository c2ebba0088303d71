"""What goes by age and by size, and what never does."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from heygem_core.shot import to_json
from heygem_server.digests import sha256_of
from heygem_server.errors import DiskFull
from heygem_server.hosts.export_store import exports_folder
from heygem_server.hosts.methods import WITHIN_S
from heygem_server.rendering import services
from heygem_server.rendering.retention import sweep
from heygem_server.rendering.services import open_services
from heygem_server.rendering.take_files import written, written_with
from heygem_server.rendering.timeline_store import forget_timeline, timelines_folder
from heygem_server.rendering.trash import restore
from heygem_server.settings import ServerSettings
from heygem_server.store import Store
from heygem_server.wire import TakeView

from .conftest import Clock
from .jobs import claimed, placed, planned, submit, take_of
from .running_services import left_in, settings, until

DAY = 86_400.0
NOW = 1_000_000.0 + 100 * DAY


@pytest.fixture(autouse=True)
def now(clock: Clock) -> None:
    """What is recorded is of the time that is given as the present."""
    clock.now = NOW


def a_file(path: Path, *, age_days: float, size: int = 1000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    for each in (path, path.parent):
        os.utime(each, (NOW - age_days * DAY, NOW - age_days * DAY))
    return path


def a_take(store: Store, folder: Path, name: str, *, age_days: float, size: int = 1000) -> TakeView:
    submit(store, f"{name}.mp4")
    store.finish_plan(claimed(store).token, planned(name))
    store.finish_segment(claimed(store).token)
    claim = claimed(store)
    path = a_file(folder / "takes" / f"{name}.mov", age_days=age_days, size=size)
    report = a_file(folder / "takes" / f"{name}.mov.report.json", age_days=age_days, size=10)
    take = msgspec.structs.replace(take_of(claim, str(path)), created=NOW - age_days * DAY, size_bytes=size, sha256=sha256_of(path))
    return store.finish_join(claim.token, take, written_with(take, written(report)))


def later(store: Store, clock: Clock, days: float) -> float:
    """So many days on, with a server that ran all the time."""
    clock.passes(days * DAY)
    store.remember("clock", to_json({"seen": clock.now, "even_since": 0.0}).decode())
    return clock.now


def movies(folder: Path) -> list[str]:
    """Takes and where they lie; the reports lie beside them."""
    names = left_in(folder)
    assert [name for name in names if name.endswith(".report.json")] == sorted(
        f"{name}.report.json" for name in names if name.endswith(".mov")
    )
    return [name for name in names if name.endswith(".mov")]


@pytest.fixture
def kept(tmp_path: Path) -> ServerSettings:
    return settings(tmp_path, keep_days=30.0, keep_bytes=None)


def test_old_takes_go_with_their_reports_and_young_pinned_and_placed_ones_stay(
    store: Store, tmp_path: Path, kept: ServerSettings, clock: Clock
) -> None:
    old, young, pinned, used = (
        a_take(store, tmp_path, name, age_days=age) for name, age in (("old", 31), ("young", 29), ("pinned", 99), ("used", 99))
    )
    store.pin(pinned.id, True)
    store.placed(used.id, placed())
    assert sweep(store, kept, NOW) == 0
    assert movies(tmp_path / "takes") == [f".heygem/trash/{old.id}/old.mov", "pinned.mov", "used.mov", "young.mov"]
    assert {take.id for take in store.takes().takes} == {young.id, pinned.id, used.id}
    assert sweep(store, settings(tmp_path, keep_bytes=None), later(store, clock, 6.9)) == 0, "the trash has a delay of its own"
    assert sweep(store, settings(tmp_path, keep_bytes=None), later(store, clock, 0.2)) == 1010
    assert movies(tmp_path / "takes") == ["pinned.mov", "used.mov", "young.mov"]
    assert not (tmp_path / "takes" / ".heygem").exists()
    assert store.trash() == []


def test_takes_have_no_age_limit_unless_asked(store: Store, tmp_path: Path) -> None:
    """They went after 30 days that nobody had chosen."""
    a_take(store, tmp_path, "old", age_days=4000)
    a_file(tmp_path / "data" / "uploads" / "b" / "media.mp4", age_days=4000)
    assert sweep(store, settings(tmp_path), NOW) == 0
    assert movies(tmp_path / "takes") == ["old.mov"]


@pytest.mark.parametrize("days", [1.1, 40, -1.1, -4000])
def test_nothing_goes_by_a_clock_that_was_set(
    store: Store, tmp_path: Path, kept: ServerSettings, clock: Clock, days: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Forty days ahead, all unpinned takes were deleted within seconds; a trash that is emptied by the same clock would not have helped."""
    files = settings(tmp_path, keep_days=0.5, keep_bytes=0)
    gone = a_take(store, tmp_path, "gone", age_days=0.2)
    store.delete_take(gone.id)
    a_take(store, tmp_path, "fresh", age_days=0.2)
    a_file(kept.data_folder / "segments" / "ab" / "ab1.mov", age_days=0.01)
    sweep(store, settings(tmp_path, keep_bytes=None), NOW)
    before = left_in(tmp_path)
    for hours in (0, 1, 5.9):
        caplog.clear()
        assert sweep(store, files, NOW + days * DAY + hours * 3600) == 0
        assert left_in(tmp_path) == before
        assert "nothing old is thrown away" in caplog.text


def test_a_clock_that_goes_evenly_again_is_trusted_after_some_hours(
    store: Store, tmp_path: Path, kept: ServerSettings, clock: Clock
) -> None:
    a_take(store, tmp_path, "old", age_days=31)
    clock.passes(40 * DAY)
    for hours in (0, 2, 4, 5.9):
        sweep(store, kept, clock.now + hours * 3600)
        assert movies(tmp_path / "takes") == ["old.mov"]
    sweep(store, kept, clock.now + 6.1 * 3600)
    assert movies(tmp_path / "takes") == [f".heygem/trash/{store.trash()[0].take.id}/old.mov"]


def test_a_machine_that_runs_every_day_is_trusted_at_once(store: Store, tmp_path: Path, kept: ServerSettings) -> None:
    a_take(store, tmp_path, "old", age_days=29)
    for days in (0, 0.9, 1.8):
        sweep(store, kept, NOW + days * DAY)
    assert movies(tmp_path / "takes") == [f".heygem/trash/{store.trash()[0].take.id}/old.mov"]


def test_a_take_that_was_put_back_does_not_go_again_at_once(store: Store, tmp_path: Path, kept: ServerSettings, clock: Clock) -> None:
    old = a_take(store, tmp_path, "old", age_days=31)
    sweep(store, kept, NOW)
    restore(store, old.id)
    sweep(store, kept, later(store, clock, 29))
    assert movies(tmp_path / "takes") == ["old.mov"]
    sweep(store, kept, later(store, clock, 2))
    assert movies(tmp_path / "takes") == [f".heygem/trash/{old.id}/old.mov"]


def test_takes_of_a_job_that_has_not_ended_stay(store: Store, tmp_path: Path, kept: ServerSettings) -> None:
    submit(store, "a.mp4", "b.mp4")
    store.finish_plan(claimed(store).token, planned("a"))
    store.finish_segment(claimed(store).token)
    claim = claimed(store)
    path = a_file(tmp_path / "takes" / "a.mov", age_days=99)
    store.finish_join(claim.token, msgspec.structs.replace(take_of(claim, str(path)), created=NOW - 99 * DAY))
    assert sweep(store, kept, NOW) == 0
    assert path.exists()


def test_uploads_of_unfinished_jobs_stay_and_other_old_ones_go(store: Store, tmp_path: Path, kept: ServerSettings) -> None:
    uploads = kept.data_folder / "uploads"
    needed = a_file(uploads / "a" / "media.mp4", age_days=99)
    a_file(uploads / "b" / "media.mp4", age_days=99)
    a_file(uploads / "c" / "media.mp4", age_days=1)
    submit(store, str(needed))
    assert sweep(store, kept, NOW) == 1000
    assert left_in(uploads) == ["a/media.mp4", "c/media.mp4"]


def test_above_the_size_the_cheapest_go_first_oldest_first_and_pinned_takes_never(store: Store, tmp_path: Path, clock: Clock) -> None:
    kept = settings(tmp_path, keep_days=None, keep_bytes=2500)
    old_take = a_take(store, tmp_path, "old", age_days=9)
    pinned = a_take(store, tmp_path, "pinned", age_days=20)
    store.pin(pinned.id, True)
    a_file(kept.data_folder / "looks" / "k" / "poster.jpg", age_days=1)
    a_file(kept.data_folder / "segments" / "ab" / "ab1.mov", age_days=5)
    a_file(kept.data_folder / "segments" / "ab" / "ab2.mov", age_days=2)
    assert sweep(store, kept, NOW) == 2000
    assert left_in(kept.data_folder) == ["segments/ab/ab2.mov"]
    assert sweep(store, settings(tmp_path, keep_days=None, keep_bytes=0), NOW) == 1000
    assert movies(tmp_path / "takes") == [f".heygem/trash/{old_take.id}/old.mov", "pinned.mov"]
    assert sweep(store, settings(tmp_path, keep_days=None, keep_bytes=0), later(store, clock, 7.1)) == 1010
    assert movies(tmp_path / "takes") == ["pinned.mov"]
    assert old_take.id not in {take.id for take in store.takes().takes}


def test_what_was_used_within_the_hour_stays_even_above_the_size(store: Store, tmp_path: Path) -> None:
    kept = settings(tmp_path, keep_days=None, keep_bytes=0)
    fresh = a_file(kept.data_folder / "segments" / "ab" / "ab1.mov", age_days=0.01)
    assert sweep(store, kept, NOW) == 0
    assert fresh.exists()


def test_without_limits_only_unused_looks_and_segments_go(store: Store, tmp_path: Path) -> None:
    kept = settings(tmp_path, keep_days=None, keep_bytes=None)
    a_take(store, tmp_path, "old", age_days=999)
    a_file(kept.data_folder / "segments" / "ab" / "ab1.mov", age_days=31)
    assert sweep(store, kept, NOW) == 1000
    assert movies(tmp_path / "takes") == ["old.mov"]


def test_a_timeline_goes_with_its_job_and_with_no_other(tmp_path: Path, store: Store) -> None:
    """A job may say that it was cut from any timeline, and from things that are no timeline at all."""
    folder = timelines_folder(tmp_path)
    ours, other = "t0123456789abcdef", "tfedcba9876543210"
    for name, job in ((ours, "jours"), (other, "jother")):
        a_file(folder / name / "kept.json", age_days=1).write_text(f'{{"job":"{job}","source":"x"}}')
    a_file(tmp_path / "precious" / "kept.json", age_days=1).write_text('{"job":"jours"}')
    for named in (other, "../precious", "", None, "t0123456789abcdef/..", "nothing"):
        forget_timeline(tmp_path, named, "jours")
    assert {path.parent.name for path in tmp_path.rglob("kept.json")} == {ours, other, "precious"}
    forget_timeline(tmp_path, ours, "jours")
    assert {path.parent.name for path in tmp_path.rglob("kept.json")} == {other, "precious"}


def test_a_timeline_that_a_killed_server_was_reading_goes_after_a_day(store: Store, tmp_path: Path, kept: ServerSettings) -> None:
    old, young = (timelines_folder(kept.data_folder) / name for name in ("t0000000000000001", "t0000000000000002"))
    a_file(old / "timeline.otio", age_days=2)
    a_file(young / "timeline.otio", age_days=0.5)
    job = submit(store, "a.mp4").job.id
    a_file(timelines_folder(kept.data_folder) / "t3" / "kept.json", age_days=99).write_text(f'{{"job":"{job}"}}')
    sweep(store, kept, NOW)
    assert sorted(path.name for path in timelines_folder(kept.data_folder).iterdir()) == [young.name, "t3"]


def test_a_timeline_whose_job_was_never_recorded_goes_after_a_day(store: Store, tmp_path: Path, kept: ServerSettings) -> None:
    """It is written before its job, so a server killed in between left one that named a job which nobody knows."""
    for name, age in (("t0000000000000001", 2), ("t0000000000000002", 0.5)):
        path = a_file(timelines_folder(kept.data_folder) / name / "kept.json", age_days=age)
        path.write_text('{"job":"jnobody"}')
    sweep(store, kept, NOW)
    assert [path.name for path in timelines_folder(kept.data_folder).iterdir()] == ["t0000000000000002"]


def test_an_export_goes_a_day_after_its_last_use_and_never_while_it_may_still_be_made(store: Store, tmp_path: Path) -> None:
    """Not even above the size: a folder without kept.json is one that an editor is still writing into."""
    assert WITHIN_S < DAY / 2
    folder = exports_folder(tmp_path / "data")
    going = a_file(folder / "x0000000000000001" / "heygem-1.mov", age_days=0.3)
    stale = a_file(folder / "x0000000000000002" / "kept.json", age_days=1.5)
    used = a_file(folder / "x0000000000000003" / "heygem-1.mov", age_days=30)
    os.utime(used.parent, (NOW - 0.5 * DAY, NOW - 0.5 * DAY))
    sweep(store, settings(tmp_path, keep_days=None, keep_bytes=0), NOW)
    assert (going.exists(), stale.parent.exists(), used.exists()) == (True, False, True)


def used_now_and_then(store: Store, kept: ServerSettings, *, hours: int, every_days: float, times: int, began: float) -> float:
    """A server that sweeps once an hour, on a machine that is on for so long each time; returns the second of its last sweep."""
    for session in range(times):
        for hour in range(hours):
            now = began + session * every_days * DAY + hour * 3600
            sweep(store, kept, now)
    return now


def test_a_machine_that_is_used_now_and_then_gets_rid_of_what_is_old_too(store: Store, tmp_path: Path, kept: ServerSettings) -> None:
    """Five hours every other day: each beginning looked like a clock that was set, so nothing ever went."""
    a_take(store, tmp_path, "old", age_days=31)
    used_now_and_then(store, kept, hours=5, every_days=2, times=1, began=NOW + 2 * DAY)
    assert movies(tmp_path / "takes") == ["old.mov"]
    used_now_and_then(store, kept, hours=5, every_days=2, times=2, began=NOW + 4 * DAY)
    assert movies(tmp_path / "takes") == [f".heygem/trash/{store.trash()[0].take.id}/old.mov"]


@pytest.mark.parametrize("days", [40, -40])
def test_hours_of_before_vouch_for_no_clock_that_is_set_now(store: Store, tmp_path: Path, kept: ServerSettings, days: float) -> None:
    """An hour follows each leap; one back is no pause, so all of them do."""
    end = used_now_and_then(store, kept, hours=6, every_days=2, times=1, began=NOW + 2 * DAY)
    a_take(store, tmp_path, "fresh", age_days=31 + abs(days))
    for hours in (0, 0.5, 0.9) if days > 0 else (0, 2, 4, 5.9):
        sweep(store, kept, end + days * DAY + hours * 3600)
        assert movies(tmp_path / "takes") == ["fresh.mov"]


def test_what_asks_for_no_age_is_done_by_any_clock(store: Store, tmp_path: Path, kept: ServerSettings) -> None:
    """A file that a killed server had not moved lay among the takes until the clock was trusted."""
    take = a_take(store, tmp_path, "take", age_days=0)
    store.delete_take(take.id)
    sweep(store, kept, NOW + 40 * DAY)
    assert movies(tmp_path / "takes") == [f".heygem/trash/{take.id}/take.mov"]


def full(*_: object, **__: object) -> None:
    raise DiskFull("store.full", folder="/data")


@pytest.mark.parametrize("method", ["remember", "delete_take", "moved_to_trash", "forget_trashed"])
def test_a_full_disk_keeps_nothing_from_going(
    store: Store, tmp_path: Path, kept: ServerSettings, clock: Clock, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The look at the clock could not be written down, so nothing was removed, so the disk stayed full."""
    thrown = a_take(store, tmp_path, "thrown", age_days=60)
    store.delete_take(thrown.id)
    sweep(store, kept, NOW)
    now = later(store, clock, 8)
    a_take(store, tmp_path, "old", age_days=31)
    a_file(kept.data_folder / "segments" / "ab" / "ab1.mov", age_days=31)
    monkeypatch.setattr(store, method, full)
    assert sweep(store, kept, now) >= 1000
    assert left_in(kept.data_folder / "segments") == []
    assert not any("thrown" in name for name in left_in(tmp_path / "takes"))


def test_a_disk_that_is_full_for_days_is_no_clock_that_leapt(
    store: Store, tmp_path: Path, kept: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(store, kept, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(store, "remember", full)
        for days in (0.5, 1.2, 1.9):
            sweep(store, kept, NOW + days * DAY)
        a_take(store, tmp_path, "old", age_days=31)
        sweep(store, kept, NOW + 2.5 * DAY)
    assert movies(tmp_path / "takes") == [f".heygem/trash/{store.trash()[0].take.id}/old.mov"]


async def test_a_sweep_that_does_not_succeed_keeps_the_cache_not_from_its_turn(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned: list[bool] = []
    monkeypatch.setattr(services, "sweep", full)
    monkeypatch.setattr(services.Cache, "prune", lambda self: pruned.append(True) or 0)
    turns = asyncio.create_task(services._sweep_now_and_then(SimpleNamespace(store=store), settings(tmp_path)))  # type: ignore[arg-type]
    await until(lambda: pruned)
    turns.cancel()


async def test_a_server_that_starts_with_its_clock_ahead_throws_nothing_away(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All takes were gone four seconds later. What is recorded at this very start is no sign that the clock is right."""
    kept = settings(tmp_path, keep_days=1.0, keep_bytes=0)
    clock.now = time.time()
    kept.data_folder.mkdir()
    store = Store(kept.data_folder / "heygem.sqlite3", clock=clock)
    take = a_take(store, tmp_path, "take", age_days=0)
    submit(store, "gone.mp4")
    claimed(store)  # taken back at the start, with an event
    store.close()
    later = time.time() + 40 * DAY
    monkeypatch.setattr(time, "time", lambda: later)
    async with open_services(kept) as running:
        await until(lambda: caplog.text.count("nothing old is thrown away") == 2)
        await until(lambda: running.store.counts().takes == 1)
    assert movies(tmp_path / "takes") == ["take.mov"]
    assert Path(take.path).is_file()
