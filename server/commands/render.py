"""`heygem render`: makes a take of one video and one speech."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing

from heygem_core.errors import HeygemError, SpecError
from heygem_core.media.deliverables import by_suffix
from heygem_core.messages import here, message_of, tell
from heygem_core.options import options_of
from heygem_core.printable import printable, printable_json
from heygem_core.shot import Event, Finished, Notice, Progress, RenderSettings, RenderTask, Shot, to_json
from heygem_core.tasks.run import failure_of

from .options import add_option, add_options, speed, struct_of
from .verbose import add_verbose

_STAGES = {
    "probe": "cli.stage-probe",
    "track": "cli.stage-track",
    "speech": "cli.stage-speech",
    "generate": "cli.stage-generate",
    "plan": "cli.stage-plan",
    "render": "cli.stage-render",
    "measure": "cli.stage-measure",
    "finish": "cli.stage-finish",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    written = ", ".join(f"{suffix} ({row.title})" for suffix, row in by_suffix().items())
    parser = commands.add_parser("render", help="make a clip say new speech", description="Makes the person in VIDEO say SPEECH.")
    parser.add_argument("video", metavar="VIDEO", help="a video or a still picture")
    parser.add_argument("--audio", metavar="SPEECH", required=True, help="any file with sound: the new speech")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help=f"the take: {written}")
    # Frames are read when the rate of the video is known.
    add_option(parser, Shot, "start", help="first frame: a frame number or a timecode", read=str)
    add_option(parser, Shot, "end_exclusive", help="one past the last frame: a frame number or a timecode", read=str)
    add_options(parser, Shot, ("speech_start", "speech_end"))
    add_option(parser, Shot, "speech_channels", read=int)
    add_option(parser, Shot, "source_channels", read=int)
    add_option(parser, Shot, "speed", help="of the picture: 2 or 200% = twice as fast, -1 = backwards", read=speed)
    add_option(parser, Shot, "keep", help="leave these frames alone (numbers or timecodes, B not included); may be repeated")
    add_options(parser, Shot, ("face",))
    add_options(parser, RenderSettings, options_of(RenderSettings))
    parser.add_argument(
        "--no-audio", dest="sound", action="store_const", const="none", default=argparse.SUPPRESS, help="the same as --sound none"
    )
    parser.add_argument("--matte", metavar="FILE", help="also write where pixels changed, as a grey video")
    parser.add_argument("--json", action="store_true", help="print progress as JSON lines instead of a bar")
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from heygem_core.rendering.render import render

    try:
        task = RenderTask(shot=_shot(options), settings=struct_of(RenderSettings, options), output=options.output, matte=options.matte)
        with closing(render(task)) as events:
            if options.json:
                for event in events:
                    print(printable_json(to_json(event)), flush=True)
            else:
                show_events(events)
    except HeygemError as error:
        if options.json:
            print(printable_json(to_json(failure_of(error))), flush=True)
        raise
    return 0


def _shot(options: argparse.Namespace) -> Shot:
    """Frames become numbers; the video is opened only where some are given."""
    frames = {name: getattr(options, name) for name in ("start", "end_exclusive", "keep") if hasattr(options, name)}
    if frames:
        from heygem_core.media.probe import probe
        from heygem_core.media.timecode import frame_number

        info = probe(options.video, deinterlace=getattr(options, "deinterlace", False))

        def frame(text: str) -> int:
            return frame_number(text.strip(), info.rate, info.start_timecode, counting=info.timecode_rate)

        for name, text in frames.items():
            ranges = tuple((frame(first), frame(last)) for first, last in map(_ends, text)) if name == "keep" else None
            setattr(options, name, frame(text) if ranges is None else ranges)
    return struct_of(Shot, options, video=options.video, speech=options.audio)


def _ends(text: str) -> tuple[str, str]:
    first, dash, last = text.partition("-")
    if not dash:
        raise SpecError("cli.keep-two-ends", text=text)
    return first, last


def show_events(events: Iterator[Event]) -> None:
    """A bar on a terminal, and what the user should know as sentences."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:17}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} frames  {task.fields[speed]}"),
    )
    notices, finished = [], None
    with Bar(*columns, console=console, transient=True) as bar:
        line = bar.add_task(here(tell("cli.stage-probe")), total=1, speed="")
        for event in events:
            if isinstance(event, Progress):
                bar.update(
                    line,
                    description=here(tell(_STAGES[event.stage])),
                    completed=event.done,
                    total=event.total or max(event.done, 1),
                    speed=_speed(event),
                )
            elif isinstance(event, Notice):
                notices.append(here(message_of(event)))
            elif isinstance(event, Finished):
                finished = event
    for notice in notices:
        console.print(here(tell("cli.note", notice=notice)), highlight=False, markup=False)
    if finished is not None:
        print(printable(finished.output))
        console.print(here(tell("cli.report", path=finished.report)), highlight=False, markup=False, soft_wrap=True)
    sys.stdout.flush()


def _speed(event: Progress) -> str:
    if event.fps is None:
        return ""
    left = "" if event.eta_s is None else f", {int(event.eta_s // 60)}:{int(event.eta_s % 60):02d} left"
    return f"{event.fps:.1f} fps{left}"
