"""`heygem serve` as a program: how fast, how light, one at a time, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

HEAVY = {
    "torch",
    "av",
    "numpy",
    "cv2",
    "mediapipe",
    "scipy",
    "transformers",
    "safetensors",
    "opentimelineio",
    "PIL",
    "cryptography",
    "rich",
    "websockets",
}


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "heygem_server.cli",
        "serve",
        "--data",
        str(folder / "data"),
        "--takes",
        str(folder / "takes"),
        "--port",
        "0",
    ]
    environment = {**os.environ, "HEYGEM_CONFIG": str(folder / "none.toml")}
    program = subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield program
    finally:
        if program.poll() is None:
            program.terminate()
        program.communicate()


def first_lines(program: subprocess.Popen[str]) -> tuple[str, str]:
    assert program.stdout is not None
    lines = program.stdout.readline(), program.stdout.readline()
    assert lines[0], program.stderr.read() if program.stderr else ""
    return lines


def test_it_listens_after_little_work(tmp_path: Path) -> None:
    """Three seconds of one core at most: what else the machine does is no fault of the server."""
    with serving(tmp_path) as program:
        first_lines(program)
        spent = psutil.Process(program.pid).cpu_times()
        assert spent.user + spent.system < 3


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a Windows program at once")
def test_it_says_where_it_is_and_stops_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        address, link = first_lines(program)
        url = address.split()[-1]
        assert re.search(re.escape(url) + r"/#code=[\w-]{40,}$", link.strip())
        file = json.loads((tmp_path / "data" / "server.json").read_text())
        assert (file["url"], file["pid"]) == (url, program.pid)
        program.send_signal(signal.SIGTERM)
        assert program.wait(15) == 0
        assert not (tmp_path / "data" / "server.json").exists()
        assert program.stderr is not None
        assert program.stderr.read() == ""


def test_nothing_heavy_is_loaded_before_a_worker_needs_it() -> None:
    """Loading torch and mediapipe takes seconds, and the server itself must never open media."""
    code = f"""
import asyncio, sys, tempfile, threading
from pathlib import Path
from heygem_server.http.server import serve
from heygem_server.settings import ServerSettings
folder = Path(tempfile.mkdtemp())
async def main():
    stop = asyncio.Event()
    settings = ServerSettings(data_folder=folder / "d", takes_folder=folder / "t", cache=folder / "c", port=0)
    await serve(settings, lambda at: stop.set(), stop)
asyncio.run(main())
print(sorted({HEAVY!r} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout.strip() == "[]"


def test_a_second_start_says_where_the_first_one_is(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        url = first_lines(first)[0].split()[-1]
        with serving(tmp_path) as second:
            out, err = second.communicate(timeout=60)
            assert second.returncode == 0, err
            assert url in out.splitlines()[0]
            assert re.search(re.escape(url) + r"/#code=[\w-]{40,}$", out.splitlines()[1]), "a link that works is given at once"
        assert first.poll() is None


def test_what_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        first_lines(first)
        first.kill()
        first.wait(10)
    left = json.loads((tmp_path / "data" / "server.json").read_text())
    with serving(tmp_path) as second:
        first_lines(second)
        now = json.loads((tmp_path / "data" / "server.json").read_text())
        assert (now["pid"], now["token"] != left["token"]) == (second.pid, True)


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with serving(tmp_path / "a") as first:
        port = first_lines(first)[0].rsplit(":", 1)[1].strip()
        with serving(tmp_path / "b", "--port", port) as second:
            _, err = second.communicate(timeout=60)
            assert second.returncode == 5
            assert f"127.0.0.1:{port}" in err
            assert "Traceback" not in err


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--host", "0.0.0.0"), "--lan"),
        (("--workers", "0"), ">= 1"),
        (("--config", "/nowhere/server.toml"), "no settings file"),
    ],
)
def test_settings_that_are_not_valid_are_said_in_a_sentence(tmp_path: Path, flags: tuple[str, ...], says: str) -> None:
    with serving(tmp_path, *flags) as program:
        out, err = program.communicate(timeout=60)
        assert (program.returncode, out) == (2, "")
        assert says in err
        assert "Traceback" not in err


def a_browser(folder: Path) -> tuple[dict[str, str], Path]:
    """The environment in which it is the user's, and the file in which it notes what it opened."""
    noted = folder / "opened"
    program = folder / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" >> "{noted}"\n')
    program.chmod(0o700)
    return {"BROWSER": f"{program} %s"}, noted


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="the browser of the test is a shell script")
def test_whoever_closed_the_tab_opens_it_again_signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link of the start works once; without it nobody came back into the page."""
    environment, noted = a_browser(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with serving(tmp_path, "--open") as first:
        url, link = (line.split()[-1] for line in first_lines(first))
        ends = time.monotonic() + 10
        while not noted.exists():
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert noted.read_text().split() == [link]
        with serving(tmp_path, "--open") as second:
            second.communicate(timeout=60)
        command = [sys.executable, "-m", "heygem_server.cli", "open", "--data", str(tmp_path / "data")]
        assert subprocess.run(command, capture_output=True, text=True, timeout=60).returncode == 0
        links = noted.read_text().split()
        assert len(set(links)) == 3, "each link works once, so each is another one"
        assert all(re.fullmatch(re.escape(url) + r"/#code=[\w-]{40,}", each) for each in links)


def test_without_a_server_opening_the_page_says_how_to_start_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "heygem_server.cli", "open", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "heygem serve" in done.stderr
