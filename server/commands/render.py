"""`heygem render`: one shot, from two files to a take."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from typing import get_args

from heygem_core.engines.registry import ENGINES
from heygem_core.errors import HeygemError, SpecError
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.shot import (
    DeviceName,
    Event,
    Finished,
    Fit,
    Notice,
    Progress,
    RenderSettings,
    RenderTask,
    Shot,
    Sound,
    TakeKind,
    TrackerName,
    to_json,
)
from heygem_core.tasks.run import failure_of

_STAGES = {
    "probe": "Opening files",
    "track": "Finding the face",
    "speech": "Listening",
    "generate": "Generating",
    "plan": "Planning",
    "render": "Rendering",
    "measure": "Measuring",
    "finish": "Finishing",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    default = RenderSettings()
    parser = commands.add_parser("render", help="make a clip say new speech", description="Makes the person in VIDEO say SPEECH.")
    parser.add_argument("video", metavar="VIDEO", help="a video or a still picture")
    parser.add_argument("--audio", metavar="SPEECH", required=True, help="any file with sound: the new speech")
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, help="the take: .mov (ProRes), .mp4 (H.264), .webm (VP9) or .mkv (FFV1, lossless)"
    )
    parser.add_argument("--in", dest="start", metavar="IN", help="first frame: a frame number or a timecode")
    parser.add_argument("--out", dest="end", metavar="OUT", help="one past the last frame: a frame number or a timecode")
    parser.add_argument(
        "--speech-in",
        type=seconds,
        default=Fraction(0),
        metavar="S",
        help="second of SPEECH that is heard at the first frame (-1 = it begins a second later)",
    )
    parser.add_argument("--speech-out", type=seconds, metavar="S", help="second of SPEECH at which it is cut off")
    parser.add_argument(
        "--speed", type=speed, default=Fraction(1), metavar="X", help="of the picture: 2 or 200%% = twice as fast, -1 = backwards"
    )
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="A-B",
        help="leave these frames alone (numbers or timecodes, B not included); may be repeated",
    )
    parser.add_argument("--face", type=int, metavar="N", help="which face speaks, where there are several (default: the most prominent)")
    parser.add_argument(
        "--fit",
        choices=get_args(Fit),
        default=default.fit,
        help="when lengths differ: cut to the shorter, hold the picture's length, or loop the picture (default: %(default)s)",
    )
    parser.add_argument(
        "--offset", type=float, default=default.offset_ms, metavar="MS", help="move the mouth later (+) or earlier (-), milliseconds"
    )
    parser.add_argument(
        "--intensity", type=float, default=default.intensity, metavar="X", help="0 = mouth stays closed, 1 = as spoken (default), up to 2"
    )
    parser.add_argument(
        "--motion",
        default=default.motion,
        metavar="HEAD",
        help="what listens: auto (default), mel, whisper, or the path of a head you trained",
    )
    parser.add_argument("--speech-encoder", metavar="NAME|PATH", help="the speech encoder that the head was trained on")
    parser.add_argument("--no-adaptation", action="store_true", help="do not learn how this person talks from the clip's own speech")
    parser.add_argument("--style-from", metavar="CLIP", help="learn that from other footage of the person")
    parser.add_argument("--format", choices=DELIVERABLES.names(), help="default: by the suffix of the output")
    parser.add_argument(
        "--kind",
        choices=get_args(TakeKind),
        default=default.kind,
        help="the whole frame (default), or only what changed as a transparent layer for above the original (.mov ProRes 4444 or .mkv)",
    )
    parser.add_argument("--no-synthetic-label", action="store_true", help="do not write into the file that it is synthetic media")
    parser.add_argument(
        "--sign-with",
        nargs=2,
        metavar=("CERT.pem", "KEY.pem"),
        help="sign the take with your own certificate chain and key (C2PA; .mov, .mp4)",
    )
    parser.add_argument("--deinterlace", action="store_true", help="make an interlaced video progressive instead of refusing it")
    parser.add_argument("--engine", choices=ENGINES.names(), default=default.engine, help="default: %(default)s")
    parser.add_argument("--tracker", choices=get_args(TrackerName), default=default.tracker, help="default: %(default)s")
    parser.add_argument("--device", choices=get_args(DeviceName), default=default.device, help="default: the best one that works here")
    parser.add_argument(
        "--sound",
        choices=get_args(Sound),
        default=default.sound,
        help="what is heard: the new speech (default), the source's own sound, both as separate streams, or none, as timelines want it",
    )
    parser.add_argument("--no-audio", dest="sound", action="store_const", const="none", help="the same as --sound none")
    parser.add_argument("--matte", metavar="FILE", help="also write where pixels changed, as a grey video")
    parser.add_argument("--json", action="store_true", help="print progress as JSON lines instead of a bar")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from heygem_core.rendering.render import render

    try:
        task = RenderTask(shot=_shot(options), settings=_settings(options), output=options.output, matte=options.matte)
        with closing(render(task)) as events:
            if options.json:
                for event in events:
                    print(to_json(event).decode(), flush=True)
            else:
                show_events(events)
    except HeygemError as error:
        if options.json:
            print(to_json(failure_of(error)).decode(), flush=True)
        raise
    return 0


def _shot(options: argparse.Namespace) -> Shot:
    start, end = 0, None
    keep: tuple[tuple[int, int], ...] = ()
    if options.start is not None or options.end is not None or options.keep:
        from heygem_core.media.probe import probe
        from heygem_core.media.timecode import frame_number

        info = probe(options.video)

        def frame(text: str) -> int:
            return frame_number(text.strip(), info.rate, info.start_timecode)

        start = 0 if options.start is None else frame(options.start)
        end = None if options.end is None else frame(options.end)
        keep = tuple((frame(first), frame(last)) for first, last in map(_ends, options.keep))
    return Shot(
        video=options.video,
        speech=options.audio,
        start=start,
        end_exclusive=end,
        speech_start=options.speech_in,
        speech_end=options.speech_out,
        speed=options.speed,
        keep=keep,
        face=options.face,
    )


def seconds(text: str) -> Fraction:
    """Of an option: "2.5" or "5/2"."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of seconds, such as 2.5") from None


def speed(text: str) -> Fraction:
    """Of an option: "2", "0.5", "-1" or "50%"."""
    try:
        return Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"“{text}” is not a speed, such as 2, 50% or -1") from None


def _ends(text: str) -> tuple[str, str]:
    first, dash, last = text.partition("-")
    if not dash:
        raise SpecError(f"--keep wants two ends with a dash between, such as 100-150, and got “{text}”.")
    return first, last


def _settings(options: argparse.Namespace) -> RenderSettings:
    return RenderSettings(
        engine=options.engine,
        tracker=options.tracker,
        device=options.device,
        fit=options.fit,
        offset_ms=options.offset,
        intensity=options.intensity,
        motion=options.motion,
        speech_encoder=options.speech_encoder,
        adaptation=not options.no_adaptation,
        style_from=options.style_from,
        format=options.format,
        kind=options.kind,
        label_synthetic=not options.no_synthetic_label,
        sign_with=None if options.sign_with is None else tuple(options.sign_with),
        deinterlace=options.deinterlace,
        sound=options.sound,
    )


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
        line = bar.add_task("Opening files", total=1, speed="")
        for event in events:
            if isinstance(event, Progress):
                bar.update(
                    line,
                    description=_STAGES[event.stage],
                    completed=event.done,
                    total=event.total or max(event.done, 1),
                    speed=_speed(event),
                )
            elif isinstance(event, Notice):
                notices.append(event.message)
            elif isinstance(event, Finished):
                finished = event
    for notice in notices:
        console.print(f"Note: {notice}", highlight=False)
    if finished is not None:
        print(finished.output)
        console.print(f"Report: {finished.report}", highlight=False, soft_wrap=True)
    sys.stdout.flush()


def _speed(event: Progress) -> str:
    if event.fps is None:
        return ""
    left = "" if event.eta_s is None else f", {int(event.eta_s // 60)}:{int(event.eta_s % 60):02d} left"
    return f"{event.fps:.1f} fps{left}"
