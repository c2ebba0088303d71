"""What the server keeps of editors' exports (`api/exports`): a folder each, until a day after a timeline last used it.

A timeline that uses a file links it into its own folder (`keep_exports`), where it lives as long as the job.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Literal

from heygem_core.errors import SpecError
from heygem_core.shot import Struct, from_json
from heygem_core.storage.os_errors import why

from ..errors import DiskFull, NotFound
from ..rendering.disk_space import free_bytes
from ..rendering.timeline_store import exports_of
from ..security.paths import real_path
from ..wire import ExportedItem

KEPT = "kept.json"
EXPORT_ID = re.compile(r"x[0-9a-f]{16}")
_STALE_S = 86_400.0  # much longer than an editor may take for one export (`methods.WITHIN_S`)


class KeptExport(Struct, frozen=True, kw_only=True):
    """Of kept.json: whose export it is, and the file of each clip."""

    host: str
    project: str
    kind: Literal["picture", "sound"]
    handles: int
    files: dict[str, ExportedItem]  # by the host's id of the clip; `path` is the file's name in the folder


def exports_folder(data_folder: Path) -> Path:
    return data_folder / "exports"


def read_export(data_folder: Path, export: str) -> KeptExport:
    """Raises: NotFound."""
    try:
        if not EXPORT_ID.fullmatch(export):  # also keeps ".." out
            raise SpecError("export.bad-id")
        return from_json((exports_folder(data_folder) / export / KEPT).read_bytes(), KeptExport)
    except (OSError, SpecError):
        raise NotFound("export.not-here") from None


def use_export(data_folder: Path, export: str) -> tuple[KeptExport, Path]:
    """What is kept of it, and where; its day begins anew. Raises: NotFound."""
    kept, home = read_export(data_folder, export), exports_folder(data_folder) / export
    try:
        os.utime(home)
    except OSError:  # it went just now
        raise NotFound("export.not-here") from None
    return kept, Path(real_path(home))


def is_stale(home: Path, now: float) -> bool:
    return now - home.stat().st_mtime > _STALE_S


def is_export(data_folder: Path, path: Path) -> bool:
    """Whether a real path names a file directly in the folder of an export."""
    return (
        path.name != KEPT
        and EXPORT_ID.fullmatch(path.parent.name) is not None
        and path.parent.parent == Path(real_path(exports_folder(data_folder)))
    )


class KeepExports:
    """Puts exported files into a timeline's own folder, each once: linked, or copied where the disk knows no links."""

    def __init__(self, data_folder: Path, timeline: Path, disk_floor_bytes: int) -> None:
        self._data_folder, self._folder, self._floor = data_folder, exports_of(timeline), disk_floor_bytes
        self._kept: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        """Where the file of that real path lives from now on; its own place where it is no export. Raises: NotFound, DiskFull."""
        if path not in self._kept:
            self._kept[path] = str(self._keep(Path(path))) if is_export(self._data_folder, Path(path)) else path
        return self._kept[path]

    def _keep(self, source: Path) -> Path:
        target = Path(real_path(self._folder)) / f"{source.parent.name}-{source.name}"
        try:
            target.parent.mkdir(exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                self._check_room(source)
                shutil.copyfile(source, target)
        except FileNotFoundError:
            raise NotFound("export.gone", file=source.name) from None
        except OSError as error:
            raise DiskFull("export.not-kept", why=why(error, target.parent.parent)) from error
        return target

    def _check_room(self, source: Path) -> None:
        free = free_bytes(self._folder)
        if free is not None and free - source.stat().st_size < self._floor:
            raise DiskFull("export.no-room", file=source.name)
