"""`heygem install`: puts the panels where the editors look for them, starts the server at login, and takes all of it away again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.printable import printable

from ..hosts.installation import is_rest, parts_of, programs_of, standings, targets

if TYPE_CHECKING:
    from heygem_plugins.installing.machine import Machine

    from ..hosts.editors import Installer

_ALL = "all"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    known = targets()
    words = "\n".join(f"  {name:9} {one.what}" for name, one in known.items())
    parser = commands.add_parser(
        "install",
        help="put the panels into the editors",
        description=f"Puts one of these on this machine, for this user:\n{words}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", choices=(*known, _ALL), metavar="|".join(known), help="with --status it may be left out: all of them")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--uninstall", action="store_true", help="take it away again")
    words = "only say what is there; with a target, exit code 1 if something is missing or old"
    modes.add_argument("--status", action="store_true", help=words)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.set_defaults(run=run, refuse=parser.error)


def with_target(arguments: Sequence[str]) -> list[str]:
    """`heygem install --status` asks about all: the target may be left out where nothing is changed."""
    given = list(arguments)
    about = given[1:] if given[:1] == ["install"] else []
    return [*given, _ALL] if about == ["--status"] else given


def run(options: argparse.Namespace) -> int:
    from heygem_core.machine.python_process import python_module
    from heygem_plugins.installing.machine import Machine

    from ..settings import read_settings

    machine = Machine(data_folder=Path(read_settings().data_folder), command=tuple(python_module("heygem_server.cli")))
    if options.target == _ALL:
        if not options.status:
            options.refuse(f"{_ALL} goes with --status alone: install one of {', '.join(targets())}")
        return tell_all(machine)
    return carry_out(options.target, machine, uninstall=options.uninstall, status=options.status, dry_run=options.dry_run)


def tell_all(machine: Machine) -> int:
    for one in standings(machine):
        print(f"{one.name:9} {one.state}: {one.title}")
        for program in one.found:
            print(f"          found {printable(program)}")
        for words in (one.why, one.next_step):
            if words:
                print(f"          {words}")
    return 0


def carry_out(target: str, machine: Machine, *, uninstall: bool = False, status: bool = False, dry_run: bool = False) -> int:
    """Installs a target, takes it away or says what is there.

    Exit code: 0, 1 = `--status` found something missing, 5 = something could not be written. Raises: SetupError.
    """
    from heygem_core.errors import OutputError
    from heygem_core.storage.os_errors import why

    found = targets()[target]
    parts = parts_of(found, machine)
    if not uninstall:
        parts = [part for part in parts if not is_rest(part)]
        for program in programs_of(found, machine):
            print(f"found {printable(program)}")
        if found.programs and not programs_of(found, machine):
            print("No program of it was found where its makers install it; the panel waits for it.")
    states = [(part, part.state(machine)) for part in parts]
    if status:
        for part, state in states:
            print(f"{state:9} {printable(part.what)}")
        return 0 if all(state == "present" for _, state in states) else 1
    wanted = [part for part, state in states if state != ("absent" if uninstall else "present")]
    for part in reversed(wanted) if uninstall else wanted:
        print(f"{'would ' if dry_run else ''}{'remove' if uninstall else 'install'} {printable(part.what)}")
        if dry_run:
            continue
        try:
            part.take(machine) if uninstall else part.put(machine)
        except OSError as error:
            raise OutputError("install.not-changed", what=part.what, why=why(error)) from error
    failed = [] if dry_run or uninstall else [part for part in wanted if part.state(machine) != "present"]
    for part in failed:
        print(f"not done: {printable(part.what)}", file=sys.stderr)
    if not wanted:
        print("Nothing to do.")
    elif not dry_run:
        print(_next_step(target, found, uninstall))
    return OutputError.exit_code if failed else 0


def _next_step(target: str, found: Installer, uninstall: bool) -> str:
    if uninstall:
        return "Restart the editor." if target != "service" else "The server no longer starts at login."
    return found.next_step
