"""`heygem install`: puts the panels where the editors look for them, starts the server at login, and takes all of it away again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heygem_plugins.installing.machine import Machine

TARGETS = {
    "premiere": "the panel for Premiere Pro (CEP), and the setting that lets Premiere load it unsigned",
    "resolve": "the script for DaVinci Resolve: Workspace > Scripts > Utility > HeyGem Bridge",
    "service": "start the render server at login (panels that cannot start it themselves need this)",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    words = "\n".join(f"  {name:9} {text}" for name, text in TARGETS.items())
    parser = commands.add_parser(
        "install",
        help="put the panels into the editors",
        description=f"Puts one of these on this machine, for this user:\n{words}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", choices=TARGETS, metavar="premiere|resolve|service")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--uninstall", action="store_true", help="take it away again")
    modes.add_argument("--status", action="store_true", help="only say what is there; exit code 1 if something is missing or old")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from heygem_plugins.installing.machine import Machine

    from ..settings import read_settings

    machine = Machine(data_folder=Path(read_settings().data_folder), command=(sys.executable, "-m", "heygem_server.cli"))
    return carry_out(options.target, machine, uninstall=options.uninstall, status=options.status, dry_run=options.dry_run)


def carry_out(target: str, machine: Machine, *, uninstall: bool = False, status: bool = False, dry_run: bool = False) -> int:
    """Installs a target, takes it away or says what is there.

    Exit code: 0, 1 = `--status` found something missing, 5 = something could not be written. Raises: SetupError.
    """
    from heygem_core.errors import OutputError
    from heygem_plugins.installing.targets import parts_of

    parts = parts_of(target, machine)
    states = [(part, part.state(machine)) for part in parts]
    if status:
        for part, state in states:
            print(f"{state:9} {part.what}")
        return 0 if all(state == "present" for _, state in states) else 1
    wanted = [part for part, state in states if state != ("absent" if uninstall else "present")]
    for part in reversed(wanted) if uninstall else wanted:
        print(f"{'would ' if dry_run else ''}{'remove' if uninstall else 'install'} {part.what}")
        if dry_run:
            continue
        try:
            part.take(machine) if uninstall else part.put(machine)
        except OSError as error:
            raise OutputError(f"{part.what} could not be changed: {error.strerror or error}. Close the editor and try again.") from error
    failed = [] if dry_run or uninstall else [part for part in wanted if part.state(machine) != "present"]
    for part in failed:
        print(f"not done: {part.what}", file=sys.stderr)
    if not wanted:
        print("Nothing to do.")
    elif not dry_run:
        print(_next_step(target, uninstall))
    return OutputError.exit_code if failed else 0


def _next_step(target: str, uninstall: bool) -> str:
    if uninstall:
        return "Restart the editor." if target != "service" else "The server no longer starts at login."
    return {
        "premiere": "Restart Premiere, then open Window > Extensions > HeyGem Bridge.",
        "resolve": "Restart Resolve, then open Workspace > Scripts > Utility > HeyGem Bridge. From version 21.1 on this needs the Studio "
        "edition; the free one works with timeline files: File > Export > Timeline (OTIO), then the page's “From a timeline”.",
        "service": "The server starts at each login.",
    }[target]
