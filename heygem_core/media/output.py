"""Checks the place of a take before any work, gives it a temporary name while it is written, and renames it at the end."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error

from ..errors import OutputError
from ..storage.artefacts import sync, sync_folder
from ..storage.os_errors import cannot_write

_LEAST_FREE_BYTES = 1 << 20


def check_output(path: str | Path, inputs: Iterable[str | Path] = ()) -> Path:
    """The absolute path of a file that can be written, found out by trying.

    Raises: OutputError — folder missing, not writable or full, path is a folder, or path is one of the `inputs`.
    """
    path = Path(path).absolute()
    if path.is_dir():
        raise OutputError("output.is-folder", path=path)
    if not path.parent.is_dir():
        raise OutputError("output.no-folder", folder=path.parent)
    for given in inputs:
        if path.exists() and Path(given).exists() and path.samefile(given):
            raise OutputError("output.is-input", file=path.name)
    trial = part_path(path)
    with output_errors(path):
        try:
            with trial.open("xb") as file:
                # Really allocated, so that a full disk shows now and not after the work.
                file.write(secrets.token_bytes(_LEAST_FREE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            trial.unlink(missing_ok=True)
    return path


def part_path(path: Path) -> Path:
    """A name for the unfinished file, beside the finished one and different at every call."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")


def publish(part: Path, path: Path) -> None:
    """Makes an unfinished file durable and gives it its name, in one step that either happens or does not."""
    with output_errors(path):
        sync(part)
        part.replace(path)
        sync_folder(path.parent)


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """The system's and FFmpeg's errors about writing as OutputError."""
    try:
        yield
    except (OSError, av.error.FFmpegError) as error:
        raise cannot_write(path, error) from error
