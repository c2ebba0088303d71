"""`heygem export ojd JOB`: writes a job's segments as an Open Job Description template, for a studio's own farm."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from heygem_core.errors import OutputError
from heygem_core.messages import here, tell
from heygem_core.storage.os_errors import why


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("export", help="write a job for another queue", description="Writes a job for another queue than ours.")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    ojd = kinds.add_parser(
        "ojd",
        help="as Open Job Description",
        description="Writes segments and joins of a job as an Open Job Description template.",
    )
    ojd.add_argument("job", metavar="JOB", help="its id, as `heygem jobs` lists it; all its shots must be planned")
    ojd.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: JOB.template.json in this folder")
    ojd.add_argument("--data", type=Path, metavar="DIR", help="data folder of the server, or a pass of one on another machine")
    ojd.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from ..client import Client

    with Client.connect(options.data) as client:
        made = client.open_job(options.job)
    file = options.output or Path(f"{options.job}.template.json")
    try:
        file.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError("ojd.not-written", path=file, why=why(error, file.parent)) from error
    print(here(tell("ojd.written", file=file)))
    return 0
