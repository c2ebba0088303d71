"""A disk that does not take what the store writes: nothing of a change stays, a sentence says why, and the next try succeeds."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from heygem_core.errors import OutputError
from heygem_core.messages import plain
from heygem_core.shot import RenderSettings
from heygem_server.cli import main
from heygem_server.commands import repair
from heygem_server.errors import Broken, Busy, DiskFull, problem_of
from heygem_server.log import LOGGER, server_log
from heygem_server.store import Intent, Store, database, refusals
from heygem_server.store.trash import Written
from heygem_server.store.work import finish_segment_in
from heygem_server.wire import WeakRange

from .conftest import Clock
from .jobs import claimed, finish, placed, planned, submit, take_of

Act = Callable[[], object]
FILE = Written(path="/takes/a.mov", size_bytes=1, sha256="0")


class Faulty(sqlite3.Connection):
    """Refuses the writing statement of a number, counted from where it was armed; `stuck` refuses every ROLLBACK from then on too."""

    fails_at: int | None = None
    code = sqlite3.SQLITE_FULL
    stuck = False
    count = 0
    broken = False

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self._perhaps_fail(statement)
        return super().execute(statement, *values)

    def executemany(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self._perhaps_fail(statement)
        return super().executemany(statement, *values)

    def _perhaps_fail(self, statement: str) -> None:
        verb = statement.split()[0]
        if verb == "ROLLBACK" and self.stuck and self.broken:
            raise refusal(self.code)
        if self.fails_at is None or verb not in ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT"):
            return
        self.count += 1
        if self.count > self.fails_at:
            self.fails_at, self.broken = None, True
            raise refusal(self.code)


def refusal(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = code
    return error


@pytest.fixture
def faulty(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store whose connections can be told to refuse."""
    really = sqlite3.connect
    monkeypatch.setattr(database.sqlite3, "connect", lambda *args, **fields: really(*args, factory=Faulty, **fields))
    store = Store(tmp_path / "faulty.sqlite3", clock=clock)
    yield store
    store.check()
    store.close()


def contents(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.iterdump())


def _plan(store: Store) -> int:
    submit(store)
    return claimed(store).token


def _segment(store: Store) -> int:
    store.finish_plan(_plan(store), planned("k"))
    return claimed(store).token


def _submitted(store: Store) -> Act:
    return lambda: submit(store, "a.mp4", "b.mp4", key="k")


def _canceled(store: Store) -> Act:
    job = submit(store, "a.mp4", "b.mp4").job.id
    claimed(store)
    return lambda: store.cancel(job)


def _paused(store: Store) -> Act:
    job = submit(store).job.id
    claimed(store)
    return lambda: store.pause(job)


def _resumed(store: Store) -> Act:
    job = submit(store).job.id
    store.pause(job)
    return lambda: store.resume(job)


def _retried(store: Store) -> Act:
    job = submit(store).job.id
    store.cancel(job)
    return lambda: store.retry(job)


def _shot_canceled(store: Store) -> Act:
    shot = submit(store).shots[0].id
    return lambda: store.cancel_shot(shot)


def _shot_again(store: Store) -> Act:
    shot = submit(store).shots[0].id
    finish(store)
    return lambda: store.retry_shot(shot, RenderSettings())


def _urgent(store: Store) -> Act:
    job = submit(store).job.id
    return lambda: store.reprioritise(job, 90)


def _reordered(store: Store) -> Act:
    first, second = submit(store).job.id, submit(store).job.id
    return lambda: store.reorder(second, first)


def _job_deleted(store: Store) -> Act:
    job = submit(store).job.id
    finish(store)
    return lambda: store.delete(job)


def _claimed(store: Store) -> Act:
    submit(store)
    return lambda: claimed(store)


def _beaten(store: Store) -> Act:
    token = _plan(store)
    store.clock.passes(1)
    return lambda: store.heartbeat("me", [token])


def _planned(store: Store) -> Act:
    token = _plan(store)
    return lambda: store.finish_plan(token, planned("a", "b"))


def _rendered(store: Store) -> Act:
    token = _segment(store)
    return lambda: store.finish_segment(token, reused=True)


def _planned_again(store: Store) -> Act:
    token = _segment(store)
    return lambda: store.replan(token, plain("The source changed."))


def _intended(store: Store) -> Act:
    store.finish_segment(_segment(store))
    join = claimed(store)
    return lambda: store.intend(join.token, Intent(staged="/staged", take=take_of(join)))


def _joined(store: Store) -> Act:
    store.finish_segment(_segment(store))
    join = claimed(store)
    return lambda: store.finish_join(join.token, take_of(join))


def _failed_once(store: Store) -> Act:
    token = _plan(store)
    return lambda: store.fail(token, "failed", plain("It failed."))


def _several_claimed(store: Store) -> Act:
    submit(store, "a.mp4", "b.mp4", "c.mp4")
    return lambda: store.claims("me", most=2)


def _several_finished(store: Store) -> Act:
    store.finish_plan(_plan(store), planned("k", "l"))
    tokens = [claimed(store).token for _ in "kl"]
    return lambda: store.together([partial(finish_segment_in, token=token) for token in tokens])


def _failed_for_good(store: Store) -> Act:
    token = _plan(store)
    return lambda: store.fail(token, "failed", plain("It failed."), again=False)


def _slot_noted(store: Store) -> Act:
    token = _plan(store)
    return lambda: store.note_slot(token, "cpu")


def _recovered(store: Store) -> Act:
    _plan(store)
    return lambda: store.recover("another")


def _adopted(store: Store) -> Act:
    store.finish_segment(_segment(store))
    join = claimed(store)
    store.intend(join.token, Intent(staged="/staged", take=take_of(join)))
    store.recover("another")
    return lambda: store.adopt(join.shot, take_of(join))


def _given_up(store: Store) -> Act:
    store.finish_segment(_segment(store))
    join = claimed(store)
    store.intend(join.token, Intent(staged="/staged", take=take_of(join)))
    return lambda: store.drop_intent(join.shot)


def _pinned(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    return lambda: store.pin(take, True)


def _placed(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    store.placed(take, placed())
    return lambda: store.placed(take, placed())


def _measured(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    return lambda: store.measured(take, (WeakRange(start=1, end_exclusive=2, reason="soft"),))


def _take_deleted(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    return lambda: store.delete_take(take)


def _restored(store: Store) -> Act:
    submit(store)
    take = finish(store)
    store.placed(take.id, placed())
    store.delete_take(take.id, force=True)
    return lambda: store.restore(take, [FILE])


def _moved(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    store.delete_take(take)
    return lambda: store.moved_to_trash(take)


def _forgotten(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    store.delete_take(take)
    return lambda: store.forget_trashed(take)


def _written(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    return lambda: store.wrote(take, [FILE])


def _remembered(store: Store) -> Act:
    return lambda: store.remember("a", "b")


def _missed(store: Store) -> Act:
    submit(store)
    take = finish(store).id
    return lambda: store.mark_missing([take], [])


def _announced(store: Store) -> Act:
    return lambda: store.announce(plain("All is well."))


def _pruned(store: Store) -> Act:
    submit(store)
    return lambda: store.prune(keep_events=0)


ACTS = [
    act for name, act in sorted(globals().items()) if name.startswith("_") and getattr(act, "__annotations__", {}).get("return") == "Act"
]


@pytest.mark.parametrize("stuck", [False, True], ids=["rolled back", "stuck"])
@pytest.mark.parametrize("prepare", ACTS, ids=lambda act: act.__name__[1:])
def test_whichever_statement_is_refused_nothing_stays_and_the_next_try_succeeds(
    faulty: Store, prepare: Callable[[Store], Act], stuck: bool
) -> None:
    """Where even ROLLBACK was refused, every later change failed: "cannot start a transaction within a transaction"."""
    act = prepare(faulty)
    before = contents(faulty)
    for number in range(200):
        faulty._writer.fails_at, faulty._writer.count, faulty._writer.broken = number, 0, False
        faulty._writer.stuck = stuck
        with suppress(DiskFull):
            act()
            break
        assert contents(faulty) == before
    assert number >= 3, "at least BEGIN, one change and COMMIT"
    assert contents(faulty) != before


def test_every_method_that_changes_something_is_tried_above() -> None:
    """A new one joins them."""
    import inspect

    tried = " ".join(inspect.getsource(act) for act in ACTS) + inspect.getsource(claimed)
    changing = [
        name
        for name, method in inspect.getmembers(Store, inspect.isfunction)
        if not name.startswith("_") and "self.change()" in inspect.getsource(method)
    ]
    assert [name for name in changing if f"store.{name}(" not in tried and name != "submit"] == []


@contextmanager
def no_room() -> Iterator[None]:
    """This process can write nothing into any file."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(os.name != "posix", reason="needs limits of processes")
@pytest.mark.parametrize("prepare", ACTS, ids=lambda act: act.__name__[1:])
def test_a_file_system_that_takes_nothing_is_told_and_forgotten_once_it_does(store: Store, prepare: Callable[[Store], Act]) -> None:
    act = prepare(store)
    before = contents(store)
    with no_room():
        for _ in range(2):
            with pytest.raises(DiskFull):
                act()
    assert contents(store) == before
    act()
    assert contents(store) != before


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (sqlite3.SQLITE_FULL, DiskFull, "is full"),
        (sqlite3.SQLITE_IOERR_WRITE, DiskFull, "could not be written"),
        (sqlite3.SQLITE_IOERR_FSYNC, DiskFull, "could not be written"),
        (sqlite3.SQLITE_CANTOPEN, DiskFull, "could not be written"),
        (sqlite3.SQLITE_READONLY, DiskFull, "could not be written"),
        (sqlite3.SQLITE_BUSY, Busy, "try again"),
        (sqlite3.SQLITE_LOCKED, Busy, "try again"),
        (sqlite3.SQLITE_CORRUPT, Broken, "is damaged"),
        (sqlite3.SQLITE_NOTADB, Broken, "is damaged"),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.OperationalError, "full"),  # a bug of ours stays one
    ],
)
def test_each_refusal_of_sqlite_is_an_error_of_its_kind(faulty: Store, code: int, kind: type[Exception], said: str) -> None:
    faulty._writer.fails_at, faulty._writer.code = 1, code
    with pytest.raises(kind, match=said):
        faulty.announce(None)
    faulty.announce(None)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DiskFull("store.full", folder="/data"), 507),
        (Busy("store.busy", path="/data/heygem.sqlite3"), 503),
        (OSError(errno.ENOSPC, "No space left on device", "/data/uploads/x"), 507),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 507),
        (OSError(errno.EROFS, "Read-only file system", "/data/uploads/x"), 507),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), 500),  # says nothing about its insides
    ],
)
def test_a_refusal_of_the_disk_is_answered_as_one(error: Exception, status: int) -> None:
    answered, problem = problem_of(error)
    assert answered == status
    assert problem.code is not None
    assert "Errno" not in problem.message


def test_a_command_says_what_the_system_refuses_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was an internal error with exit code 70."""

    def refuses(_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", "/data")

    monkeypatch.setattr(repair, "run", refuses)
    assert main(["repair"]) == OutputError.exit_code
    said = capsys.readouterr().err
    assert "the disk is read-only" in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs limits of processes")
def test_a_log_that_takes_no_line_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server_log(tmp_path):
        with no_room():
            LOGGER.warning("a line")
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ])
def test_a_disk_that_cannot_be_read_is_not_called_full(code: int) -> None:
    """Reads and writes that fail share SQLite's number, and all of them were answered with “could not be written”."""
    said = refusals.refusal(refusal(code), Path("/data/heygem.sqlite3"))
    assert isinstance(said, Busy), "tried again, as a full disk is"
    assert said.said.code == "store.not-read"
    assert isinstance(refusals.refusal(refusal(sqlite3.SQLITE_IOERR_WRITE), Path("/data/heygem.sqlite3")), DiskFull)


def test_a_mistake_in_a_statement_stays_what_it_is() -> None:
    """SQLite gives such errors no number at all where they are found before it is asked."""
    for mistake in (sqlite3.ProgrammingError("Incorrect number of bindings supplied"), refusal(sqlite3.SQLITE_CONSTRAINT)):
        assert refusals.refusal(mistake, Path("/data/heygem.sqlite3")) is mistake
