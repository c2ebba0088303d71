"""Deleted takes wait in the trash and come back; nothing goes but what this server wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_server.errors import DiskFull, NotFound
from heygem_server.rendering import trash
from heygem_server.rendering.placement import speech_beside
from heygem_server.rendering.take_files import report_of, sha256_of, written, written_with
from heygem_server.rendering.trash import empty_trash, restore, settle_trash
from heygem_server.store import Store
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
