"""The real server as its own process on a data folder of its own: started, killed and started again, as on an editor's machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from heygem_server.client import Client
from heygem_server.wire import JobDetail, JobRequest


class RealServer:
    """`folder` gets data, takes and cache; `roots` may be read."""

    def __init__(self, folder: Path, *roots: Path) -> None:
        self.folder, self.roots = folder, roots
        self.data, self.takes = folder / "data", folder / "takes"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> list[str]:
        roots = [part for root in self.roots for part in ("--root", str(root))]
        return [sys.executable, "-m", "heygem_server.cli", "serve", "--data", str(self.data), "--takes", str(self.takes), "--port", "0",
                "--cache", str(self.folder / "cache"), "--workers", "1", "--disk-floor-bytes", "0", *roots]  # fmt: skip

    def start(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HEYGEM_CONFIG": str(self.folder / "server.toml")}
        (self.folder / "server.toml").write_text("", encoding="utf-8")
        log = (self.folder / "serve.log").open("ab")
        self.process = subprocess.Popen(self.command, env=environment, stdout=log, stderr=log, start_new_session=True)
        until(lambda: (self.data / "server.json").exists(), 60, "the server did not start")

    def kill(self) -> None:
        """As a crash: the server and its workers at once, without a word."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    @contextmanager
    def client(self) -> Iterator[Client]:
        with Client.connect(self.data) as client:
            yield client

    def submit(self, request: JobRequest) -> JobDetail:
        with self.client() as client:
            return client.submit(request)


def until(ready: Callable[[], Any], seconds: float, otherwise: str, tick: Callable[[], Any] = lambda: time.sleep(0.05)) -> Any:
    """What `ready` says once it says something; `tick` is called between. Fails the test with `otherwise` in the end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ready()
        if found:
            return found
        tick()
    raise AssertionError(otherwise)


def talking(source: Path, path: Path, *, rate: Fraction, frames: int, timecode: str | None = None) -> Path:
    """A real person's frames at another frame rate, as H.264 in a MOV with timecode and a soundtrack of its own."""
    with av.open(str(source)) as given, av.open(str(path), "w") as file:
        if timecode:
            file.metadata["timecode"] = timecode
        picture = given.streams.video[0]
        stream = file.add_stream("libx264", rate=rate, width=picture.width, height=picture.height, pix_fmt="yuv420p", options={"crf": "12"})
        for number, frame in enumerate(given.decode(picture)):
            if number == frames:
                break
            fresh = frame.reformat(format="yuv420p")
            fresh.pts, fresh.time_base, fresh.pict_type = number, 1 / rate, av.video.frame.PictureType.NONE
            file.mux(stream.encode(fresh))
        file.mux(stream.encode(None))
    return path
