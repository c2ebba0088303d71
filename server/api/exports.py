"""Files that an editor makes of clips that it alone can decode: nests, retimes, camera formats, mixes of sounds."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import stat
from pathlib import Path

from heygem_core.messages import known
from heygem_core.shot import from_json, to_json

from ..errors import DiskFull, NotFound
from ..hosts.connected import HostFailed
from ..hosts.export_store import KEPT, KeptExport, exports_folder
from ..hosts.methods import METHODS
from ..http import app_keys
from ..http.idempotency import KEY_HEADER, key_of
from ..http.routes import ALL, RequestContext, Route
from ..rendering.disk_space import trouble
from ..security.allowed_folders import AllowedFolders
from ..security.errors import BadPath
from ..security.paths import check_text, real_path
from ..wire import ExportedItem, ExportParams, ExportRequest, ExportResult, ExportView, HostCall, HostView
from .hosts import check_reach


async def export(context: RequestContext, body: ExportRequest) -> ExportView:
    """The editor cannot be used meanwhile, about as long as the clips last. Who does not wait for the answer asks the same again.

    Clips of which no file came say why in `problem`; where none came at all, that is the error and nothing is kept.
    Raises: NotFound — the editor is not connected; Forbidden; Conflict — it exports something else; HostGone, HostFailed; DiskFull.
    """
    check_reach(context)
    host = _connected(context)
    return await context[app_keys.EXPORTING].once(host.id, to_json(body), key_of(context), lambda: _export(context, host, body))


async def _export(context: RequestContext, host: HostView, body: ExportRequest) -> ExportView:
    settings = context[app_keys.SETTINGS]
    id = f"x{secrets.token_hex(8)}"
    home = exports_folder(settings.data_folder) / id
    await asyncio.to_thread(_make_folder, home, settings.disk_floor_bytes)
    try:
        result = await _exported(context, host.id, body, home)
        found = await asyncio.to_thread(_keep, home, host, body, result, context[app_keys.ROOTS])
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
        raise
    return ExportView(id=id, exported=found, blocked_ms=result.blocked_ms, notices=result.notices, notice_messages=result.notice_messages)


def _connected(context: RequestContext) -> HostView:
    for view in context[app_keys.HOSTS].all():
        if view.id == context.id:
            return view
    raise NotFound("host.not-connected")


def _make_folder(home: Path, floor_bytes: int) -> None:
    """Raises: DiskFull."""
    full = trouble((home,), floor_bytes)
    if full is not None:
        raise DiskFull(full)
    home.mkdir(parents=True)


async def _exported(context: RequestContext, host: str, body: ExportRequest, home: Path) -> ExportResult:
    folder = context[app_keys.ROOTS].outward(real_path(home))
    params = ExportParams(items=_items(body), kind=body.kind, folder=folder, handles=body.handles)
    # The bound of `HostCall.timeout_s` is checked where one is decoded: it is for requests from outside.
    call = HostCall(method="host.export", params=from_json(to_json(params), dict), timeout_s=METHODS["host.export"].timeout_s)
    result: ExportResult = await context[app_keys.HOSTS].call(host, call)
    return result


def _items(body: ExportRequest) -> tuple[str, ...]:
    """Each once."""
    return tuple(dict.fromkeys(body.items))


def _keep(home: Path, host: HostView, body: ExportRequest, result: ExportResult, roots: AllowedFolders) -> tuple[ExportedItem, ...]:
    """What came of each clip; the folder then holds those files and kept.json. Raises: HostFailed — nothing came."""
    said = {each.item: each for each in result.exported}
    files: dict[str, ExportedItem] = {}
    names: set[str] = set()
    found = []
    for item in _items(body):
        try:
            path, before = _file(home, said.get(item), roots), getattr(said.get(item), "handles", None)
            if path.name in names:
                raise BadPath("export.twice", file=path.name)
            if before is not None and not 0 <= before <= body.handles:
                raise BadPath("export.handles-too-long", file=path.name, before=before, handles=body.handles)
            names.add(path.name)
            files[item] = ExportedItem(item=item, path=path.name, handles=before)
            found.append(ExportedItem(item=item, path=str(path), handles=before))
        except BadPath as problem:
            found.append(ExportedItem(item=item, path=None, problem=str(problem), problem_message=problem.said))
    if not files:
        if result.notices:
            raise HostFailed("export.nothing-noticed", problem=found[0].problem_message, notices=result.notice_messages)
        raise HostFailed("export.nothing", problem=found[0].problem_message)
    for entry in tuple(os.scandir(home)):
        if entry.name not in names:
            shutil.rmtree(entry.path, ignore_errors=True) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
    kept = KeptExport(host=host.id, project=host.project, kind=body.kind, handles=body.handles, files=files)
    (home / KEPT).write_bytes(to_json(kept))
    return tuple(found)


def _file(home: Path, said: ExportedItem | None, roots: AllowedFolders) -> Path:
    """The file of one clip, as this machine calls it. Raises: BadPath — there is none that may be used, and why."""
    if said is None:
        raise BadPath("export.clip-not-mentioned")
    if said.path is None:
        if said.problem is None:
            raise BadPath("export.no-file-no-reason")
        raise BadPath(said.problem_message or known(said.problem))
    named = roots.inward(said.path)
    check_text(named)
    path = Path(real_path(Path(named).parent), Path(named).name)
    if os.path.normcase(path.parent) != os.path.normcase(real_path(home)) or path.name == KEPT:
        raise BadPath("export.outside-folder", file=path.name)
    try:
        status = os.lstat(path)
    except OSError:
        raise BadPath("export.did-not-appear", file=path.name) from None
    if not stat.S_ISREG(status.st_mode):
        raise BadPath("export.not-a-file", file=path.name)
    if status.st_size == 0:
        raise BadPath("export.empty", file=path.name)
    return path


ROUTES = (
    Route(method="POST", path="/api/v1/hosts/{id}/exports", summary="An editor makes files of clips that it alone can decode.",
          handler=export, scopes=ALL, body=ExportRequest, response=ExportView, status=201, headers=(KEY_HEADER,)),
)  # fmt: skip
