"""What an editor's script needs when it starts: its configuration, its id, and the certainty that it is the only panel."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def read_config(folder: str) -> dict[str, Any]:
    """What `heygem install` wrote: command, data_folder, server_file."""
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config: dict[str, Any] = json.load(file)
    return config


def host_id(path: str, app: str) -> str:
    """The id that `path` holds, the same for each start on this machine: a server tells editors apart by it. `app` begins a new one."""
    try:
        with open(path, encoding="utf-8") as file:
            known = file.read().strip()
        if known:
            return known
    except OSError:
        pass
    made = f"{app}-{uuid.uuid4().hex[:16]}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(made)
    return made


@contextmanager
def only_one(path: str) -> Iterator[bool]:
    """Whether this is the first panel of the user; the lock ends with the process, whatever ends it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        yield _locked(file)


def _locked(file: Any) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
