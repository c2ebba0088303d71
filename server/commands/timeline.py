"""`heygem timeline`: renders the clips of a timeline file without an editor and writes the timeline with the takes."""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from heygem_core.errors import Cancelled, HeygemError, OutputError, SpecError
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.messages import Message, here, plain, tell, with_codes
from heygem_core.printable import printable, printable_json, printable_lines
from heygem_core.shot import RenderSettings, RenderTask, to_json

from .options import add_option, add_options, struct_of

if TYPE_CHECKING:
    from rich.table import Table

    from ..timeline.child_specs import CueSheet
    from ..timeline.conform_types import Conformed, FinishedTake, MediaFacts, Selection, TimelineShot

_TAKE_FORMAT = "prores"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from ..timeline.child_specs import PublishSpec
    from ..timeline.conform_types import Selection
    from ..timeline.formats.registry import readable, suffixes_of, writable

    written = writable()
    parser = commands.add_parser(
        "timeline",
        help="render a whole timeline file",
        description="Renders the clips of a timeline that speech lies under, and writes the timeline with the takes in their places.",
    )
    parser.add_argument("timeline", metavar="IN", help=f"a timeline file: {suffixes_of(readable())}")
    parser.add_argument("-o", "--output", metavar="OUT", help=f"the timeline with the takes: {suffixes_of(written)}")
    add_options(parser, Selection, ("speech_tracks", "speech", "speech_from"))
    add_option(parser, Selection, "speech_channels", read=int)
    add_options(parser, Selection, ("tracks",))
    add_option(parser, Selection, "ranges", help="only these frames of the timeline, such as 120-480; may be repeated")
    add_options(parser, Selection, ("markers", "handles"))
    parser.add_argument(
        "--cues", metavar="SHEET", help="the new speech as a cue sheet: CSV, or SRT or WebVTT beside a folder of recordings"
    )
    parser.add_argument("--lines", metavar="FOLDER", help="the recordings of --cues (default: the sheet's own folder)")
    parser.add_argument(
        "--cast", metavar="CSV", help="for --cues: which face each character has (columns character, face and perhaps file)"
    )
    add_options(parser, PublishSpec, ("music_effects", "mode"))
    parser.add_argument("--format", dest="timeline_format", choices=sorted(written), help="of OUT (default: by its suffix)")
    parser.add_argument("--rate", type=_rate, metavar="FPS", help="of the timeline, where the file does not say: 25, 23.976, 24000/1001")
    parser.add_argument("--root", action="append", default=[], metavar="FOLDER", help="where media are searched by name")
    parser.add_argument("--map", action="append", default=[], metavar="FROM=TO", help="a folder of another machine and where it is here")
    parser.add_argument("--takes-folder", metavar="FOLDER", help="where takes go (default: a folder beside OUT)")
    add_option(parser, RenderSettings, "format", flag="--take-format", help="how takes are written", default=_TAKE_FORMAT)
    add_option(parser, RenderSettings, "kind", help="whole frames, or only what changed with alpha, for --mode track")
    add_options(parser, RenderSettings, ("intensity", "offset_ms", "device"))
    parser.add_argument("--dry-run", action="store_true", help="only show what would be rendered")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from ..timeline.child_process import conform_blocking, publish_blocking
    from ..timeline.child_specs import ConformSpec, PublishSpec

    selection, takes_folder = _selection(options), _takes_folder(options)
    spec = ConformSpec(
        source=os.path.abspath(options.timeline),
        rate=options.rate,
        selection=selection,
        searched=tuple(str(Path(root).absolute()) for root in options.root),
        path_maps=tuple(_path_map(text) for text in options.map),
        cues=_cue_sheet(options),
        mixes=None if options.dry_run else str(takes_folder / "speech"),
    )
    found = conform_blocking(spec)
    if options.dry_run:
        _show(found, as_json=options.json)
        return 0
    takes, failed = _render_all(found, options, takes_folder)
    if takes:
        _list_takes(takes, takes_folder)
        written = publish_blocking(
            struct_of(
                PublishSpec,
                options,
                source=os.path.abspath(options.timeline),
                rate=options.rate,
                takes=tuple(takes),
                cues=found.cues,
                output=str(Path(options.output).absolute()),
                output_format=options.timeline_format,
            )
        )
        _say(*_here(written.notices, written.notice_messages))
        print(printable_json(to_json(written)) if options.json else printable(written.output), flush=True)
    for error in failed:
        _say(here(error.said))
    if not takes and not failed:
        raise SpecError("cli.timeline-nothing-chosen")
    return failed[0].exit_code if failed else 0


def _selection(options: argparse.Namespace) -> Selection:
    """Raises: SpecError."""
    from ..timeline.conform_types import Selection

    if hasattr(options, "ranges"):
        options.ranges = [_range(text) for text in options.ranges]
    selection = struct_of(Selection, options)
    if selection.speech_channels and (selection.speech is None or options.cues is not None):
        raise SpecError("cli.only-with-speech", option="--speech-channel")
    if options.cues is not None:
        return msgspec.structs.replace(selection, speech=None, speech_tracks=())
    if selection.speech is None and not selection.speech_tracks:
        raise SpecError("cli.timeline-no-speech")
    if selection.speech is None:
        return selection
    return msgspec.structs.replace(selection, speech=str(Path(selection.speech).absolute()), speech_tracks=())


def _cue_sheet(options: argparse.Namespace) -> CueSheet | None:
    """Raises: SpecError — what belongs to a sheet without one."""
    from ..timeline.child_specs import CueSheet

    if options.cues is None:
        for name in ("lines", "cast"):
            if getattr(options, name) is not None:
                raise SpecError("cli.only-with-cues", option=f"--{name}")
        return None
    paths = {name: None if (path := getattr(options, name)) is None else os.path.abspath(path) for name in ("cues", "lines", "cast")}
    return CueSheet(path=paths["cues"] or "", lines=paths["lines"], cast=paths["cast"])


def _takes_folder(options: argparse.Namespace) -> Path:
    """Raises: SpecError, OutputError — before the long work."""
    from ..timeline.bundles import BUNDLES, is_bundle
    from ..timeline.formats.writing import output_format

    if options.dry_run:
        return Path()
    if options.output is None:
        raise SpecError("cli.timeline-no-output")
    output = Path(options.output).absolute()
    if not (output.suffix.lower() in BUNDLES and is_bundle(Path(options.timeline))):
        output_format(output, options.timeline_format)
    if not output.parent.is_dir():
        raise OutputError("cli.timeline-no-folder", folder=output.parent)
    if output == Path(options.timeline).absolute():
        raise OutputError("cli.timeline-overwrites")
    return Path(options.takes_folder).absolute() if options.takes_folder else output.with_name(f"{output.stem} takes")


def _render_all(found: Conformed, options: argparse.Namespace, folder: Path) -> tuple[list[FinishedTake], list[HeygemError]]:
    """Every shot; one that fails costs itself alone."""
    from ..timeline.facts import FactsChild

    suffix = DELIVERABLES.get(_settings(options).format or _TAKE_FORMAT).suffixes[0]
    takes: list[FinishedTake] = []
    failed: list[HeygemError] = []
    folder.mkdir(parents=True, exist_ok=True)
    _say(*_here(found.notices, found.notice_messages))
    with FactsChild() as facts:
        for number, row in enumerate(found.shots, 1):
            if row.shot is None:
                if row.error_message is not None:
                    failed.append(HeygemError(row.error_message))
                else:
                    failed.append(
                        SpecError("clip.to-export", clip=row.clip, timecode=row.timecode_in, reason=row.needs_host_export_message)
                    )
                continue
            _say(f"{number}/{len(found.shots)}  {row.clip}  {row.timecode_in}–{row.timecode_out}", *_here(row.notices, row.notice_messages))
            try:
                path = _free_name(folder, row, suffix)
                _render(row, path, options)
                known = facts(path)
                takes.append(_finished(row, path, known, options))
            except Cancelled:
                raise
            except HeygemError as error:
                failed.append(type(error)(tell("clip.at-sentence", clip=row.clip, timecode=row.timecode_in, reason=error)))
    return takes, failed


def _list_takes(takes: Sequence[FinishedTake], folder: Path) -> None:
    """Where each take goes, for scripts within editors: a line each, its parts between tabs.

    The track of its clip, start and length on the timeline (frames from its beginning), first frame and frames of the file, and the file.
    """
    lines = []
    for take in takes:
        place, before = take.shot.placement, take.shot.handles_before
        shown = take.frames - before - take.shot.handles_after
        lines.append("\t".join(map(str, (place.track, place.record_start, place.record_duration, before, shown, take.path))))
    (folder / "takes.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _render(row: TimelineShot, path: Path, options: argparse.Namespace) -> None:
    from heygem_core.rendering.render import render

    from .render import show_events

    assert row.shot is not None
    with closing(render(RenderTask(shot=row.shot, settings=_settings(options), output=str(path)))) as events:
        if options.json:
            for event in events:
                print(printable_json(to_json(event)), flush=True)
        else:
            show_events(events)


def _settings(options: argparse.Namespace) -> RenderSettings:
    """Without sound: a placed file with sound would take the dialogue's place."""
    return struct_of(RenderSettings, options, fit="hold", sound="none", format=_TAKE_FORMAT)


def _finished(row: TimelineShot, path: Path, known: MediaFacts, options: argparse.Namespace) -> FinishedTake:
    from ..timeline.conform_types import FinishedTake, simple_settings

    rate = known.rate or row.take_rate
    if rate is None or not known.frames:
        raise OutputError("take.no-frame-rate", file=path.name)
    return FinishedTake(
        shot=row,
        path=str(path),
        take=uuid.uuid4().hex[:12],
        version=len(row.versions) + 1,
        frames=known.frames,
        rate=rate,
        start_timecode=known.start_timecode,
        settings=simple_settings(_settings(options)),
    )


def _free_name(folder: Path, row: TimelineShot, suffix: str) -> Path:
    """A name that says clip, place and version, and is not taken: no take is ever overwritten."""
    stem = "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in Path(row.clip).stem)[:60].strip() or "clip"
    place = row.timecode_in.replace(":", "-").replace(";", "-")
    numbers: Iterator[int] = iter(range(len(row.versions) + 1, 10_000))
    return next(path for number in numbers if not (path := folder / f"{stem}_{place}_v{number:02d}{suffix}").exists())


def _show(found: Conformed, *, as_json: bool) -> None:
    if as_json:
        print(printable_json(to_json(found)))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table("#", "clip", "track", "in", "out", "frames", "of the media", "speech", "then")
    for number, row in enumerate(found.shots, 1):
        shot = row.shot
        state = here(_state(row))
        handles = f" +{row.handles_before}/{row.handles_after}" if row.handles_before or row.handles_after else ""
        speed = f" ×{float(shot.speed):g}" if shot is not None and shot.speed != 1 else ""
        table.add_row(
            str(number),
            escape(printable(row.clip)),
            f"V{row.placement.track}",
            row.timecode_in,
            row.timecode_out,
            str(row.placement.record_duration),
            "" if shot is None else f"{shot.start}–{shot.end_exclusive}{handles}{speed}",
            escape(_speech(row)),
            escape(state),
        )
    console.print(table, highlight=False)
    if found.cues:
        console.print(_cue_table(found), highlight=False)
    for skipped in found.skipped:
        left = tell("cli.left-alone", clip=skipped.clip, timecode=skipped.timecode, reason=skipped.why_message or plain(skipped.why))
        console.print(here(left), highlight=False, markup=False)
    for notice in with_codes(found.notices, found.notice_messages):
        console.print(here(tell("cli.note", notice=notice)), highlight=False, markup=False)


def _cue_table(found: Conformed) -> Table:
    """The lines of the cue sheet, and what each is laid under."""
    from rich.markup import escape
    from rich.table import Table

    rate = found.sequence.rate
    table = Table("cue", "in", "out", "character", "file", "then")
    for cue in found.cues:
        start, end = (round(time * rate) for time in (cue.start, cue.end if cue.end is not None else cue.start))
        under = [
            row
            for row in found.shots
            if row.placement.record_start < end and start < row.placement.record_start + row.placement.record_duration
        ]
        then = tell("cues.off-screen") if cue.off_screen else tell("cues.under", clips=[row.clip for row in under] or tell("list.none"))
        names = (cue.number, found.sequence.timecode(start), found.sequence.timecode(end), cue.character, Path(cue.file).name, here(then))
        table.add_row(*(escape(printable(name)) for name in names))
    return table


def _speech(row: TimelineShot) -> str:
    """What a clip will say."""
    if row.shot is None:
        return ""
    return f"{len(row.mix)} pieces" if row.mix else f"{printable(Path(row.shot.speech).name)} {float(row.shot.speech_start):+.3f} s"


def _state(row: TimelineShot) -> Message:
    """What becomes of a clip."""
    if row.error_message is not None:
        return row.error_message
    if row.needs_host_export_message is not None:
        return tell("cli.export-from-editor", reason=row.needs_host_export_message)
    return tell("cli.renders")


def _here(sentences: Sequence[str], messages: Sequence[Message]) -> list[str]:
    """In the language of whoever sits at this terminal."""
    return [here(said) for said in with_codes(sentences, messages)]


def _say(*sentences: str) -> None:
    for sentence in sentences:
        print(printable_lines(sentence), file=sys.stderr, flush=True)


def _rate(text: str) -> Fraction:
    from ..timeline.exact_time import exact_rate

    try:
        return Fraction(text) if "/" in text else exact_rate(float(text))
    except (ValueError, ZeroDivisionError, HeygemError):
        raise argparse.ArgumentTypeError(f"“{text}” is no frame rate: write 25, 23.976 or 24000/1001") from None


def _range(text: str) -> tuple[int, int]:
    start, _, end = text.partition("-")
    if not (start.isdigit() and end.isdigit()):
        raise SpecError("cli.no-range", text=text)
    return int(start), int(end)


def _path_map(text: str) -> tuple[str, str]:
    begins, equals, becomes = text.partition("=")
    if not equals or not begins or not becomes:
        raise SpecError("cli.no-folder-map", text=text)
    return begins, becomes
