"""A node's side of storage that is not shared: sources and plan are fetched from the server, by range and over its own TLS and token.

What was fetched lies in this machine's cache under its SHA-256, whatever it was called, and goes like all else there: what was not used for
the longest time first, once the cache is full ($HEYGEM_CACHE_GB). Segments are sent back as uploads.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from heygem_core.errors import OutputError, SpecError
from heygem_core.rendering.report import report_path
from heygem_core.shot import RenderTask
from heygem_core.storage.artefacts import FOLDER_SEAL
from heygem_core.storage.cache import Cache

from ...client import Client
from ...digests import sha256_of
from ...single_instance import read_server_file
from ..worker_process import PATHS_OF_SETTINGS, PATHS_OF_SHOT
from .lines import FileOffered, FileWritten

_KIND = "fetched"  # of entries in the cache


def checked_pass(path: Path) -> str:
    """The absolute path of a pass. Raises: SpecError — it cannot be read."""
    if not path.is_file() or read_server_file(path) is None:
        raise SpecError("farm.no-pass", path=path)
    return str(path.resolve())


class Fetcher:
    """Of one slot. `begin`, then `deliver`, then `end`; all of them block."""

    def __init__(self, server_pass: str, cache: Cache | None = None) -> None:
        self._pass, self._cache = server_pass, cache or Cache(None)
        self._out: Path | None = None

    def begin(self, task: RenderTask, files: tuple[FileOffered, ...]) -> RenderTask:
        """The task with its files as they lie here. Raises: what the server says; NoServer; OutputError; SpecError."""
        fetched = 0
        here: dict[str, str] = {}
        with Client.connect(Path(self._pass)) as client:
            for offered in files:
                if not offered.of_plan:
                    fetched += self._fetch(client, _KIND, offered.sha256, (offered,))
                    here[offered.path] = str(self._fetched(offered.sha256))
            if task.plan is not None:
                fetched += self._fetch(client, "plans", task.plan, tuple(each for each in files if each.of_plan))
        if fetched:
            self._cache.prune()
        self._out = Path(tempfile.mkdtemp(prefix="heygem-farm-")).resolve()
        shot, settings = _with(task.shot, PATHS_OF_SHOT, here), _with(task.settings, PATHS_OF_SETTINGS, here)
        return replace(task, shot=shot, settings=settings, output=str(self._out / _name(task.output)), cache=str(self._cache.root))

    def deliver(self, here: RenderTask, there: RenderTask) -> tuple[FileWritten, ...]:
        """Sends what was written to the server. Raises: what the server says; NoServer; OSError."""
        found = []
        with Client.connect(Path(self._pass)) as client:
            for path, called in ((Path(here.output), there.output), (report_path(here.output), str(report_path(there.output)))):
                sent = client.upload(path)
                found.append(FileWritten(path=called, size=path.stat().st_size, sha256=sha256_of(path), upload=sent.id))
        return tuple(found)

    def end(self) -> None:
        """Nothing of the last task stays but what the cache holds."""
        if self._out is not None:
            shutil.rmtree(self._out, ignore_errors=True)
            self._out = None

    def _fetched(self, sha256: str) -> Path:
        """A source, as the first who named it called it; with no link on its way, since workers open none through links.

        Raises: OutputError.
        """
        folder = self._cache.entry(_KIND, sha256)
        found = [] if folder is None else [file for file in folder.resolve().iterdir() if file.name != FOLDER_SEAL]
        if len(found) != 1:
            raise OutputError("farm.fetched-not-kept", folder=self._cache.root)
        return found[0]

    def _fetch(self, client: Client, kind: str, key: str, files: tuple[FileOffered, ...]) -> int:
        """Makes the entry of these files where there is none; returns how many were fetched."""
        if self._cache.entry(kind, key) is not None:
            return 0
        with self._cache.alone(kind, key):  # a machine's slots fetch a file once
            if self._cache.entry(kind, key) is not None:
                return 0
            with self._cache.making(kind, key) as made:
                for offered in files:
                    client.fetch_offered(offered.sha256, offered.size, made / _name(offered.path))
        return len(files)


def _with(spec: Any, names: Iterable[str], here: dict[str, str]) -> Any:
    """A shot or settings with the paths of what was fetched."""
    paths = {name: getattr(spec, name) for name in names}
    return replace(spec, **{name: here.get(path, path) for name, path in paths.items()})


def _name(path: str) -> str:
    """The last part of a path of any system, so that messages about the file are understood; never one that means something here."""
    name = re.split(r"[/\\]", path)[-1]
    return name if name and not name.startswith(".") and ":" not in name else "file"
