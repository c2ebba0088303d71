"""Fills the disk of the server's data while it works: `python -m benchmarks.server disk_full FOLDER [--at planning rendering joining]`.

FOLDER lies on a small disk that this run may fill (100 MB to 2 GB; a tmpfs will do) and is empty. In each of the states named, the disk is
filled for some seconds: requests that change something must be answered with 507, and the shot must end with its take, without a restart.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from heygem_core.shot import RenderSettings
from heygem_server.client import Client
from heygem_server.errors import DiskFull
from heygem_server.single_instance import read_server_file
from heygem_server.wire import JobDetail, JobRequest, MediaRef, ShotRequest

from .common import clips_folder

_FULL_S = 10.0
_LARGEST_BYTES = 2 << 30
_LONGEST_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--at", nargs="+", default=["planning", "rendering", "joining"])
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    if any(folder.iterdir()):
        sys.exit(f"{folder} is not empty.")
    failed = False
    with tempfile.TemporaryDirectory() as elsewhere:
        flags = ["--data", str(folder / "data"), "--takes", f"{elsewhere}/takes", "--cache", f"{elsewhere}/cache", "--workers", "1"]
        flags += ["--port", "0", "--root", str(clips_folder()), "--segment-frames", "16", "--disk-floor-bytes", "0", "--no-measure-takes"]
        server = subprocess.Popen([sys.executable, "-P", "-m", "heygem_server.cli", "serve", *flags], stdout=subprocess.DEVNULL)
        try:
            while read_server_file(folder / "data") is None:
                time.sleep(0.1)
            for number, state in enumerate(options.at):
                with Client.connect(folder / "data") as client:
                    failed |= not _filled_at(client, folder, state, number)
        finally:
            server.terminate()
            server.wait(30)
    sys.exit(failed)


def _filled_at(client: Client, folder: Path, state: str, number: int) -> bool:
    """Whether all was as it must be."""
    videos, speeches = (sorted((clips_folder() / "grid").glob("*.mpg"))[part::2] for part in (0, 1))
    shot = ShotRequest(video=MediaRef(path=str(videos[number])), speech=MediaRef(path=str(speeches[number])))
    job = client.submit(JobRequest(shots=(shot,), settings=RenderSettings(device="cpu", fit="trim", motion="mel", format="h264"))).job.id
    _until(lambda: client.job(job), lambda detail: detail.shots[0].state in (state, "done", "failed"))
    answers = Counter[str]()
    filler = folder / "filler"
    _fill(filler)
    ends = time.monotonic() + _FULL_S
    while time.monotonic() < ends:
        try:
            client.change(job, "pause")
            answers["done"] += 1
        except DiskFull:
            answers["507"] += 1
        time.sleep(0.2)
    why = client.job(job).job.why
    filler.unlink()
    with suppress(Exception):
        client.change(job, "resume")
    freed = time.monotonic()
    end = _until(lambda: client.job(job), lambda detail: detail.job.state in ("completed", "failed"))
    print(f"{state:10} {dict(answers)}, said: {why or 'nothing'}; {end.job.state} {time.monotonic() - freed:.1f} s after there was room")
    return end.job.state == "completed" and not answers["done"]


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            with suppress(OSError):
                while file.tell() < _LARGEST_BYTES:
                    file.write(bytes(size))


def _until(look: Callable[[], JobDetail], enough: Callable[[JobDetail], bool]) -> JobDetail:
    ends = time.monotonic() + _LONGEST_S
    while not enough(detail := look()):
        if time.monotonic() > ends:
            sys.exit(f"It hangs: {detail.shots[0].state}, {detail.shots[0].why}")
        time.sleep(0.1)
    return detail
