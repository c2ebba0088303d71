"""`heygem doctor`: says what works on this machine."""

from __future__ import annotations

import argparse

_MARKS = {True: "ok", False: "NO", None: "--"}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor", help="say what works on this machine", description="Looks at graphics cards, formats, trackers and models."
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from heygem_core.doctor import examine

    broken = False
    for finding in examine():
        print(f"{_MARKS[finding.works]:3} {finding.area:14} {finding.text}", flush=True)
        broken |= finding.works is False
    return 6 if broken else 0
