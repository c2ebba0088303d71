"""The server's side of nodes that do not share its storage: what they may fetch at this moment, and what they deliver.

A node fetches the sources and the plan of a task that it was given, each by its SHA-256; it sends back a segment and its report as uploads.
Nothing else of this machine is offered, and nothing once the task is over.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections import Counter
from pathlib import Path

from heygem_core.errors import SpecError
from heygem_core.rendering.report import report_path
from heygem_core.shot import RenderTask
from heygem_core.storage.artefacts import FOLDER_SEAL, sync_folder
from heygem_core.storage.cache import Cache

from ...digests import sha256_of
from ...errors import Broken, NotFound
from ...security.paths import check_no_link, open_allowed
from ..worker_process import PATHS_OF_SETTINGS, PATHS_OF_SHOT
from .lines import FileOffered, FileWritten

_UPLOAD = re.compile(r"[0-9a-f]{32}")
_MOST_REMEMBERED = 10_000


class Exchange:
    """Of one server. `offer` and `take` block: never call them on the event loop."""

    def __init__(self, data_folder: Path) -> None:
        self._uploads = data_folder / "uploads"
        self._offered: Counter[tuple[str, str]] = Counter()  # digest and path, and for how many tasks
        self._lock = threading.Lock()
        self._digests: dict[tuple[str, int, int, int], str] = {}  # by path, inode, size and time: of this machine's own disks alone

    def offer(self, task: RenderTask) -> tuple[FileOffered, ...]:
        """All that a node needs for a segment, until `withdraw`.

        Raises: SpecError — the task needs what does not travel, or its plan is gone; BadPath — a link stands in the way; OSError.
        """
        wanted = [getattr(task.shot, name) for name in PATHS_OF_SHOT] + [getattr(task.settings, name) for name in PATHS_OF_SETTINGS]
        sources = dict.fromkeys(path for path in wanted if path is not None and os.path.isabs(path))
        plan = None if task.plan is None else Cache(task.cache).entry("plans", task.plan)
        if plan is None:
            raise SpecError("farm.plan-gone")
        found = []
        for path in sources:
            if not os.path.isfile(path):
                raise SpecError("farm.not-one-file", path=path)
            check_no_link(path)
            found.append(self._file(path, of_plan=False))
        found += [self._file(str(file), of_plan=True) for file in sorted(plan.iterdir()) if file.is_file() and file.name != FOLDER_SEAL]
        with self._lock:
            self._offered.update((each.sha256, each.path) for each in found)
        return tuple(found)

    def withdraw(self, files: tuple[FileOffered, ...]) -> None:
        """They are not needed any more."""
        with self._lock:
            self._offered -= Counter((each.sha256, each.path) for each in files)

    def open(self, digest: str) -> tuple[Path, int]:
        """A file that is offered: what it is called, and a descriptor of it. Raises: NotFound."""
        with self._lock:
            path = next((Path(path) for known, path in self._offered if known == digest), None)
        if path is None:
            raise NotFound("farm.not-offered")
        try:
            return path, open_allowed(path, [path.parent])
        except OSError as error:
            raise NotFound("file.gone", file=path.name, why=error.strerror) from error

    def take(self, written: FileWritten, task: RenderTask) -> None:
        """Gives what a node delivered its place. Raises: Broken — it is not what the task writes, or not there; OSError."""
        if written.path not in (task.output, str(report_path(task.output))) or not _UPLOAD.fullmatch(written.upload or ""):
            raise Broken("farm.not-delivered", file=Path(written.path).name)
        home = self._uploads / str(written.upload)
        found = [file for file in home.iterdir() if file.name != "upload.json"] if home.is_dir() else []
        try:
            if len(found) != 1 or sha256_of(found[0]) != written.sha256:
                raise Broken("farm.not-delivered", file=Path(written.path).name)
            os.replace(found[0], written.path)
            sync_folder(Path(written.path).parent)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def _file(self, path: str, *, of_plan: bool) -> FileOffered:
        """A file's time only saves reading it anew, on one machine: what travels is its content."""
        status = os.stat(path)
        known = (path, status.st_ino, status.st_size, status.st_mtime_ns)
        if known not in self._digests:
            if len(self._digests) > _MOST_REMEMBERED:
                self._digests.clear()
            self._digests[known] = sha256_of(Path(path))
        return FileOffered(path=path, size=status.st_size, sha256=self._digests[known], of_plan=of_plan)
