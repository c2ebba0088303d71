"""The `heygem` command. Each subcommand is a module that adds its options and runs; heavy packages load only when it runs."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from heygem_core.__main__ import cancel_on_signals
from heygem_core.errors import EXIT_BUG, Cancelled, HeygemError
from heygem_core.machine.python_process import collect_less_often
from heygem_core.messages import here, tell
from heygem_core.printable import printable
from heygem_core.storage.os_errors import refused

from .commands import completion, doctor, exporting, farm, install, jobs, measure, models, passing, render, repair, serve, timeline, train
from .commands.verbose import start_verbose
from .errors import ServerError


class _Parser(argparse.ArgumentParser):
    """Repeats words that it does not understand, such as the names of files, so that a terminal obeys nothing of them."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, as the documentation walks it too."""
    parser: argparse.ArgumentParser = _Parser(
        prog="heygem", description="Makes people in real footage say new speech, on your own machine."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in (serve, jobs, exporting, farm, passing, render, timeline, measure, models, train, install, doctor, repair):
        module.add_to(commands)
    completion.add_to(commands, parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code (`heygem_core.errors` lists them)."""
    collect_less_often()
    options = make_parser().parse_args(install.with_target(sys.argv[1:] if arguments is None else arguments))
    cancel_on_signals()
    start_verbose(options)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Cancelled.exit_code
    except (HeygemError, ServerError) as error:
        print(f"heygem: {here(error.said)}", file=sys.stderr)
        return error.exit_code if isinstance(error, HeygemError) else 1
    except OSError as error:
        told = refused(error)
        if told is None:
            return _bug(error)
        print(f"heygem: {here(told.said)}", file=sys.stderr)
        return told.exit_code
    except Exception as error:
        return _bug(error)


def _bug(error: Exception) -> int:
    traceback.print_exception(error)
    print(f"heygem: {here(tell('cli.internal-error', error=error))}", file=sys.stderr)
    return EXIT_BUG


if __name__ == "__main__":
    sys.exit(main())
