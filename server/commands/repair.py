"""`heygem repair`: saves what can be read of a damaged database."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "repair",
        help="save what can be read of a damaged database",
        description="Looks at the render server's database. Where it is damaged, a sound one takes its place, with all that can be read "
        "and what the newest backup still knows; the damaged file is kept beside it. The server must not run. Takes are left alone.",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder of the server")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Raises: Conflict — a server runs; Broken — nothing can be read; Busy — another program holds it; DiskFull, OSError."""
    from heygem_core.messages import here, tell

    from ..errors import AlreadyRunning, Broken, Conflict, NotFound
    from ..settings import read_settings
    from ..single_instance import only_one
    from ..store.refusals import refused_by_database
    from ..store.salvage import salvage
    from ..store.soundness import damage_of

    folder = read_settings({"data_folder": None if options.data is None else str(options.data)}).data_folder
    database = folder / "heygem.sqlite3"
    if not database.is_file():
        raise NotFound("repair.no-database", path=database)
    try:
        with only_one(folder), refused_by_database(database):
            if damage_of(database, within_s=None) is None:
                print(here(tell("repair.is-sound", path=database)))
                return 0
            done = salvage(database)
    except AlreadyRunning:
        raise Conflict("repair.server-runs") from None
    if done is None:
        raise Broken("repair.nothing-readable", path=database)
    counts = {name: done.kept[name] + done.filled.get(name, 0) for name in ("jobs", "shots", "takes")}
    print(here(tell("repair.done", jobs=counts["jobs"], shots=counts["shots"], takes=counts["takes"], aside=done.aside)))
    if done.damaged and done.backup is not None:
        print(here(tell("repair.from-backup", rows=sum(done.filled.values()), backup=done.backup)))
    elif done.damaged:
        print(here(tell("repair.gaps", tables=done.damaged)))
    return 0
