"""Names, and the way of a take to its name, whatever happens on it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from heygem_server.rendering.take_files import (
    STAGING,
    check_takes,
    file_name,
    next_version,
    place,
    report_of,
    settle_intents,
    stage,
    sweep_staging,
    unstage,
)
from heygem_server.store import Intent, Store
from heygem_server.wire import TakeView

from .jobs import claimed, planned, submit, take_of


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("clip", "clip"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".hidden", "hidden"),
        ("a/b\\c", "a_b_c"),
        ("..", "take"),
        ("", "take"),
        ('a<b>:"c|d?*', "a_b_c_d_"),
        ("con", "_con"),
        ("LPT1.mov", "_LPT1.mov"),
        ("  .. ", "take"),
        ("name. ", "name"),
        ("x" * 300, "x" * 100),
        ("Straße 5 – Ünïcode", "Straße 5 – Ünïcode"),
        ("line\nbreak\x00", "line_break_"),
        ("采访" * 60, "采访" * 30),
    ],
)
def test_any_name_becomes_one_that_every_file_system_takes(name: str, wanted: str) -> None:
    assert file_name(name) == wanted


def test_versions_count_on_from_files_reports_other_formats_and_names_on_their_way(tmp_path: Path) -> None:
    assert next_version(tmp_path, "clip") == 1
    (tmp_path / "clip_v1.mov").touch()
    (tmp_path / "clip_v3.mp4.report.json").touch()
    (tmp_path / "clip2_v9.mov").touch()
    (tmp_path / "clip_v7.mov.abcd.part").touch()
    assert next_version(tmp_path, "clip") == 4
    assert next_version(tmp_path, "clip", {str(tmp_path / "clip_v8.mov"), "/elsewhere/clip_v20.mov"}) == 9
    assert next_version(tmp_path, "c.*p") == 1


def test_a_take_is_never_put_over_another_file(tmp_path: Path) -> None:
    staged, target = tmp_path / "staged.mov", tmp_path / "clip_v1.mov"
    staged.write_bytes(b"new")
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        place(staged, target)
    assert (staged.read_bytes(), target.read_bytes()) == (b"new", b"old")


def test_without_hard_links_a_take_still_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("os.link", no_links)
    staged, target = tmp_path / "staged.mov", tmp_path / "clip_v1.mov"
    staged.write_bytes(b"new")
    report_of(staged).write_bytes(b"{}")
    place(staged, target)
    assert (target.read_bytes(), report_of(target).read_bytes()) == (b"new", b"{}")
    assert not staged.exists()


@pytest.fixture
def joined(store: Store, tmp_path: Path) -> tuple[Path, TakeView]:
    """A take that is staged, with its intent written: the server may die at any moment from here on."""
    submit(store)
    store.finish_plan(claimed(store, "old").token, planned("x"))
    store.finish_segment(claimed(store, "old").token)
    join = claimed(store, "old")
    staged = stage(tmp_path, join.shot, join.token) / "clip_v1.mov"
    staged.write_bytes(b"frame")
    report_of(staged).write_bytes(b"{}")
    take = msgspec.structs.replace(take_of(join, str(tmp_path / "clip_v1.mov")), sha256=sha256(b"frame").hexdigest())
    store.intend(join.token, Intent(staged=str(staged), take=take))
    return staged, take


def recovered(store: Store) -> int:
    return settle_intents(store, store.recover("new"))


def test_killed_before_the_rename_the_take_gets_its_name_at_the_next_start(store: Store, joined: tuple[Path, TakeView]) -> None:
    staged, take = joined
    assert recovered(store) == 1
    assert Path(take.path).read_bytes() == b"frame"
    assert report_of(Path(take.path)).exists()
    assert not staged.parent.parent.exists(), "no folder of ours stays beside takes"
    assert [each.id for each in store.takes().takes] == [take.id]
    assert store.claim("new") is None


def test_killed_after_the_rename_the_take_is_adopted_once(store: Store, joined: tuple[Path, TakeView]) -> None:
    staged, take = joined
    place(staged, Path(take.path))
    assert recovered(store) == 1
    assert recovered(store) == 0
    assert len(store.takes().takes) == 1


def test_killed_between_link_and_unlink_there_is_one_take(store: Store, joined: tuple[Path, TakeView]) -> None:
    staged, take = joined
    Path(take.path).hardlink_to(staged)
    assert recovered(store) == 1
    assert not staged.exists()
    assert Path(take.path).read_bytes() == b"frame"


def test_a_file_of_somebody_else_with_that_name_is_no_take_of_ours(store: Store, joined: tuple[Path, TakeView]) -> None:
    _, take = joined
    Path(take.path).write_bytes(b"other")  # as long as ours
    assert recovered(store) == 0
    assert Path(take.path).read_bytes() == b"other"
    assert not store.takes().takes
    assert claimed(store, "new").kind == "join"


def test_a_staged_file_that_was_cut_off_is_joined_again(store: Store, joined: tuple[Path, TakeView]) -> None:
    staged, _ = joined
    staged.write_bytes(b"fra")
    assert recovered(store) == 0
    assert claimed(store, "new").kind == "join"


def test_takes_whose_file_is_gone_are_marked_and_unmarked(store: Store, joined: tuple[Path, TakeView]) -> None:
    staged, take = joined
    recovered(store)
    unstage(staged.parent)
    assert check_takes(store) == (0, 0)
    Path(take.path).rename(f"{take.path}.away")
    assert check_takes(store) == (1, 0)
    assert store.take(take.id).missing
    Path(f"{take.path}.away").rename(take.path)
    assert check_takes(store) == (0, 1)
    assert not store.take(take.id).missing


def test_a_name_fits_into_the_file_system_with_all_that_comes_behind_it(tmp_path: Path) -> None:
    """A hundred letters are three hundred bytes in Chinese: rendered whole, then refused by the disk."""
    for name in ("采访" * 100, "👩‍👧" * 100, "x" * 300):
        report_of(tmp_path / f"{file_name(name)}_v1234.webm").with_suffix(".json.12345678.part").touch()


def test_two_servers_that_want_one_name_keep_both_takes_and_both_reports(tmp_path: Path) -> None:
    """The report went first and was put over that of whoever had the name by then."""
    target = tmp_path / "clip_v1.mov"
    for who in (b"one", b"two"):
        staged = tmp_path / who.decode() / target.name
        staged.parent.mkdir()
        staged.write_bytes(who)
        report_of(staged).write_bytes(who)
    place(tmp_path / "one" / target.name, target)
    with pytest.raises(FileExistsError):
        place(tmp_path / "two" / target.name, target)
    assert (target.read_bytes(), report_of(target).read_bytes()) == (b"one", b"one")
    assert report_of(tmp_path / "two" / target.name).read_bytes() == b"two"


def test_killed_between_the_take_and_its_report_both_are_there_after_the_next_start(store: Store, joined: tuple[Path, TakeView]) -> None:
    staged, take = joined
    Path(take.path).hardlink_to(staged)
    staged.unlink()
    assert recovered(store) == 1
    assert report_of(Path(take.path)).read_bytes() == b"{}"


def test_killed_while_an_empty_file_held_the_name_the_take_gets_it(store: Store, joined: tuple[Path, TakeView]) -> None:
    """On disks without hard links an empty clip_v1.mov stayed for ever and the take was joined again as v2."""
    _, take = joined
    Path(take.path).touch()
    assert recovered(store) == 1
    assert Path(take.path).read_bytes() == b"frame"


def test_what_another_server_joins_in_the_same_folder_is_left_alone(store: Store, joined: tuple[Path, TakeView], tmp_path: Path) -> None:
    """Two machines that render into one project folder: the start of one swept the other's half-joined takes away."""
    staged, _ = joined
    theirs = tmp_path / STAGING / "s0123456789abcdef-7"
    theirs.mkdir()
    sweep_staging(store, [str(tmp_path)])
    assert theirs.is_dir()
    assert not staged.parent.exists()


def test_a_link_in_the_place_of_our_staging_folder_is_not_followed(store: Store, tmp_path: Path) -> None:
    job = submit(store)
    (tmp_path / "precious" / f"{job.shots[0].id}-1").mkdir(parents=True)
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes" / STAGING).symlink_to(tmp_path / "precious")
    sweep_staging(store, [str(tmp_path / "takes")])
    assert (tmp_path / "precious" / f"{job.shots[0].id}-1").is_dir()
