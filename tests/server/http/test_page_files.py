"""The page's files below their version: kept by browsers for good, and never mixed with those of before."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from heygem_server.errors import NotFound
from heygem_server.http.page_files import PageFiles

from .running import Server


def version_of(index: bytes) -> str:
    found = re.fullmatch(rb'<script src="/static/(@[0-9a-f]+)/app\.js"></script>', index)
    assert found is not None, index
    return found[1].decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "views").mkdir(parents=True)
    (web / "index.html").write_text('<script src="/static/app.js"></script>')
    (web / "app.js").write_text("one")
    (web / "views" / "new.js").write_text("new")
    return web


def test_a_part_below_the_version_stays_what_it_is_and_without_it_may_change(folder: Path) -> None:
    files = PageFiles(folder)
    version = version_of(files.index().content)
    for path, content in (("app.js", b"one"), ("views/new.js", b"new")):
        for asked, stays in ((f"{version}/{path}", True), (path, False), (f"@0/{path}", False)):
            file, known = files.part(asked)
            assert (file.content, known) == (content, stays), asked


def test_one_changed_byte_makes_another_version_though_size_and_time_stay(folder: Path) -> None:
    """An installer may give every file the same time: what counts is what is in them."""
    before = version_of(PageFiles(folder).index().content)
    status = (folder / "app.js").stat()
    (folder / "app.js").write_text("two")
    os.utime(folder / "app.js", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert version_of(PageFiles(folder).index().content) != before


def test_what_changes_while_the_server_runs_is_not_kept_below_the_version_of_before(folder: Path) -> None:
    files = PageFiles(folder)
    version = version_of(files.index().content)
    (folder / "app.js").write_text("another")
    file, stays = files.part(f"{version}/app.js")
    assert (file.content, stays) == (b"another", False)
    assert files.part(f"{version_of(files.index().content)}/app.js")[1]


@pytest.mark.parametrize(
    "path", ["", "@", "@0", "secret.js", "../secret.js", "views/../../secret.js", "/etc/passwd", "views", "notes.md", "\0"]
)
def test_nothing_else_is_a_part(folder: Path, path: str) -> None:
    (folder.parent / "secret.js").write_text("secret")
    (folder / "secret.js").symlink_to(folder.parent / "secret.js")
    (folder / "notes.md").write_text("notes")
    files = PageFiles(folder)
    for asked in (path, f"{version_of(files.index().content)}/{path}"):
        with pytest.raises(NotFound):
            files.part(asked)


def test_a_browser_asks_for_the_parts_of_the_page_once(server: Server) -> None:
    index = server.ask("GET", "/", known=False)
    assert index.headers["cache-control"] == "no-cache"
    parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', index.body.decode())
    assert len(parts) > 50
    for part in parts[:2] + parts[-2:]:
        answer = server.ask("GET", part, known=False)
        assert (answer.status, answer.headers["cache-control"]) == (200, "private, max-age=31536000, immutable"), part
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    bare = server.ask("GET", "/static/app.js", known=False)
    assert (bare.status, bare.headers["cache-control"]) == (200, "no-cache"), "a panel names no version"
    assert server.ask("GET", "/static/app.js", headers={"If-None-Match": bare.headers["etag"]}, known=False).status == 304
