"""The real server as its own process on a data folder of its own: started, killed and started again, as on an editor's machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from heygem_server.client import Client
from heygem_server.errors import ServerError


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

    @property
    def port(self) -> int:
        return int(json.loads((self.data / "server.json").read_text(encoding="utf-8"))["port"])

    def start(self) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "HEYGEM_MEASURE_TAKES": "false",
            "HEYGEM_MAKE_PREVIEWS": "false",
            "HEYGEM_CONFIG": str(self.folder / "server.toml"),
        }
        (self.folder / "server.toml").write_text("", encoding="utf-8")
        log = (self.folder / "serve.log").open("ab")
        self.process = subprocess.Popen(self.command, env=environment, stdout=log, stderr=log, start_new_session=True)
        until(self._answers, 60, "the server did not start")

    def _answers(self) -> bool:
        """A server.json may be that of one which was killed."""
        try:
            with self.client():
                return True
        except (ServerError, OSError):
            return False

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

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """As whoever may read server.json."""
        said = json.loads((self.data / "server.json").read_text(encoding="utf-8"))
        request = urllib.request.Request(said["url"] + path, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {said['token']}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            raise AssertionError(refusal.read().decode()) from None

    def render(self, selection: dict[str, Any], host: str, *, handles: int, format: str, **more: Any) -> str:
        """Submits what an editor said is selected, as the page does (`more`: exports, laying); returns the job's id."""
        items = selection["items"]
        spot = items[0]["placement"]
        chosen = {"ids": [item["id"] for item in items], "project": spot["project"], "sequence": spot["sequence"], "handles": handles}
        body = {"document": selection["document"], "name": "three clips", "selection": chosen,
                "settings": {"fit": "hold", "format": format, "sound": "none"},
                "origin": {"kind": "host", "host": host, "project": spot["project"]}, **more}  # fmt: skip
        answer = self.ask("POST", "/api/v1/timelines", body)
        assert answer["job"] is not None, answer["conformed"]
        return str(answer["job"]["job"]["id"])


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
