"""The option --verbose of commands that run the core in this process: what the core logs is written to standard error."""

from __future__ import annotations

import argparse
import logging
import sys

from heygem_core.printable import printable_lines


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Adds the option to a command."""
    parser.add_argument("-v", "--verbose", action="store_true", help="say on standard error what is done and how long it takes")


def start_verbose(options: argparse.Namespace) -> None:
    """From here on the core's log is shown, where the command has the option and it is given."""
    logger = logging.getLogger("heygem_core")
    if getattr(options, "verbose", False) and not any(isinstance(handler, _StandardError) for handler in logger.handlers):
        handler = _StandardError()
        handler.setFormatter(logging.Formatter("%(relativeCreated)8.0f ms  %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)


class _StandardError(logging.Handler):
    """Writes to what standard error is at that moment: a progress bar takes it over while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        print(printable_lines(self.format(record)), file=sys.stderr, flush=True)
