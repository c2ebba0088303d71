"""Writes what a bug report needs into one file: versions, machine, settings, caches and the end of the server's log.

Nothing secret and as little personal as possible goes in: of settings only switches and numbers are named, tokens are masked, and paths
lose their folders and names. The person who sends the file can read all of it: it holds two text files.
"""

from __future__ import annotations

import json
import os
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.errors import OutputError, SpecError
from heygem_core.machine.doctor import describe_machine
from heygem_core.storage.os_errors import why

from ..log import masked
from ..settings import ServerSettings, read_settings

_LAST_LINES, _LAST_BYTES = 500, 400_000  # of the server's log
_START = r"(?:[A-Za-z]:[/\\]|\\\\|~[/\\]|/(?!api/|healthz|metrics))"  # of an absolute path; routes of the server tell nothing
_PATHS = (
    re.compile(r"(?<=“)[^”\n]*[/\\][^”\n]*(?=”)"),
    re.compile(rf'(?<="){_START}[^"\n]*(?=")'),
    re.compile(rf"(?<![\w.~/:\\]){_START}[^\s\"'“”‘’<>|,;)\]]+"),
)
_ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b(?<!127\.0\.0\.1)")


def default_name() -> Path:
    """Of a report that is written now, in the folder one is in."""
    return Path(time.strftime("heygem-report-%Y%m%d-%H%M%S.zip"))


def write_report(path: Path) -> None:
    """Writes the file, with `report.json` and, where there is a log, `server.log`. Raises: OutputError."""
    facts = describe_machine() | {"settings": _settings(), "environment": _environment()}
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("report.json", without_paths(json.dumps(facts, indent=2, ensure_ascii=False)))
            log = _log()
            if log is not None:
                file.writestr("server.log", log)
    except OSError as error:
        raise OutputError("doctor.report-not-written", path=path, why=why(error, path.parent)) from error


def without_paths(text: str) -> str:
    """The text with paths of this machine replaced by what tells nothing of the person: an ending, or the name of a program's file."""
    for pattern in _PATHS:
        text = pattern.sub(_shortened, text)
    return _ADDRESS.sub("<address>", masked(text))


def _shortened(found: re.Match[str]) -> str:
    path = found[0].rstrip("\\")  # a quotation mark in a line of JSON has one before it
    last, rest = re.split(r"[/\\]", path)[-1], found[0][len(path) :]
    ending = re.search(r"\.\w{1,6}$", last)
    return (f"<path>/{last}" if last.endswith(".py") else f"<path{ending[0] if ending else ''}>") + rest


def _settings() -> dict[str, Any]:
    """The server's: switches and numbers as they are; of names and paths only whether they differ from the default."""
    try:
        settings, usual = read_settings(), ServerSettings()
    except SpecError as error:
        return {"error": str(error)}
    shown: dict[str, Any] = {}
    for name in msgspec.structs.asdict(settings):
        value, default = getattr(settings, name), getattr(usual, name)
        plain = value is None or isinstance(value, bool | int | float)
        shown[name] = value if plain else "default" if value == default else "set"
    return shown


def _environment() -> dict[str, str]:
    """Our variables by name alone, and those that decide about devices and threads."""
    shown = {name: "set" for name in os.environ if name.startswith("HEYGEM_")}
    named = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "LANG", "PYTORCH_ENABLE_MPS_FALLBACK")
    return shown | {name: os.environ[name] for name in named if name in os.environ}


def _log() -> str | None:
    try:
        file = read_settings().data_folder / "logs" / "server.log"
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - _LAST_BYTES))
            lines = log.read().decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
    except (OSError, SpecError):
        return None
    return without_paths("\n".join(lines)) + "\n"
