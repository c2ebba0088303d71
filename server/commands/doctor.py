"""`heygem doctor`: says what works on this machine, or writes that and more into a file for a bug report."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.printable import printable_lines

if TYPE_CHECKING:
    from heygem_core.doctor import Finding

_MARKS = {True: "ok", False: "NO", None: "--"}


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
        print(f"{path} is written: look into it, then send it with what you did and what you saw.")
        return 0
    from heygem_core.doctor import examine

    broken = False
    for finding in chain(examine(), _timeline_formats()):
        print(f"{_MARKS[finding.works]:3} {finding.area:14} {printable_lines(finding.text)}", flush=True)
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
            yield Finding(area="timelines", works=False, text=str(error))
            continue
        can = " and ".join(word for word, function in (("read", row.read), ("written", row.write)) if function is not None)
        yield Finding(area="timelines", works=True, text=f"{row.title} ({', '.join(row.suffixes)}) can be {can}.")
