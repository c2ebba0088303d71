"""Names that a terminal would obey, of jobs that an older server kept, reach neither the command line nor the logs."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from heygem_core.messages import plain
from heygem_server.cli import main
from heygem_server.log import JsonLines
from heygem_server.rendering.job_log import JobLogs
from heygem_server.store import Store
from heygem_server.wire import LogLine

from ..rendering import jobs as making
from .running import running

HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\u202ename\r\n"


def is_clean(text: str) -> bool:
    return not set(text) & set("\x1b\x07\x9b\u202e\r") and "name" in text


def test_the_list_of_jobs_obeys_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, renders=False) as server:
        store = Store(server.settings.data_folder / "heygem.sqlite3")
        job = making.submit(store, name=HOSTILE).job.id
        store.close()
        assert main(["jobs", "--all", "--data", str(server.settings.data_folder)]) == 0
        said = capsys.readouterr().out
        assert is_clean(said)
        assert len(said.splitlines()) == 2, "the heads of the columns, and one job"
        assert main(["jobs", "--all", "--json", "--data", str(server.settings.data_folder)]) == 0
        said = capsys.readouterr().out
        assert is_clean(said)
        assert json.loads(said)["jobs"][0]["name"] == HOSTILE, "the document itself stays as it is"
        assert main(["cancel", job, "--data", str(server.settings.data_folder)]) == 0
        assert main(["watch", "x" + HOSTILE, "--data", str(server.settings.data_folder)]) != 0
        assert "\x1b" not in capsys.readouterr().err


def test_logs_obey_no_name(tmp_path: Path) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 1, "%s", (HOSTILE + "\ud800",), None)
    record.facts = {"path": HOSTILE}
    line = JsonLines().format(record)
    assert is_clean(line)
    assert json.loads(line)["path"].strip() == "name"
    line.encode()
    logs = JobLogs(tmp_path)
    said = plain(HOSTILE)
    logs.write(LogLine(job="j", shot=None, at=0.0, level="info", message=said.message, code=said.code, params=said.params))
    assert is_clean(logs.read("j").decode())
    assert len(logs.read("j").splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["render", "VIDEO", "--audio", "SPEECH", "-o", "out.mov"],
        ["render", "VIDEO", "--audio", "SPEECH", "-o", "out.mov", "--json"],
        ["measure", "VIDEO"],
        ["timeline", "VIDEO", "--speech", "SPEECH", "--dry-run"],
        ["measure", "x", "VIDEO"],  # a word too many, as of *.mov
        ["submit", "VIDEO", "--audio", "SPEECH", "--data", "nowhere"],
        ["jobs", "--data", "VIDEO"],
    ],
    ids=" ".join,
)
def test_what_a_command_cannot_do_is_said_without_obeying_a_name(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    named = [f"/nowhere/{HOSTILE}" if word in ("VIDEO", "SPEECH") else word for word in words]
    try:
        assert main(named) != 0
    except SystemExit:
        assert named[:2] == ["measure", "x"], "the words are those of the command"
    said = capfd.readouterr()
    assert "name" in said.out + said.err or "--data" in words
    assert not set(said.out + said.err) & set("\x1b\x07\x9b\u202e\r")
