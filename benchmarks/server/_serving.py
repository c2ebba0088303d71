"""Starts a whole `heygem serve` in a process of its own, for measures over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from heygem_server.single_instance import read_server_file


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    port: int
    token: str
    pid: int
    folder: Path  # data, takes and media lie in it
    process: subprocess.Popen[bytes]

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@contextmanager
def serving(*flags: str) -> Iterator[Served]:
    """Runs until the block ends; `media` in its folder is an allowed root."""
    with tempfile.TemporaryDirectory(prefix="heygem-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / "media").mkdir()
        command = [sys.executable, "-m", "heygem_server.cli", "serve", "--port", "0", "--data", str(folder / "data")]
        command += [
            "--takes",
            str(folder / "takes"),
            "--cache",
            str(folder / "cache"),
            "--root",
            str(folder / "media"),
            "--disk-floor-bytes",
            "0",
        ]
        own = {**os.environ, "HEYGEM_MODELS": str(folder / "models")}  # what is asked here at random must not remove this user's models
        process = subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL, env=own)
        try:
            while (found := read_server_file(folder / "data")) is None:
                if process.poll() is not None:
                    sys.exit("The server did not start.")
                time.sleep(0.05)
            yield Served(found.url, found.port, found.token, found.pid, folder, process)
        finally:
            process.terminate()
            process.wait(30)
