"""`heygem submit`, `jobs`, `watch` and `cancel`: gives the running server jobs and follows them."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.errors import SpecError
from heygem_core.messages import here, plain, tell
from heygem_core.printable import printable, printable_json
from heygem_core.shot import RenderSettings, to_json

from .options import add_option, add_options, struct_of

if TYPE_CHECKING:
    from ..client import Client
    from ..wire import JobDetail, JobView, ProgressNow

_UNFINISHED = ("queued", "active", "paused")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _add_submit(commands)
    listing = commands.add_parser("jobs", help="list the server's jobs", description="Lists jobs of the running server, newest first.")
    listing.add_argument("--all", action="store_true", help="also those that have ended")
    listing.add_argument("--json", action="store_true", help="print the server's answer as it is")
    watch = commands.add_parser(
        "watch", help="follow a job until it ends", description="Follows a job; the exit code is 0 if all its shots are done."
    )
    watch.add_argument("job", metavar="JOB")
    cancel = commands.add_parser("cancel", help="call a job off", description="Calls off what has not ended; finished takes stay.")
    cancel.add_argument("jobs", metavar="JOB", nargs="+")
    for parser, run in ((listing, _list), (watch, _watch), (cancel, _cancel)):
        parser.add_argument(
            "--data", type=Path, metavar="DIR", help="data folder of the server, or a pass of one on another machine (default: this user's)"
        )
        parser.set_defaults(run=run)


def _add_submit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from ..wire import JobRequest

    parser = commands.add_parser(
        "submit", help="give the server a job", description="Queues a render of each VIDEO with each SPEECH and prints the job's id."
    )
    parser.add_argument("videos", metavar="VIDEO", nargs="+")
    parser.add_argument("--audio", metavar="SPEECH", nargs="+", required=True, help="one or several files with sound")
    parser.add_argument("--in-order", action="store_true", help="the first speech on the first video, and so on, instead of each on each")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where takes go (default: the server's takes folder)")
    add_options(parser, JobRequest, ("name", "priority"))
    add_options(parser, RenderSettings, ("engine",))
    add_option(parser, RenderSettings, "format", help="how takes are written (default: H.264; ProRes for patches and transparent sources)")
    add_options(parser, RenderSettings, ("fit", "kind"))
    parser.add_argument("--upload", action="store_true", help="send the files, for a server on another machine")
    parser.add_argument("--watch", action="store_true", help="follow the job until it ends")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder of the server, or a pass of one on another machine (default: this user's)"
    )
    parser.set_defaults(run=_submit)


def _submit(options: argparse.Namespace) -> int:
    from ..client import Client
    from ..wire import Batch, JobRequest, MediaRef, Origin

    with Client.connect(options.data) as client:

        def media_ref(path: str) -> MediaRef:
            if not Path(path).is_file():
                raise SpecError("file.unknown-path", path=path)
            return MediaRef(upload=client.upload(Path(path)).id) if options.upload else MediaRef(path=str(Path(path).resolve()))

        batch = Batch(
            videos=tuple(map(media_ref, options.videos)),
            speeches=tuple(map(media_ref, options.audio)),
            pairing="in-order" if options.in_order else "each",
        )
        folder = None if options.folder is None else str(options.folder.resolve())
        request = struct_of(
            JobRequest,
            options,
            batch=batch,
            settings=struct_of(RenderSettings, options),
            folder=folder,
            origin=Origin(kind="cli"),
        )
        detail = client.submit(request)
        print(detail.job.id, flush=True)
        return follow(client, detail.job.id) if options.watch else 0


def _list(options: argparse.Namespace) -> int:
    from ..client import Client

    with Client.connect(options.data) as client:
        page = client.jobs(states=() if options.all else _UNFINISHED, limit=200)
    if options.json:
        print(printable_json(to_json(page)))
        return 0
    for job in page.jobs:
        print(f"{job.id}  {job.state:9}  {job.shots_done}/{job.shots_total} shots  {_percent_done(job):>4}  {printable(job.name)}")
    if not page.jobs:
        print(here(tell("cli.no-jobs" if options.all else "cli.no-unfinished-jobs")))
    return 0


def _watch(options: argparse.Namespace) -> int:
    from ..client import Client

    with Client.connect(options.data) as client:
        return follow(client, options.job)


def _cancel(options: argparse.Namespace) -> int:
    from ..client import Client

    with Client.connect(options.data) as client:
        for job in options.jobs:
            print(f"{printable(job)} {client.change(job, 'cancel').state}")
    return 0


def follow(client: Client, job: str) -> int:
    """Prints how a job goes until it ends; 0 if all its shots are done, 1 otherwise."""
    from ..wire import Happened, ProgressNow, Snapshot

    detail = client.job(job)
    line = _StatusLine()
    for message in client.events():
        if isinstance(message, Snapshot) or (isinstance(message, Happened) and message.job is not None and message.job.id == job):
            detail = client.job(job)
        if isinstance(message, ProgressNow) and message.job == job:
            line.show(_progress(message))
        if detail.job.state not in _UNFINISHED:
            break
    line.end()
    return _report(detail)


def _report(detail: JobDetail) -> int:
    for shot in detail.shots:
        for take in shot.takes[-1:]:
            print(printable(take.path))
        if shot.state != "done":
            why = "" if shot.why is None else here(shot.why_message or plain(shot.why))
            print(f"heygem: {printable(shot.name)}: {shot.state}. {why}".rstrip(), file=sys.stderr)
    return 0 if all(shot.state == "done" for shot in detail.shots) else 1


def _progress(now: ProgressNow) -> str:
    of = "" if now.job_frames_total is None else f"/{now.job_frames_total}"
    speed = "" if now.fps is None else f"  {now.fps:.1f} fps"
    left = "" if now.job_eta_s is None else f"  {_duration(now.job_eta_s)} left"
    return f"{now.stage}  {now.job_frames_done}{of} frames{speed}{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _percent_done(job: JobView) -> str:
    return f"{job.frames_done / job.frames_total:.0%}" if job.frames_total else ""


class _StatusLine:
    """One line of a terminal that is written over; elsewhere a line every ten seconds."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._last = 0.0

    def show(self, text: str) -> None:
        if self._is_terminal:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last > 10:
            self._last = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
