"""A damaged database: told at the start, saved by `heygem repair`, and never without a copy of yesterday."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from heygem_server.cli import main
from heygem_server.errors import Broken
from heygem_server.rendering.services import open_services
from heygem_server.single_instance import only_one
from heygem_server.store import Store, backups, soundness
from heygem_server.store import database as database_module
from heygem_server.store import salvage as salvage_module
from heygem_server.store.backups import back_up, back_up_daily, backups_of
from heygem_server.store.salvage import salvage
from heygem_server.store.schema import MIGRATIONS, migrate
from heygem_server.store.soundness import damage_of

from .jobs import claimed, finish, placed, planned, submit
from .running_services import settings, until

PAGE = 4096
JOBS = 40


def a_database(folder: Path) -> Path:
    """Jobs that are done, one with a take in the trash, one with a placed take; one half way, one that waits."""
    path = folder / "heygem.sqlite3"
    with closing(Store(path)) as store:
        for k in range(JOBS):
            submit(store, f"/media/{k}.mp4", name=f"job {k}")
            take = finish(store, f"key{k}")
            if k == 0:
                store.delete_take(take.id)
            if k == 1:
                store.placed(take.id, placed())
        submit(store, "/media/half.mp4", name="half")
        store.finish_plan(claimed(store).token, planned("a", "b"))
        claimed(store)
        submit(store, "/media/waits.mp4", name="waits")
        store.fold_log()
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_database(tmp_path_factory.mktemp("made"))


@pytest.fixture
def database(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "data.sqlite3")).rename(tmp_path / "heygem.sqlite3")


def damage(path: Path, page: int, seed: int = 0) -> None:
    with path.open("rb+") as file:
        file.seek(page * PAGE)
        file.write(random.Random(f"{page} {seed}").randbytes(PAGE))


def tables_are_named(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return len(connection.execute("SELECT sql FROM sqlite_master").fetchall()) > 10
    except sqlite3.DatabaseError:
        return False


def contents(path: Path) -> dict[str, int]:
    with closing(Store(path)) as store:
        store.check()
        takes = store.every_take()
        return {"jobs": len(store.jobs(limit=200).jobs), "takes": len(takes), "trash": len(store.trash())}


WHOLE = {"jobs": JOBS + 2, "takes": JOBS - 1, "trash": 1}


def test_a_sound_database_is_sound(database: Path) -> None:
    assert damage_of(database) is None
    assert contents(database) == WHOLE


@pytest.mark.parametrize("part", range(12))
def test_whichever_page_is_damaged_the_rest_is_saved_and_a_backup_fills_the_gap(database: Path, part: int) -> None:
    """Without the tables' names, which the first page and a few others hold, only a backup helps."""
    pages, sound = database.stat().st_size // PAGE, database.read_bytes()
    assert pages >= 24
    page = part * pages // 12
    damage(database, page)
    while damage_of(database) is None:  # nothing lies on this page
        database.write_bytes(sound)
        page = (page + 1) % pages
        damage(database, page)
    with pytest.raises(Broken, match="heygem repair"):
        Store(database)
    damaged = database.read_bytes()
    named = tables_are_named(database)
    done = salvage(database)
    if not named:
        assert done is None
        assert database.read_bytes() == damaged
    else:
        assert done is not None
        assert done.aside is not None
        assert done.aside.read_bytes() == damaged
        found = contents(database)
        assert found["takes"] + found["trash"] >= JOBS - 8, "what lay on one page may be gone, nothing else"

    database.write_bytes(sound)
    back_up(database)
    damage(database, page)
    assert salvage(database) is not None
    assert contents(database) == WHOLE


@pytest.mark.parametrize("how", ["cut in half", "no database", "zeros"])
def test_what_holds_nothing_is_restored_from_the_newest_sound_backup(database: Path, how: str) -> None:
    older = back_up(database)
    newest = back_up(database)
    damage(newest, 3)
    size = database.stat().st_size
    database.write_bytes({"cut in half": database.read_bytes()[: size // 2], "no database": b"text" * 999, "zeros": bytes(size)}[how])
    with pytest.raises(Broken, match="heygem repair"):
        Store(database)
    done = salvage(database)
    assert done is not None
    assert done.backup == older
    assert contents(database) == WHOLE


def test_work_that_had_not_ended_begins_anew_and_what_is_done_stays(database: Path) -> None:
    back_up(database)
    damage(database, 0)
    assert salvage(database) is not None
    with closing(Store(database)) as store:
        jobs = {job.name: job for job in store.jobs(limit=200).jobs}
        assert {job.state for name, job in jobs.items() if name.startswith("job")} == {"completed"}
        assert (jobs["half"].state, jobs["waits"].state) == ("queued", "queued")
        claims = [claimed(store), claimed(store)]
        assert [(claim.kind, claim.source.video) for claim in claims] == [("plan", "/media/half.mp4"), ("plan", "/media/waits.mp4")]
        assert finish_one(store, claims[0].token)
        take = store.trash()[0].take
        store.restore(take, [])
        assert store.take(take.id).id == take.id
        assert store.events_since(0, 10_000) is not None


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("UPDATE takes SET view = '{' WHERE number = 5", {"takes": JOBS - 2}),
        ("UPDATE trash SET view = '{'", {"trash": 0}),
        ("UPDATE placements SET placed = '{'", {}),
        ("UPDATE shots SET settings = '{' WHERE id = (SELECT min(id) FROM shots)", {"jobs": JOBS + 1}),
        ("UPDATE shots SET shot = '{}' WHERE id = (SELECT min(id) FROM shots)", {"jobs": JOBS + 1}),
    ],
)
def test_rows_that_say_nothing_sensible_are_left_out_with_what_refers_to_them(database: Path, change: str, left: dict[str, int]) -> None:
    """Their page is sound, so nothing but a look at each row finds them, and later each list that holds one would fail."""
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute(change).rowcount == 1
    assert salvage(database) is not None
    assert contents(database) == WHOLE | left
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM placements").fetchone()[0] == (0 if "placements" in change else 1)
        for refers, to in (("shot", "shots"), ("job", "jobs")):
            table = "attempts" if refers == "shot" else "shots"
            assert connection.execute(f"SELECT count(*) FROM {table} WHERE {refers} NOT IN (SELECT id FROM {to})").fetchone()[0] == 0


def finish_one(store: Store, token: int) -> bool:
    store.finish_plan(token, planned("a"))
    store.finish_segment(claimed(store).token)
    return claimed(store).kind == "join"


def test_those_who_listened_before_are_told_to_look_again(database: Path) -> None:
    with closing(Store(database)) as store:
        before = store.epoch
    back_up(database)
    damage(database, 0)
    salvage(database)
    with closing(Store(database)) as store:
        assert store.epoch != before


def test_a_take_of_the_trash_keeps_its_number(tmp_path: Path) -> None:
    """The newest takes were in the trash: new ones got their numbers, and who put one back got an internal error."""
    path = a_database(tmp_path)
    with closing(Store(path)) as store:
        newest = [take.id for take in store.takes(limit=3).takes]
        for take in newest:
            store.delete_take(take)
        store.fold_log()
    back_up(path)
    damage(path, 0)
    assert salvage(path) is not None
    with closing(Store(path)) as store:
        store.cancel(next(job.id for job in store.jobs(limit=200).jobs if job.name == "half"))
        store.cancel(next(job.id for job in store.jobs(limit=200).jobs if job.name == "waits"))
        for k in range(5):
            submit(store, f"/media/new{k}.mp4")
            finish(store, f"new{k}")
        for take in newest:
            store.restore(store.trashed(take).take, [])
        store.check()
        assert {take.id for take in store.every_take()} >= set(newest)


@pytest.mark.parametrize("left", [0, 1])
def test_no_new_take_gets_the_number_of_one_in_the_trash_also_where_no_other_is_left(tmp_path: Path, left: int) -> None:
    path = tmp_path / "heygem.sqlite3"
    with closing(Store(path)) as store:
        takes = []
        for k in range(3):
            submit(store, f"/media/{k}.mp4")
            takes.append(finish(store, f"key{k}"))
        for take in takes[left:]:
            store.delete_take(take.id)
        store.fold_log()
    assert salvage(path) is not None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'takes'").fetchall() == [(3,)]
    with closing(Store(path)) as store:
        submit(store, "/media/new.mp4")
        finish(store, "new")
        for take in takes[left:]:
            store.restore(store.trashed(take.id).take, [])
        assert len(store.every_take()) == 4


@pytest.mark.parametrize("how", ["empty", "not openable"])
def test_a_backup_that_cannot_be_looked_at_is_passed_over(database: Path, how: str) -> None:
    """One such ended the whole repair, whatever the others held."""
    sound, newest = back_up(database), back_up(database)
    newest.unlink()
    if how == "empty":
        newest.touch()
    else:
        newest.mkdir()
    damage(database, 0)
    done = salvage(database)
    assert done is not None
    assert done.backup == sound
    assert contents(database) == WHOLE


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("an error of SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_CORRUPTFS])
def test_a_file_that_its_disk_cannot_read_is_damaged(database: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """It was no damage, so `heygem repair` ended with an internal error where a disk has a bad sector."""

    class Unreadable(sqlite3.Connection):
        def execute(self, *_: object) -> sqlite3.Cursor:  # type: ignore[override]
            raise sqlite_error(code)

    really = sqlite3.connect
    with monkeypatch.context() as patch:  # no longer than that: what measures coverage writes into a database too
        patch.setattr(soundness.sqlite3, "connect", lambda path, **fields: really(path, factory=Unreadable, **fields))
        assert damage_of(database) == "an error of SQLite"


def test_what_a_failing_disk_still_reads_is_saved(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy that is kept aside could not be made, so nothing was."""
    page = next(page for page in range(5, 99) if database.read_bytes()[page * PAGE] == 13)  # rows of a table
    really = salvage_module._block

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error", str(database))

    def block(file: BinaryIO, start: int) -> bytes:
        if start == page * PAGE:
            fails()
        return really(file, start)

    monkeypatch.setattr(salvage_module.shutil, "copy2", fails)
    monkeypatch.setattr(salvage_module, "_block", block)
    size, before = database.stat().st_size, database.read_bytes()
    done = salvage(database)
    assert done is not None
    assert done.aside is not None
    assert done.aside.stat().st_size == size
    assert done.aside.read_bytes() == before[: page * PAGE] + bytes(PAGE) + before[(page + 1) * PAGE :]
    assert contents(database)["jobs"] >= JOBS - 20


# --- backups


def test_there_is_a_copy_a_day_and_only_the_newest_stay(database: Path) -> None:
    now = database.stat().st_mtime
    assert back_up_daily(database, now) is not None
    (first,) = backups_of(database)
    now = first.stat().st_mtime
    assert [back_up_daily(database, now + later) for later in (0, 0.5, 3600, 86_399)] == [None] * 4
    for day in range(1, 9):
        made = back_up_daily(database, now + day * 86_401)
        assert made is not None
        os.utime(made, (now + day * 86_401,) * 2)
    assert len(backups_of(database)) == backups._KEPT
    assert first not in backups_of(database)
    assert back_up_daily(database, now) is not None, "those of the future are from before the clock was set back"
    assert all(contents(shutil.copy(path, database.parent / "copy.sqlite3")) == WHOLE for path in backups_of(database)[:2])


def test_a_damaged_database_takes_the_place_of_no_copy(database: Path) -> None:
    for _ in range(backups._KEPT):
        back_up(database)
    before = backups_of(database)
    damage(database, 5)
    with pytest.raises(Broken, match="is damaged"):
        back_up(database)
    assert backups_of(database) == before
    assert sorted(path.name for path in before[0].parent.iterdir()) == sorted(path.name for path in before)


def test_an_upgrade_begins_with_a_copy_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "heygem.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:1])
        connection.execute("INSERT INTO meta VALUES ('epoch', 'before')")
    with closing(Store(path)) as store:
        assert store.epoch == "before"
    (copy,) = backups_of(path)
    with closing(sqlite3.connect(copy)) as connection:
        assert [number for (number,) in connection.execute("SELECT number FROM migrations")] == [1]
    with closing(Store(path)):
        assert backups_of(path) == [copy], "no second one without an upgrade"


async def test_a_running_server_copies_its_database_and_goes_on_where_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_services(settings(tmp_path)) as running:
        await until(lambda: backups_of(running.store.path))

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(database_module, "back_up_daily", broken)
    async with open_services(settings(tmp_path)) as running:
        await until(lambda: "copying the database" in caplog.text)
        await until(lambda: running.store.recall("clock"))


def test_a_new_database_is_not_copied(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "heygem.sqlite3")) as store:
        assert backups_of(store.path) == []
        submit(store)
        assert back_up(store.path).is_file(), "while it is in use"


def test_a_copy_ends_however_many_changes_are_made_meanwhile(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy by parts began anew with each change, so a busy server never got one, nor swept."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO meta VALUES ('large', ?)", ("x" * (8 << 20),))
        connection.commit()
    steps = []

    class Watched(sqlite3.Connection):
        def backup(self, target: sqlite3.Connection, **fields: object) -> None:  # type: ignore[override]
            def change(*_: int) -> None:
                steps.append(1)
                assert len(steps) < 20, "it does not end"
                with closing(sqlite3.connect(database)) as other:
                    other.execute("INSERT OR REPLACE INTO meta VALUES ('changed', ?)", (len(steps),))
                    other.commit()

            super().backup(target, progress=change, **fields)  # type: ignore[arg-type]

    really = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(backups.sqlite3, "connect", lambda path, **fields: really(path, **{"factory": Watched, **fields}))
        made = back_up(database)
    assert damage_of(made) is None


# --- the command


def test_heygem_repair_says_what_it_did(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(database.parent)]
    assert main(["repair", *data]) == 0
    assert "is sound" in capsys.readouterr().out
    back_up(database)
    damage(database, database.stat().st_size // PAGE // 2)
    with only_one(database.parent):
        assert main(["repair", *data]) == 1
    assert "stop it, then repair" in capsys.readouterr().err
    assert main(["repair", *data]) == 0
    said = capsys.readouterr().out
    assert f"{JOBS + 2} jobs, {JOBS + 2} shots and {JOBS - 1} takes are there" in said
    assert ".damaged-" in said
    assert contents(database) == WHOLE


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (sqlite3.SQLITE_BUSY, "held by another program"),
        (sqlite3.SQLITE_CANTOPEN, "look at its disk and folder"),
        (sqlite3.SQLITE_IOERR_LOCK, "look at its disk and folder"),
        (sqlite3.SQLITE_FULL, "is full"),
    ],
)
@pytest.mark.parametrize("where", ["soundness.damage_of", "salvage.salvage"])
def test_heygem_repair_says_in_a_sentence_why_it_could_not_look(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, code: int, said: str, where: str
) -> None:
    """It was an internal error with a traceback."""

    def refuses(*_: object, **__: object) -> None:
        raise sqlite_error(code)

    damage(database, 0)
    monkeypatch.setattr(f"heygem_server.store.{where}", refuses)
    assert main(["repair", "--data", str(database.parent)]) != 70
    told = capsys.readouterr().err
    assert said in told
    assert len(told.strip().splitlines()) == 1


def test_heygem_repair_leaves_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["repair", "--data", str(tmp_path)]) == 1
    assert "no database" in capsys.readouterr().err
    (tmp_path / "heygem.sqlite3").write_bytes(b"text" * 999)
    assert main(["repair", "--data", str(tmp_path)]) == 1
    assert "there is no backup" in capsys.readouterr().err
    assert (tmp_path / "heygem.sqlite3").read_bytes() == b"text" * 999


def test_a_server_with_a_damaged_database_says_so_in_one_sentence(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = database.parent
    damage(database, 5)
    code = main(["serve", "--data", str(folder), "--takes", str(folder / "takes"), "--cache", str(folder / "cache"), "--port", "0"])
    said = capsys.readouterr()
    assert code == 1
    assert "run `heygem repair`" in said.err
    assert "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) == 1


class Damaged:
    """A table of eight rows of which some cannot be read, as a connection."""

    def __init__(self, *bad: int) -> None:
        self.bad, self.asked = set(bad), 0

    def execute(self, statement: str, between: tuple[int, int] = (0, 0)) -> Damaged:
        self.found: list[tuple[int]] = [(8,)]
        if "BETWEEN" in statement:
            self.asked += 1
            self.found = [(number,) for number in range(max(1, between[0]), min(8, between[1]) + 1)]
            if self.bad & {number for (number,) in self.found}:
                raise sqlite3.DatabaseError("database disk image is malformed")
        return self

    def fetchone(self) -> tuple[int]:
        return self.found[0]

    def fetchall(self) -> list[tuple[int]]:
        return self.found


@pytest.mark.parametrize(("bad", "asked"), [((), 1), ((5,), 9), ((1,), 9), ((8,), 7), ((3, 6), 15)])
def test_around_rows_that_cannot_be_read_all_others_are_found_in_few_looks(bad: tuple[int, ...], asked: int) -> None:
    damaged, lost = Damaged(*bad), list[str]()
    found = [number for (number,) in salvage_module._readable(damaged, "jobs", ["id"], lost.append)]  # type: ignore[arg-type,misc]
    assert found == [number for number in range(1, 9) if number not in bad]
    assert bool(lost) is bool(bad)
    assert damaged.asked <= asked, "each range is halved until it can be read or is one row"


def test_a_table_whose_end_cannot_be_read_is_looked_through_as_far_as_there_could_be_rows(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert salvage_module._last(connection, "takes") == JOBS
        assert salvage_module._last(connection, "events_that_are_not_there") == 1 << 24


def test_so_many_failures_of_one_table_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salvage_module, "_MOST_FAILURES", 3)
    damaged, lost = Damaged(*range(1, 9)), list[str]()
    assert list(salvage_module._readable(damaged, "jobs", ["id"], lost.append)) == []  # type: ignore[arg-type]
    assert len(lost) == 3
