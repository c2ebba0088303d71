"""A real server in a process of its own, and pages that are signed in to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]
START_S = 120.0
CRAWL_S, CRAWL_MOMENT_S = 20.0, 0.05
WAIT_MS = 60_000  # for what the page shows by itself: machines of tests are busy
A_RENDER_MS = 150_000
FINISHED = {"completed", "failed", "canceled"}


class RunningServer:
    """`heygem serve` with folders of its own. It can be killed and started again at the same address."""

    def __init__(self, home: Path, media: Path, *, workers: int = 1) -> None:
        self.home, self.media, self.workers = home, media, workers
        self.port = 0  # chosen by the first start, when it is bound, and kept
        self.takes = home / "takes"
        self.submitted = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "heygem_server.cli",
            "serve",
            "--data",
            self.home / "data",
            "--takes",
            self.takes,
            "--cache",
            self.home / "cache",
        ]
        command += ["--root", self.media, "--port", self.port, "--workers", self.workers]
        environment = {
            **os.environ,
            "PATH": f"{self._file_manager()}{os.pathsep}{os.environ.get('PATH', '')}",
            "HEYGEM_CONFIG": str(self.home / "server.toml"),
            "HEYGEM_MEASURE_TAKES": "false",
            "HEYGEM_MAKE_PREVIEWS": "false",
            "OMP_NUM_THREADS": "1",
        }
        (self.home / "server.toml").touch()
        log = (self.home / "serve.log").open("ab")
        self.process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, env=environment)
        self._wait_until_up()

    def _file_manager(self) -> Path:
        """A folder with an `xdg-open` that writes down what it was asked to open, in `opened`."""
        folder = self.home / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "xdg-open"
        script.write_text(f'#!/bin/sh\necho "$1" >> "{self.home}/opened"\n')
        script.chmod(0o755)
        return folder

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                said = json.loads((self.home / "data" / "server.json").read_text())
                if self.process is not None and said["pid"] == self.process.pid:  # the file of a killed server is still there
                    self.port = said["port"]
                    with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                        return
            except (OSError, ValueError):
                pass
            time.sleep(0.1)
        raise AssertionError(f"The server did not start: {(self.home / 'serve.log').read_text()[-2000:]}")

    def kill(self) -> None:
        """As a crash would, without a goodbye."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process is not None and self.is_up():
            self.process.terminate()
            self.process.wait(timeout=30)

    @property
    def token(self) -> str:
        return json.loads((self.home / "data" / "server.json").read_text())["token"]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The API as somebody else uses it, beside the page."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def have_poster(self, take: Any) -> None:
        """Makes the picture of a take, as a server that makes previews does by itself when a take is delivered."""
        address = f"{self.url}/api/v1/takes/{take['id']}/poster.jpg"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def sign_in_link(self) -> str:
        return f"{self.url}/#code={self.ask('POST', '/sign-in-codes')['code']}"

    def submit(self, video: str = "speaker.mp4", speech: str = "speech.wav", **job: object) -> Any:
        """A job of one shot. Its settings are like no other's, so nothing that was rendered before is reused."""
        self.submitted += 1
        settings = {"format": "h264", "fit": "hold", "intensity": 1 + self.submitted / 1000}
        shot = {"video": {"path": str(self.media / video)}, "speech": {"path": str(self.media / speech)}}
        return self.ask("POST", "/jobs", {"shots": [shot], "settings": settings, **job})

    def finished(self, job: str, within_s: float = 240.0) -> Any:
        """The job when it has ended."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            detail = self.ask("GET", f"/jobs/{job}")
            if detail["job"]["state"] in FINISHED:
                return detail
            time.sleep(0.1)
        raise AssertionError(f"The job did not end: {detail}")

    @contextmanager
    def at_a_crawl(self) -> Iterator[None]:
        """Its workers are stopped but for moments: what renders now is still at work in the end, on the fastest machine too.

        They go on for a moment now and then, since the server ends a worker that gives no sign of life for a minute.
        """
        assert self.process is not None
        workers = psutil.Process(self.process.pid).children(recursive=True)
        over = threading.Event()

        def hold() -> None:
            while not over.wait(CRAWL_MOMENT_S):
                for worker in workers:
                    with suppress(psutil.NoSuchProcess):
                        worker.suspend()
                over.wait(CRAWL_S)
                for worker in workers:
                    with suppress(psutil.NoSuchProcess):
                        worker.resume()

        holding = threading.Thread(target=hold)
        holding.start()
        try:
            yield
        finally:
            over.set()
            holding.join()

    def a_take(self) -> Any:
        """A finished take, rendered once for all who only look at one."""
        found = [take for take in self.ask("GET", "/takes?limit=200")["takes"] if take["name"].startswith("looked-at")]
        if found:
            return found[0]
        shot = {
            "video": {"path": str(self.media / "speaker.mp4")},
            "speech": {"path": str(self.media / "speech.wav")},
            "name": "looked-at",
            "keep": [[4, 9]],
        }
        made = self.ask("POST", "/jobs", {"shots": [shot], "settings": {"format": "h264", "fit": "hold"}, "name": "looked-at"})
        detail = self.finished(made["job"]["id"])
        assert detail["job"]["state"] == "completed", detail
        return detail["shots"][0]["takes"][0]


def open_page(
    browser: Any, server: RunningServer, *, width: int = 1360, height: int = 860, view: str | None = None
) -> tuple[Any, list[str]]:
    """A signed-in page in a browser of its own, and what it complains about."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US", reduced_motion="reduce", color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    watch(page, complaints)
    page.goto(server.sign_in_link())
    page.get_by_text("Live", exact=True).first.wait_for()
    if view:
        page.goto(f"{server.url}/#/{view}")
    return page, complaints


def until(page: Any, condition: Callable[[], Any], within_s: float = 60.0) -> None:
    """Waits for what the page or its server comes to by itself; the page goes on meanwhile."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"It did not come within {within_s:.0f} s."
        page.wait_for_timeout(20)


def unfold(card: Any) -> None:
    """Shows a job's shots; the first job at work is unfolded already."""
    title = card.locator(".job-title")
    title.wait_for()
    if title.get_attribute("aria-expanded") == "false":
        title.click()


def watch(page: Any, complaints: list[str]) -> None:
    """Errors and warnings of the console. A request that fails since the server is gone is told there too: no fault of the page."""
    gone = re.compile(r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED|WebSocket connection to")
    refused = re.compile(
        r"Failed to load resource: the server responded with a status of (403|409|422|502)"
    )  # told by the browser, shown by the page
    gone = re.compile(f"{gone.pattern}|{refused.pattern}")
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.text} {message.location['url']}")
            if message.type in ("error", "warning") and not gone.search(message.text)
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
