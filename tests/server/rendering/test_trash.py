"""Deleted takes wait in the trash and come back; nothing goes but what this server wrote."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_server.digests import sha256_of
from heygem_server.errors import DiskFull, NotFound
from heygem_server.rendering import take_files, trash
from heygem_server.rendering.placement import speech_beside
from heygem_server.rendering.take_files import report_of, written, written_with
from heygem_server.rendering.trash import empty_trash, restore, settle_trash
from heygem_server.store import Store
from heygem_server.store.trash import Written
from heygem_server.wire import TakeView

from .conftest import Clock
from .jobs import claimed, placed, planned, submit, take_of
from .running_services import left_in

NAME = "Anna [2] 100%_v1.mov"


def a_take(store: Store, folder: Path, name: str = NAME) -> TakeView:
    """A take with its report and the copy of its speech, as the server records them."""
    submit(store, f"{name}.mp4")
    store.finish_plan(claimed(store).token, planned(name))
    store.finish_segment(claimed(store).token)
    claim = claimed(store)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"frames of " + name.encode())
    report_of(path).write_bytes(b"{}")
    take = take_of(claim, str(path))
    take = msgspec.structs.replace(take, name=name, size_bytes=path.stat().st_size, sha256=sha256_of(path))
    store.finish_join(claim.token, take, written_with(take, written(report_of(path))))
    speech = folder.parent / "words.wav"
    speech.write_bytes(b"words")
    speech_beside(take, speech, lambda copy: store.wrote(take.id, [written(copy)]))
    return store.take(take.id)


FILES = [NAME, f"{NAME}.report.json", "Anna [2] 100%_v1.speech.wav"]


def waiting(take: TakeView, names: list[str] = FILES) -> list[str]:
    return [f".heygem/trash/{take.id}/{name}" for name in names]


def test_a_deleted_take_comes_back_as_it_was(store: Store, tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.placed(take.id, placed())
    before, bytes_before = store.take(take.id), {name: (takes / name).read_bytes() for name in FILES}
    store.delete_take(take.id, force=True)
    settle_trash(store)
    assert left_in(takes) == waiting(take)
    assert [each.take for each in store.trash()] == [before]
    assert restore(store, take.id) == before
    assert {name: (takes / name).read_bytes() for name in left_in(takes)} == bytes_before
    assert store.trash() == []
    assert store.shot(take.shot).takes == (before,)
    kinds = [event.kind for event in store.events_since(0) or () if "take" in event.kind]
    assert kinds[-2:] == ["take.deleted", "take.added"]
    store.delete_take(take.id, force=True)
    settle_trash(store)
    assert left_in(takes) == waiting(take), "once more"


def test_takes_of_a_deleted_job_come_back_too(store: Store, tmp_path: Path) -> None:
    take = a_take(store, tmp_path / "takes")
    store.delete(take.job)
    settle_trash(store)
    assert left_in(tmp_path / "takes") == waiting(take)
    assert restore(store, take.id) == take
    assert left_in(tmp_path / "takes") == FILES


NOTES = [
    "Anna [2] 100%_v1.speech.my notes.txt",
    "Anna [2] 100%_v1.speech.mp3",
    "Anna [2] 100%_v1.speech",
    "Anna [2] 100%_v1.speech.wav.bak",
    f"{NAME}.report.json.old",
    f"{NAME}.txt",
    "Anna [2] 100%_v1.wav",
]


def test_files_of_the_user_stay_whatever_they_are_called(store: Store, tmp_path: Path) -> None:
    """Whatever began with the take's name and “.speech.” was deleted."""
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    for name in NOTES:
        (takes / name).write_bytes(b"mine")
    store.delete_take(take.id)
    settle_trash(store)
    empty_trash(store)
    assert left_in(takes) == sorted(NOTES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["edited", "same size", "linked"])
def test_a_file_that_is_not_what_was_written_stays(store: Store, tmp_path: Path, name: str, how: str) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    changed = takes / name
    size = changed.stat().st_size
    if how == "linked":
        elsewhere = tmp_path / "elsewhere"
        changed.rename(elsewhere)
        changed.symlink_to(elsewhere)
    else:
        changed.write_bytes(b"x" * (size if how == "same size" else size + 1))
        os.utime(changed, (1, 1))
    store.delete_take(take.id)
    settle_trash(store)
    empty_trash(store)
    assert left_in(takes) == [name]
    if how == "linked":
        assert elsewhere.exists()


def test_a_take_that_was_only_touched_or_copied_back_is_ours(store: Store, tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    os.utime(take.path, (1, 1))
    store.delete_take(take.id)
    settle_trash(store)
    assert left_in(takes) == waiting(take)


def test_of_a_take_of_an_older_version_only_what_is_known_goes(store: Store, tmp_path: Path) -> None:
    """Nobody wrote down what lies beside it."""
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    with store.change() as change:
        change.connection.execute("DELETE FROM written")
    store.delete_take(take.id)
    settle_trash(store)
    assert left_in(takes) == [*waiting(take, [NAME]), *FILES[1:]]


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.delete_take(take.id)
    settle_trash(store)
    (takes / NAME).write_bytes(b"another")
    (takes / "Anna [2] 100%_v7.mov").write_bytes(b"another")
    back = restore(store, take.id)
    assert (back.name, back.version, back.sha256) == ("Anna [2] 100%_v8.mov", 8, take.sha256)
    names = ["Anna [2] 100%_v8.mov", "Anna [2] 100%_v8.mov.report.json", "Anna [2] 100%_v8.speech.wav"]
    assert left_in(takes) == sorted([*names, NAME, "Anna [2] 100%_v7.mov"])
    store.delete_take(take.id)
    settle_trash(store)
    assert left_in(takes) == [*waiting(take, names), NAME, "Anna [2] 100%_v7.mov"]


def test_the_name_of_a_take_in_the_trash_is_given_to_no_other(store: Store, tmp_path: Path) -> None:
    take = a_take(store, tmp_path / "takes")
    store.delete_take(take.id)
    assert take.path in store.versions_named(str(tmp_path / "takes"))


def test_who_refuses_to_record_it_leaves_the_take_in_the_trash(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.delete_take(take.id)
    settle_trash(store)

    def full(*_: Any) -> None:
        raise DiskFull("store.full", folder="/data")

    with monkeypatch.context() as patch:
        patch.setattr(store, "restore", full)
        with pytest.raises(DiskFull):
            restore(store, take.id)
    assert left_in(takes) == waiting(take)
    assert restore(store, take.id) == take


def test_what_a_killed_server_had_not_moved_yet_follows(store: Store, tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.delete_take(take.id)
    assert left_in(takes) == FILES
    settle_trash(store)
    assert left_in(takes) == waiting(take)


def test_before_its_files_have_followed_a_take_comes_back_too(store: Store, tmp_path: Path) -> None:
    take = a_take(store, tmp_path / "takes")
    store.delete_take(take.id)
    assert restore(store, take.id) == take
    settle_trash(store)
    assert left_in(tmp_path / "takes") == FILES


def test_a_file_that_cannot_be_moved_is_tried_again(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.delete_take(take.id)

    def held(*_: Any) -> None:
        raise PermissionError("held by another program")

    with monkeypatch.context() as patch:
        patch.setattr(trash.os, "replace", held)
        settle_trash(store)
        assert empty_trash(store) == (0, 0)
    assert left_in(takes) == FILES
    settle_trash(store)
    assert left_in(takes) == waiting(take)


def test_what_a_person_took_out_of_the_trash_is_not_put_in_again(store: Store, tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.delete_take(take.id)
    settle_trash(store)
    (takes / waiting(take)[0]).rename(takes / NAME)
    settle_trash(store)
    empty_trash(store)
    assert left_in(takes) == [NAME]


def test_an_emptied_trash_says_what_went_and_knows_nothing_any_more(store: Store, tmp_path: Path, clock: Clock) -> None:
    first, second = a_take(store, tmp_path / "takes"), a_take(store, tmp_path / "other", "second_v1.mov")
    store.delete_take(first.id)
    clock.passes(100)
    store.delete_take(second.id)
    assert empty_trash(store, clock.now - 50) == (1, first.size_bytes + 2 + 5)
    assert left_in(tmp_path / "takes") == []
    assert empty_trash(store)[0] == 1
    for take in (first, second):
        with pytest.raises(NotFound, match=r"no take .* in the trash"):
            restore(store, take.id)
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM written").fetchone()[0] == 0


def test_a_take_whose_disk_is_away_stays_in_the_trash(store: Store, tmp_path: Path) -> None:
    take = a_take(store, tmp_path / "takes")
    store.delete_take(take.id)
    settle_trash(store)
    (tmp_path / "takes").rename(tmp_path / "unmounted")
    assert empty_trash(store) == (0, 0)
    (tmp_path / "unmounted").rename(tmp_path / "takes")
    assert restore(store, take.id) == take


def test_a_take_whose_file_is_gone_from_the_trash_is_told(store: Store, tmp_path: Path) -> None:
    take = a_take(store, tmp_path / "takes")
    store.delete_take(take.id)
    settle_trash(store)
    (tmp_path / "takes" / waiting(take)[0]).unlink()
    with pytest.raises(NotFound, match="is no longer in the trash"):
        restore(store, take.id)
    assert [each.take.id for each in store.trash()] == [take.id]


@pytest.mark.parametrize("act", [settle_trash, empty_trash])
@pytest.mark.parametrize("which", ["the one that is looked at", "a later one"])
def test_a_take_that_is_put_back_while_the_trash_is_at_work_stays_where_it_belongs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Store], object], which: str
) -> None:
    """Its files were moved to the trash again, or its row lost what belongs to it: the take was missing."""
    later, now = a_take(store, tmp_path / "takes"), a_take(store, tmp_path / "takes", "second_v1.mov")
    store.delete_take(later.id)
    store.delete_take(now.id)
    if act is empty_trash:
        settle_trash(store)
    wanted = now if which == "the one that is looked at" else later
    putting_back: list[threading.Thread] = []
    really = trash.is_ours_for_sure

    def looks(path: Path, file: Written) -> bool:
        if not putting_back:
            putting_back.append(threading.Thread(target=lambda: suppressed(restore, store, wanted.id)))
            putting_back[0].start()
            putting_back[0].join(0.3)  # as far as it gets: it may have to wait for us
        return really(path, file)

    monkeypatch.setattr(trash, "is_ours_for_sure", looks)
    act(store)
    putting_back[0].join()
    if wanted.id in {take.id for take in store.every_take()}:
        assert Path(wanted.path).is_file()
        assert len(store.files_of(wanted)) == 3
        assert wanted.id not in {each.take.id for each in store.trash()}
    else:
        assert act is empty_trash, "who only moves files keeps nobody from putting a take back"


def suppressed(act: Callable[..., object], *values: object) -> None:
    """What was removed a moment ago cannot be put back."""
    with suppress(NotFound):
        act(*values)


def test_only_takes_whose_files_have_not_followed_are_looked_at(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each deletion read the whole trash."""
    moved, fresh = a_take(store, tmp_path / "takes"), a_take(store, tmp_path / "takes", "second_v1.mov")
    store.delete_take(moved.id)
    settle_trash(store)
    store.delete_take(fresh.id)
    looked: list[str] = []
    really = store.trashed
    monkeypatch.setattr(store, "trash", lambda: pytest.fail("all of it is read"))
    monkeypatch.setattr(store, "trashed", lambda take: looked.append(take) or really(take))
    settle_trash(store)
    assert looked == [fresh.id]


def test_a_take_whose_disk_was_away_when_it_was_deleted_follows_once_it_is_back(store: Store, tmp_path: Path) -> None:
    """It counted as moved, so it could not be put back, and its file was nobody's in the end."""
    takes = tmp_path / "takes"
    first, second = a_take(store, takes), a_take(store, takes, "second_v1.mov")
    takes.rename(tmp_path / "unmounted")
    for take in (first, second):
        store.delete_take(take.id)
    settle_trash(store)
    assert empty_trash(store) == (0, 0)
    (tmp_path / "unmounted").rename(takes)
    assert restore(store, first.id) == first
    settle_trash(store)
    assert waiting(second, ["second_v1.mov"])[0] in left_in(takes)
    assert empty_trash(store)[0] == 1
    assert [name for name in left_in(takes) if "second" in name] == []


def test_a_take_that_a_person_took_out_of_the_trash_can_be_put_back(store: Store, tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.delete_take(take.id)
    settle_trash(store)
    (takes / waiting(take)[0]).rename(takes / NAME)
    assert restore(store, take.id) == take
    assert left_in(takes) == FILES


def test_a_file_that_cannot_be_looked_at_is_tried_again(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counted as another one than ours, so it was left for good."""
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    for name in FILES:
        os.utime(takes / name, (1, 1))
    store.delete_take(take.id)

    def held(*_: Any) -> str:
        raise PermissionError("held by another program")

    with monkeypatch.context() as patch:
        patch.setattr(take_files, "sha256_of", held)
        assert settle_trash(store) == {}
    assert settle_trash(store) == {}
    assert left_in(takes) == waiting(take)


@pytest.mark.parametrize("name", FILES)
def test_what_cannot_be_removed_stays_known_and_is_tried_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file that another program had open was forgotten, counted as removed, and lay there for ever."""
    takes = tmp_path / "takes"
    take = a_take(store, takes)
    store.delete_take(take.id)
    settle_trash(store)
    really = Path.unlink

    def held(self: Path, missing_ok: bool = False) -> None:
        if self.name == name:
            raise PermissionError("held by another program")
        really(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", held)
        removed, _ = empty_trash(store)
    assert removed == 0
    assert left_in(takes) == waiting(take, [name])
    assert [each.take.id for each in store.trash()] == [take.id]
    assert empty_trash(store)[0] == 1
    assert left_in(takes) == []


def test_a_full_disk_keeps_no_take_of_the_trash_from_being_removed(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes = tmp_path / "takes"
    for name in (NAME, "second_v1.mov"):
        store.delete_take(a_take(store, takes, name).id)
    settle_trash(store)

    def full(*_: Any) -> None:
        raise DiskFull("store.full", folder="/data")

    with monkeypatch.context() as patch:
        patch.setattr(store, "forget_trashed", full)
        assert empty_trash(store)[0] == 0
    assert left_in(takes) == []
    assert empty_trash(store)[0] == 2
