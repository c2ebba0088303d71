"""`heygem doctor`: says what works on this machine, or writes that and more into a file for a bug report."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.messages import here, language_here, say, tell
from heygem_core.printable import printable_lines

from .columns import padded

if TYPE_CHECKING:
    from heygem_core.doctor import Finding

_MARKS = {True: "doctor.mark-works", False: "doctor.mark-broken", None: "doctor.mark-optional"}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor", help="say what works on this machine", description="Looks at graphics cards, formats, trackers and models."
    )
    parser.add_argument(
        "--report",
        nargs="?",
        const="",
        metavar="FILE",
        help="write a file to send with a bug report (.zip): versions, devices, settings without secrets, caches, "
        "the end of the server's log",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.report is not None:
        from .bug_report import default_name, write_report

        path = Path(options.report) if options.report else default_name()
        write_report(path)
        print(here(tell("doctor.report-written", path=path)))
        return 0
    from heygem_core.doctor import examine

    broken, language = False, language_here()
    for finding in chain(examine(), _timeline_formats()):
        mark, area = say(tell(_MARKS[finding.works]), language), say(tell(finding.area), language)
        print(f"{padded(mark, 3)} {padded(area, 14)} {printable_lines(say(finding.message, language))}", flush=True)
        broken |= finding.works is False
    return 6 if broken else 0


def _timeline_formats() -> Iterator[Finding]:
    from heygem_core.doctor import Finding
    from heygem_core.errors import SetupError

    from ..timeline.formats.registry import FORMATS

    for name in FORMATS.names():
        try:
            row = FORMATS.get(name)
        except SetupError as error:
            yield Finding(area="doctor.area-timelines", works=False, message=error.said)
            continue
        code = "doctor.timeline-both" if row.read and row.write else "doctor.timeline-read" if row.read else "doctor.timeline-written"
        yield Finding(area="doctor.area-timelines", works=True, message=tell(code, format=row.title, suffixes=row.suffixes))
