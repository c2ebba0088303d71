"""Error numbers of the system become sentences in one place, and what no other try can mend is known."""

from __future__ import annotations

import ast
import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from heygem_core.errors import OutputError
from heygem_core.messages import plain, tell
from heygem_core.storage import os_errors
from heygem_core.storage.cache import Cache
from heygem_core.storage.os_errors import cannot_write, is_lasting, refused, why
from heygem_core.tasks.run import failure_of

from ..conftest import REPOSITORY

SAID = {
    errno.ENOSPC: ("output.disk-full", "is full", False),
    errno.EDQUOT: ("output.quota", "Your share of the disk", True),
    errno.EROFS: ("output.read-only", "is read-only", True),
    errno.EACCES: ("output.no-permission", "may not be written to", True),
    errno.EPERM: ("output.no-permission", "may not be written to", True),
    errno.EFBIG: ("output.too-large", "grew larger than the disk", True),
    errno.EMFILE: ("output.too-many-open", "Too many files are open", False),
    errno.ENFILE: ("output.too-many-open", "Too many files are open", False),
    errno.ENAMETOOLONG: ("output.name-too-long", "is too long for the disk", True),
    errno.EIO: ("output.disk-fails", "fails to read or write", False),
}


def failing(number: int, path: Path | None = None) -> OSError:
    return OSError(number, os.strerror(number), *([str(path)] if path else []))


@pytest.mark.parametrize("number", SAID, ids=errno.errorcode.get)
def test_each_refusal_is_a_sentence_without_numbers(number: int, tmp_path: Path) -> None:
    code, words, lasting = SAID[number]
    path = tmp_path / "clip_v1.mov"
    error = cannot_write(path, failing(number))
    assert (error.said.code, is_lasting(error.said)) == (code, lasting)
    assert words in str(error)
    raw = refused(failing(number, path))
    assert raw is not None
    assert str(path) in str(raw)
    assert is_lasting(raw.said) == lasting
    nowhere = refused(failing(number))
    assert nowhere is not None
    ended = failure_of(failing(number, path))
    assert (ended.error, ended.exit_code, ended.code) == ("OutputError", OutputError.exit_code, "output.refused-at")
    for said in (str(error), str(raw), str(nowhere), why(failing(number)).message, ended.message):
        assert "Errno" not in said
        assert os.strerror(number) not in said


def test_what_is_not_known_is_said_as_the_system_says_it(tmp_path: Path) -> None:
    error = failing(errno.EXDEV)
    assert (refused(error), why(error)) == (None, plain(os.strerror(errno.EXDEV)))
    assert cannot_write(tmp_path / "a.mov", error).said.code == "output.not-written"
    assert failure_of(error).code == "program.internal-error"
    assert not is_lasting(tell("output.disk-full", folder="/takes"))


def test_a_format_that_does_not_hold_a_source_never_will() -> None:
    """It was tried three times, each after all of the work before it."""
    assert is_lasting(tell("format.no-transparency", format="H.264", file="clip.mov"))


def test_a_disk_without_inodes_is_not_called_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has gigabytes left, so nobody would find what to delete."""
    monkeypatch.setattr(os_errors.os, "statvfs", lambda path: SimpleNamespace(f_files=1000, f_favail=3), raising=False)
    error = cannot_write(tmp_path / "clip_v1.mov", failing(errno.ENOSPC))
    assert error.said.code == "output.no-inodes"
    monkeypatch.setattr(os_errors.os, "statvfs", lambda path: SimpleNamespace(f_files=0, f_favail=0), raising=False)
    assert cannot_write(tmp_path / "clip_v1.mov", failing(errno.ENOSPC)).said.code == "output.disk-full", "btrfs counts none"


def test_a_cache_that_may_not_be_written_says_so_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise failing(errno.EROFS)

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(OutputError, match="the disk is read-only") as caught, Cache(tmp_path / "cache").alone("plans", "k"):
        pass
    assert is_lasting(caught.value.said)


def test_no_other_module_knows_error_numbers() -> None:
    """Else the next number is learnt in one place and not in another."""
    knowing = [
        str(file.relative_to(REPOSITORY))
        for room in ("heygem_core", "server")
        for file in (REPOSITORY / room).rglob("*.py")
        if file.name != "os_errors.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Import) and any(name.name == "errno" for name in node.names)
    ]
    assert knowing == []


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_what_another_program_has_open_on_windows_is_tried_again(tmp_path: Path, winerror: int) -> None:
    """A virus scanner looks at each new file for a moment; what it answers has the number of a missing permission."""
    error = failing(errno.EACCES, tmp_path / "clip_v1.mov")
    error.winerror = winerror  # type: ignore[attr-defined, unused-ignore]
    said = [cannot_write(tmp_path / "clip_v1.mov", error).said, tell("cache.not-writable", folder=tmp_path, why=why(error))]
    said.append(failure_of(error))
    for each in said:
        assert not is_lasting(each)
        assert "open in another program" in each.message or "another program, such as a virus scanner, has it open" in each.message
