"""A server of files that misbehaves as it is told, and small models to fetch from it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch

TOY = """
from torch import nn

def toy():
    return nn.Sequential(nn.Linear(4, 300), nn.BatchNorm1d(300))
"""


def toy_state(scale: float = 1.0) -> dict[str, torch.Tensor]:
    """Tensors of the toy network of `TOY`, the same ones each time."""
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(4, 300), torch.nn.BatchNorm1d(300))
    return {name: value * scale if value.is_floating_point() else value for name, value in network.state_dict().items()}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Server:
    """What it answers with, and what it was asked."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True  # whether it obeys Range
    breaks_after: list[int] = field(default_factory=list)  # bytes of each answer in turn, after which the connection breaks off
    lies: int = 0  # bytes that it says more than it has
    statuses: list[int] = field(default_factory=list)  # of the answers in turn, in place of the file
    hold: threading.Event | None = None  # waits for it before the body
    asked: list[str] = field(default_factory=list)  # the Range of each request, "" = none


@contextmanager
def serving() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = self.path.split("?")[0]
            wanted = self.headers.get("Range", "")
            if body:
                told.asked.append(wanted)
            if body and told.statuses:
                return self._end(told.statuses.pop(0))
            data = told.files.get(path)
            if data is None:
                return self._end(404)
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and told.ranges else 0
            self.send_response(206 if start else 200)
            if path.endswith(".html"):
                self.send_header("Content-Type", "text/html")
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("ETag", f'"{sha(data)}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("X-Linked-Size", str(len(data)))
            self.send_header("Content-Length", str(len(data) - start + told.lies))
            self.end_headers()
            if not body:
                return None
            if told.hold is not None:
                told.hold.wait(60)
            most = told.breaks_after.pop(0) if told.breaks_after else len(data)
            self.wfile.write(data[start : start + most])
            if start + most < len(data) or told.lies:
                self.close_connection = True
            return None

        def _end(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def saved(state: Any, path: Path, legacy: bool = False) -> bytes:
    """What torch writes of it."""
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    return path.read_bytes()
