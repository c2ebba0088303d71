"""`heygem completion`: prints what a shell needs to complete the words of this command."""

from __future__ import annotations

import argparse

SHELLS = ("bash", "zsh")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "completion",
        help="print a shell's completion of this command",
        description='Prints a script that completes commands and options with the Tab key. For bash: eval "$(heygem completion bash)".',
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=_print)


def _print(options: argparse.Namespace) -> int:
    import shtab

    from ..cli import make_parser

    print(shtab.complete(make_parser(), options.shell))
    return 0
