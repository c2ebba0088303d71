"""What pages and README show can be typed as it stands, and leads somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from heygem_server import cli
from heygem_server.settings import read_settings

from ..conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = sorted(path for path in [*DOCS.rglob("*.md"), *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md"))])
_BLOCK = re.compile(r"^( *)```(\w*).*?\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """The fenced blocks of a page in one of these languages."""
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if found[2] in languages:
            yield found[3]


def commands(page: Path, program: str) -> list[str]:
    """The lines that call a program, with their continuations."""
    lines = [line.strip() for block in blocks(page, "", "bash", "sh") for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.split(" ", 1)[0] == program]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_each_heygem_command_is_one_that_the_command_line_takes(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in commands(page, "heygem"):
        ended = _parsed(shlex.split(line, comments=True)[1:])
        assert ended == 0, f"{line}\n{capsys.readouterr().err}"


def _parsed(arguments: list[str]) -> object:
    """The exit code of reading a command line: 2 where it is not understood."""
    try:
        cli.make_parser().parse_args(arguments)
    except SystemExit as ended:  # also --help
        return ended.code
    return 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_each_make_target_is_one_of_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([\w -]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    known = {name for names in targets for name in names.split()}
    for line in commands(page, "make"):
        assert line.split("#")[0].split()[1] in known, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_each_settings_file_that_is_shown_is_valid(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        if "server.toml" in block:
            file = tmp_path / "server.toml"
            file.write_text(block, encoding="utf-8")
            assert tomllib.loads(block)
            read_settings(file=file, environment={})


def test_the_readme_can_be_read_in_two_minutes_and_shows_the_product() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 120
    assert len(re.findall(r"!\[.+?\]\(docs/pictures/.+?\)", readme)) >= 2


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "plugins/VERIFIED.md"])
def test_each_link_of_a_file_outside_the_site_leads_to_a_file(name: str) -> None:
    file = REPOSITORY / name
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if not target.startswith(("http", "#")):
            assert (file.parent / target.partition("#")[0]).exists(), target


def test_pictures_are_small_enough_for_a_repository() -> None:
    pictures = list((DOCS / "pictures").iterdir())
    assert all(picture.stat().st_size <= 300_000 for picture in pictures)
    assert sum(picture.stat().st_size for picture in pictures) <= 2_000_000


def test_each_picture_is_shown_somewhere() -> None:
    texts = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [picture.name for picture in (DOCS / "pictures").iterdir() if picture.name not in texts] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_each_file_of_the_repository_that_is_named_is_there(page: Path) -> None:
    """In running text; words in capitals, such as EDITOR and XX, stand for names."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    named = re.findall(r"`((?:heygem_core|server|plugins|tests|docs|web-tools)/[\w/.-]*)`", text)
    missing = [name for name in named if not re.search(r"/[A-Z]{2,}\b", name) and not (REPOSITORY / name).exists()]
    assert missing == []


def test_the_script_that_takes_the_pictures_still_finds_what_it_drives() -> None:
    subprocess.run([sys.executable, "-c", "import pictures"], cwd=DOCS, check=True)
