"""The server's log: one JSON object a line, rotated, without secrets. Each job has a log of its own beside it.

Whatever is logged passes `masked`: tokens, one-time codes and bearer headers become ***, wherever they stand. What terminals obey is taken
out, since logs are read in terminals.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from heygem_core.printable import printable_lines

LOGGER = logging.getLogger("heygem_server")
LARGEST_BYTES = 10 << 20
_KEPT = 5
_SECRETS = re.compile(r"\b[0-9a-f]{16}\.[A-Za-z0-9_-]{43}|(?<=#code=)[A-Za-z0-9_-]+|(?i:(?<=bearer ))\S+|(?<=[\"']hmac[\"']: [\"'])\w+")


def masked(text: str) -> str:
    return _SECRETS.sub("***", text)


class JsonLines(logging.Formatter):
    """One object a line: at (UTC), level, where, message, and whatever was given as `extra={"facts": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "at": f"{at}.{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "where": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return masked(json.dumps({name: _shown(value) for name, value in line.items()}, ensure_ascii=False, default=str))


def _shown(value: object) -> object:
    return printable_lines(value) if isinstance(value, str) else value


class _Rotating(RotatingFileHandler):
    """A full disk loses the line, nothing else: no traceback of each goes to the terminal."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


@contextmanager
def server_log(folder: Path) -> Iterator[None]:
    """Everything the server and aiohttp say within goes to folder/server.log. Raises: OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = _Rotating(folder / "server.log", maxBytes=LARGEST_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(JsonLines())
    loggers = (LOGGER, logging.getLogger("aiohttp"), logging.getLogger("asyncio"))
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
