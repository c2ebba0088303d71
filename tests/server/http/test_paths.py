"""Paths of this machine: what is refused by its text alone, what by where it leads, and how a folder comes to be allowed."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heygem_server.errors import NotAllowedFolder, ServerError
from heygem_server.security import paths, private_files
from heygem_server.security.allowed_folders import inward, outward
from heygem_server.security.errors import BadPath
from heygem_server.security.paths import allowed, check_text, inside, open_allowed
from heygem_server.settings import PathMap
from tests.media.make import video

from .running import Server, running, told

NEVER_LOOKED_AT = (
    "\\\\server\\share\\a.mov",
    "//server/share/a.mov",
    "\\\\.\\PhysicalDrive0",
    "\\\\?\\C:\\a.mov",
    "//?/C:/a.mov",
    "\\/server/share/a.mov",
    "/dev/zero",
    "/proc/self/environ",
    "/sys/kernel",
    "/dev/./stdin",
    "/media/../dev/stdin",
    "C:\\CON",
    "C:\\media\\nul.mov",
    "C:/media/COM1",
    "C:\\a.mov:stream",
    "C:a.mov",
    "a.mov",
    "../a.mov",
    "",
    "/a\0b",
    "file:///etc/passwd",
    "http://127.0.0.1/a.mov",
    "concat:/a|/b",
    "/" + "a" * 5000,
)


@pytest.mark.parametrize("path", NEVER_LOOKED_AT)
def test_network_device_and_relative_paths_are_refused_before_anything_looks(
    path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On Windows a mere stat of \\\\server\\x sends the user's credentials to it."""

    here = threading.get_ident()  # a server of other tests runs beside

    def none_of(ask: Callable[..., Any]) -> Callable[..., Any]:
        def looked(*arguments: Any, **more: Any) -> Any:
            assert threading.get_ident() != here, "the system was asked about the path"
            return ask(*arguments, **more)

        return looked

    for module, name in ((os, "stat"), (os, "lstat"), (os, "readlink"), (os, "open"), (os, "scandir"), (os.path, "realpath")):
        monkeypatch.setattr(module, name, none_of(getattr(module, name)))
    with pytest.raises(BadPath):
        allowed(path, (tmp_path,))


def test_elsewhere_than_on_windows_aux_is_a_folder_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths.sys, "platform", "linux")
    check_text("/media/Aux/nul.mov")
    monkeypatch.setattr(paths.sys, "platform", "win32")
    with pytest.raises(BadPath):
        check_text("/media/Aux/nul.mov")


def test_what_lies_inside_is_allowed_and_what_lies_beside_is_not(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (tmp_path / "media2").mkdir()
    assert allowed(str(root / "a.mov"), (root,)) == root / "a.mov"
    for outside in (tmp_path / "media2" / "a.mov", root / ".." / "b.mov", tmp_path, Path("/etc/passwd")):
        with pytest.raises(NotAllowedFolder):
            allowed(str(outside), (root,))


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    root, secret = tmp_path / "media", tmp_path / "secret"
    root.mkdir()
    secret.mkdir()
    (secret / "a.mov").write_bytes(b"x")
    (root / "link").symlink_to(secret)
    (root / "a.mov").symlink_to(secret / "a.mov")
    (root / "zero").symlink_to("/dev/zero")
    for path in ("link/a.mov", "a.mov"):
        with pytest.raises(NotAllowedFolder):
            allowed(str(root / path), (root,))
    with pytest.raises(BadPath):
        allowed(str(root / "zero"), (root,))


def test_a_root_that_is_a_link_itself_is_the_folder_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "media").symlink_to(tmp_path / "disk")
    assert allowed(str(tmp_path / "media" / "a.mov"), (tmp_path / "media",)) == tmp_path / "disk" / "a.mov"


def test_a_file_that_became_a_link_after_the_check_is_not_opened(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    file = root / "a.mov"
    file.write_bytes(b"x")
    checked = allowed(str(file), (root,))
    os.close(open_allowed(checked, (root,)))
    file.unlink()
    file.symlink_to(tmp_path / "secret")
    with pytest.raises((OSError, NotAllowedFolder)):
        os.close(open_allowed(checked, (root,)))


def test_a_folder_that_became_a_link_after_the_check_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "media"
    (root / "day1").mkdir(parents=True)
    (root / "day1" / "a.mov").write_bytes(b"x")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.mov").write_bytes(b"secret")
    checked = allowed(str(root / "day1" / "a.mov"), (root,))
    (root / "day1").rename(root / "day2")
    (root / "day1").symlink_to(tmp_path / "secret")
    with pytest.raises(NotAllowedFolder):
        os.close(open_allowed(checked, (root,)))


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mov")
    for name in ("pipe.mov", "."):
        with pytest.raises((BadPath, OSError)):
            os.close(open_allowed(tmp_path / name, (tmp_path,)))


@given(st.lists(st.sampled_from(["..", ".", "a", "..\\..", "//", "%2e%2e", "~", "media", "\u202e", "…", "a b"]), max_size=6))
def test_no_spelling_leaves_the_folder(parts: list[str]) -> None:
    root = Path("/srv/media")
    try:
        found = allowed("/srv/media/" + "/".join(parts), (root,))
    except ServerError:
        return
    assert inside(found, (root,))
    assert ".." not in found.parts


def test_a_path_outside_is_refused_and_the_page_is_asked(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.mov").write_bytes(b"x")
    with server.known_socket() as page:
        told(page, "welcome")
        answer = server.ask("POST", "/api/v1/media/probe", {"path": str(tmp_path / "a.mov")})
        assert (answer.status, answer.error) == (403, "NotAllowedFolder")
        assert told(page, "consent") == {
            "type": "consent",
            "folder": str(tmp_path),
            "wanted_by": "a look at a file",
            "wanted_by_message": {"code": "wanted.look", "params": {}, "message": "a look at a file"},
        }


def test_whether_a_file_outside_exists_is_not_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "there.mov").write_bytes(b"x")
    answers = [server.ask("POST", "/api/v1/media/probe", {"path": str(tmp_path / name)}) for name in ("there.mov", "gone.mov")]
    assert len({answer.json["message"].replace("there", "gone") for answer in answers}) == 1


def test_consent_opens_a_folder_survives_a_restart_and_can_be_taken_back(tmp_path: Path) -> None:
    folder = tmp_path / "footage"
    folder.mkdir()
    (folder / "a.mov").write_bytes(b"x")
    with running(tmp_path / "server") as server:
        page = server.token("page")
        assert server.ask("GET", f"/api/v1/files?path={folder}").status == 403
        assert str(folder) in server.ask("POST", "/api/v1/roots", {"folder": str(folder)}, page, known=False).json
        listing = server.ask("GET", f"/api/v1/files?path={folder}").json
        assert [(entry["name"], entry["kind"]) for entry in listing["entries"]] == [("a.mov", "video")]
        assert listing["parent"] is None
    with running(tmp_path / "server") as server:
        assert server.ask("GET", f"/api/v1/files?path={folder}").status == 200
        assert str(folder) not in server.ask("DELETE", "/api/v1/roots", {"folder": str(folder)}).json
        assert server.ask("GET", f"/api/v1/files?path={folder}").status == 403
        assert server.ask("DELETE", "/api/v1/roots", {"folder": str(server.settings.roots[0])}).status == 422


@pytest.mark.parametrize("folder", ["/", "//server/share", "/nowhere/at/all", "relative", "/etc/passwd", "/proc"])
def test_consent_to_everything_or_to_nothing_is_refused(server: Server, folder: str) -> None:
    answer = server.ask("POST", "/api/v1/roots", {"folder": folder})
    assert (answer.status, answer.error) == (422, "BadPath")


def test_the_servers_own_folder_is_closed_even_inside_an_allowed_one(tmp_path: Path) -> None:
    """Somebody who allows the whole home folder does not mean server.json."""
    with running(tmp_path, roots=(tmp_path,)) as server:
        beside = video(tmp_path / "beside.mp4", frames=3)
        inside = {path.name for path in (tmp_path / "data").iterdir()} | {"server.json", "access.json"}
        assert {"heygem.sqlite3", "logs"} <= inside
        shutil.copy(beside, tmp_path / "data" / "clip.mp4")  # a file that would be answered anywhere else
        (tmp_path / "door").symlink_to(tmp_path / "data", target_is_directory=True)
        names = [*inside, "clip.mp4", "logs/../clip.mp4", "./clip.mp4"]
        for path in [f"{tmp_path}/{folder}/{name}" for folder in ("data", "takes/../data", "door") for name in names]:
            answer = server.ask("POST", "/api/v1/media/probe", {"path": path})
            assert (answer.status, answer.error) == (422, "BadPath"), path
        assert server.ask("POST", "/api/v1/media/probe", {"path": str(beside)}).status == 200
        assert server.ask("GET", f"/api/v1/files?path={tmp_path / 'data'}").status == 422
        assert server.ask("GET", f"/api/v1/files?path={tmp_path}").status == 200


MAPS = (PathMap(theirs="Z:\\media", ours="/mnt/media"), PathMap(theirs="/Volumes/Raid", ours="/mnt/raid"))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Z:\\media\\day 1\\a.mov", "/mnt/media/day 1/a.mov"),
        ("/Volumes/Raid/x/b.mov", "/mnt/raid/x/b.mov"),
        ("Z:\\media", "/mnt/media"),
    ],
)
def test_paths_map_both_ways(theirs: str, ours: str) -> None:
    assert inward(theirs, MAPS) == ours
    assert outward(ours, MAPS) == theirs


def test_windows_letters_do_not_care_for_case_and_other_paths_stay() -> None:
    assert inward("z:/MEDIA/a.mov", MAPS) == "/mnt/media/a.mov"
    for path in ("Z:\\media2\\a.mov", "/Volumes/Raid2/a", "Z:\\media\\..\\secret", "/mnt/x"):
        assert inward(path, MAPS) == path


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits say nothing there")
@pytest.mark.parametrize(("mode", "others"), [(0o600, False), (0o400, False), (0o700, False), (0o640, True), (0o604, True), (0o677, True)])
def test_mode_bits_tell_who_else_reads_a_file(tmp_path: Path, mode: int, others: bool) -> None:
    (tmp_path / "access.json").touch()
    (tmp_path / "access.json").chmod(mode)
    assert private_files.readable_by_others(tmp_path / "access.json") is others


@pytest.mark.parametrize("swapped", [0, 1])
def test_a_file_that_was_swapped_while_it_was_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swapped: int) -> None:
    """Whichever of the two has the higher number on the disk."""
    pair = [tmp_path / "a.mov", tmp_path / "b.mov"]
    for file in pair:
        file.write_bytes(b"x")
    pair.sort(key=lambda file: file.stat().st_ino)
    really = os.open
    monkeypatch.setattr(paths.os, "open", lambda path, *rest: really(pair[1 - swapped] if path == pair[swapped] else path, *rest))
    with pytest.raises(NotAllowedFolder):
        open_allowed(pair[swapped], [tmp_path])
    monkeypatch.undo()
    os.close(open_allowed(pair[swapped], [tmp_path]))
