"""`heygem submit`, `jobs`, `watch` and `cancel`: gives the running server jobs and follows them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from heygem_core.errors import SpecError
from heygem_core.messages import here, plain, tell
from heygem_core.printable import printable, printable_json
from heygem_core.shot import RenderSettings, to_json

from .job_tables import all_shots_table, duration, jobs_table, print_table, shots_table, shown, stage_word, state_word
from .options import add_option, add_options, struct_of

if TYPE_CHECKING:
    from ..client import Client
    from ..wire import JobDetail, ProgressNow

_T = TypeVar("_T")

_UNFINISHED = ("queued", "active", "paused")
_MOST_JOBS = 200


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _add_submit(commands)
    listing = commands.add_parser("jobs", help="list the server's jobs", description="Lists jobs of the running server, newest first.")
    listing.add_argument("--all", action="store_true", help="also those that have ended")
    shown_as = listing.add_mutually_exclusive_group()
    shown_as.add_argument("--json", action="store_true", help="print the server's answer as it is")
    shown_as.add_argument("--watch", action="store_true", help="show every shot of the unfinished jobs until all have ended")
    watch = commands.add_parser(
        "watch", help="follow a job until it ends", description="Follows a job; the exit code is 0 if all its shots are done."
    )
    watch.add_argument("job", metavar="JOB", help="its id, as `heygem jobs` lists it")
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
        detail = with_consent(client, lambda: client.submit(request))
        print(detail.job.id, flush=True)
        return follow(client, detail.job.id) if options.watch else 0


def with_consent(client: Client, ask: Callable[[], _T]) -> _T:
    """What is asked of the server, again after whoever sits at the terminal has allowed it a folder. Raises: as `ask`."""
    from ..errors import NotAllowedFolder

    while True:
        try:
            return ask()
        except NotAllowedFolder as error:
            folder = str(error.said.params.get("folder") or "")
            if not folder or not sys.stdin.isatty():
                raise
            print(here(tell("cli.allow-folder", folder=folder)), end=" ", file=sys.stderr, flush=True)
            if not sys.stdin.readline().strip().lower().startswith(("y", "是")):
                raise
            client.allow(folder)


def _list(options: argparse.Namespace) -> int:
    from ..client import Client

    with Client.connect(options.data) as client:
        if options.watch:
            return follow_all(client)
        page = client.jobs(states=() if options.all else _UNFINISHED, limit=_MOST_JOBS)
    if options.json:
        print(printable_json(to_json(page)))
        return 0
    if page.jobs:
        print_table(jobs_table(page.jobs))
    else:
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
            print(f"{printable(job)} {state_word(client.change(job, 'cancel').state)}")
    return 0


def follow(client: Client, job: str) -> int:
    """Shows how a job goes until it ends; 0 if all its shots are done, 1 otherwise.

    A terminal gets a table of all shots that is drawn over, anything else a line every ten seconds.
    """
    from ..wire import Happened, ProgressNow, Snapshot

    detail, now = client.job(job), dict[str, ProgressNow]()
    with shown(shots_table(detail, now)) as show:
        for message in client.events():
            if isinstance(message, Snapshot) or (isinstance(message, Happened) and message.job is not None and message.job.id == job):
                detail = client.job(job)
            if isinstance(message, ProgressNow) and message.job == job:
                now[message.shot] = message
                show(shots_table(detail, now), _progress(message))
            if detail.job.state not in _UNFINISHED:
                break
    return _report(detail)


def follow_all(client: Client) -> int:
    """Shows how all unfinished jobs go, those too that come meanwhile, until none is left; 0 if all their shots are done, 1 otherwise."""
    from ..wire import Happened, ProgressNow, Snapshot

    details, now = _unfinished(client), dict[str, ProgressNow]()
    if not details:
        print(here(tell("cli.no-unfinished-jobs")))
        return 0
    with shown(all_shots_table(details.values(), now)) as show:
        for message in client.events():
            if isinstance(message, Snapshot):
                details = {name: client.job(name) for name in {**details, **_unfinished(client)}}
            elif isinstance(message, Happened) and message.job is not None:
                details[message.job.id] = client.job(message.job.id)
            elif isinstance(message, ProgressNow):
                now[message.shot] = message
            show(all_shots_table(details.values(), now), _progress(message) if isinstance(message, ProgressNow) else "")
            if not any(detail.job.state in _UNFINISHED for detail in details.values()):
                break
    return max([_report(detail) for detail in details.values()])


def _unfinished(client: Client) -> dict[str, JobDetail]:
    return {job.id: client.job(job.id) for job in client.jobs(states=_UNFINISHED, limit=_MOST_JOBS).jobs}


def _report(detail: JobDetail) -> int:
    for shot in detail.shots:
        for take in shot.takes[-1:]:
            print(printable(take.path))
        if shot.state != "done":
            why = "" if shot.why is None else here(shot.why_message or plain(shot.why))
            ended = here(tell("jobs.shot-ended", shot=printable(shot.name), state=state_word(shot.state), why=why))
            print(f"heygem: {ended}".rstrip(), file=sys.stderr)
    return 0 if all(shot.state == "done" for shot in detail.shots) else 1


def _progress(now: ProgressNow) -> str:
    done, total = now.job_frames_done, now.job_frames_total
    frames = tell("jobs.frames-so-far", done=done) if total is None else tell("jobs.frames", done=done, total=total)
    parts = [stage_word(now.stage), here(frames)]
    if now.fps is not None:
        parts.append(f"{now.fps:.1f} fps")
    if now.job_eta_s is not None:
        parts.append(here(tell("jobs.left", time=duration(now.job_eta_s))))
    return "  ".join(parts)
