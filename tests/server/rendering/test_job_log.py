"""The log of a job keeps its lines in order, numbered, through a crash and a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from heygem_server.rendering import job_log
from heygem_server.rendering.job_log import JobLogs
from heygem_server.wire import LogLine


def line(text: str) -> LogLine:
    return LogLine(job="j1", shot=None, at=0.0, level="info", message=text)


def told(logs: JobLogs) -> list[tuple[int, str]]:
    return [(one.number, one.message) for one in logs.lines("j1")]


def test_a_line_is_given_the_number_under_which_it_is_read(tmp_path: Path) -> None:
    logs = JobLogs(tmp_path)
    written = [logs.write(line(text)) for text in ("a", "b\u2028c", "d")]
    assert told(logs) == [(one.number, one.message) for one in written] == [(1, "a"), (2, "b\u2028c"), (3, "d")]
    again = JobLogs(tmp_path)
    assert again.write(line("e")).number == 4
    assert told(again)[-1] == (4, "e")


def test_a_line_that_a_crash_cut_off_takes_no_other_with_it(tmp_path: Path) -> None:
    JobLogs(tmp_path).write(line("a"))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b'{"type":"log","job":"j')
    logs = JobLogs(tmp_path)
    assert logs.write(line("b")).number == 3
    assert told(logs) == [(1, "a"), (3, "b")]


def test_a_line_that_a_full_disk_lost_moves_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = JobLogs(tmp_path)
    logs.write(line("a"))
    with monkeypatch.context() as full:
        full.setattr(job_log, "_LARGEST_BYTES", 0)
        assert logs.write(line("lost")).number == 2
    assert logs.write(line("b")).number == 3
    assert told(logs) == [(1, "a"), (3, "b")]
    assert JobLogs(tmp_path).write(line("c")).number == 4


def test_a_log_that_was_forgotten_begins_anew(tmp_path: Path) -> None:
    logs = JobLogs(tmp_path)
    logs.write(line("a"))
    logs.forget("j1")
    assert logs.write(line("b")).number == 1
