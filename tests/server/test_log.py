"""The server's log file, which servers of one process write side by side."""

from __future__ import annotations

import json
import logging
import socket
from pathlib import Path

import pytest

from heygem_core.errors import OutputError
from heygem_server.log import LOGGER, server_log

from .http.running import running


def lines(folder: Path) -> list[str]:
    return [json.loads(line)["message"] for line in (folder / "server.log").read_text().splitlines()]


def test_a_server_takes_no_line_from_whoever_else_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with server_log(tmp_path / "one"), server_log(tmp_path / "two"):
        LOGGER.warning("to all")
    assert caplog.messages == lines(tmp_path / "one") == lines(tmp_path / "two") == ["to all"]


def test_a_server_that_ended_writes_no_more(tmp_path: Path) -> None:
    with server_log(tmp_path):
        pass
    LOGGER.warning("too late")
    assert lines(tmp_path) == []


def test_a_server_that_could_not_start_leaves_no_log_open(tmp_path: Path) -> None:
    loggers = LOGGER, logging.getLogger("aiohttp")
    before = [list(logger.handlers) for logger in loggers]  # servers of other tests may run in this process
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OutputError), running(tmp_path, port=other.getsockname()[1]):
        pass
    assert [logger.handlers for logger in loggers] == before
