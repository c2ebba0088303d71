"""`heygem completion`: prints what a shell needs to complete the words of this command."""

from __future__ import annotations

import argparse
from functools import partial

SHELLS = ("bash", "zsh")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser], whole: argparse.ArgumentParser) -> None:
    """whole: the parser of the command that has these."""
    parser = commands.add_parser(
        "completion",
        help="print a shell's completion of this command",
        description='Prints a script that completes commands and options with the Tab key. For bash: eval "$(heygem completion bash)".',
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=partial(_print, whole))


def _print(whole: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(whole, options.shell))
    return 0
