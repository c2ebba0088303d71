"""How the server stands: its folders, what it uses of the disk and what of that can be freed, and a file for a bug report."""

from __future__ import annotations

import asyncio
import platform
import shutil
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from aiohttp import web

from heygem_core.machine.python_process import apart, python_module

from ..errors import Busy
from ..http import app_keys
from ..http.files import send_file
from ..http.routes import PEOPLE, RequestContext, Route
from ..log import LOGGER
from ..rendering.rooms import clean, rooms
from ..settings import settings_file
from ..wire import AllowedFolder, Cleaned, RoomRequest, ServerStanding

_REPORT_S = 120.0  # it looks at devices, which takes some seconds


async def standing(context: RequestContext) -> ServerStanding:
    settings, services, roots = context[app_keys.SETTINGS], context[app_keys.SERVICES], context[app_keys.ROOTS]
    return ServerStanding(
        version=version("heygem-bridge"),
        system=f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}",
        devices=context[app_keys.DEVICE_PROBE].devices,
        executor=settings.executor,
        workers=services.executor.capacity,
        settings_file=str(settings_file()),
        data_folder=str(settings.data_folder),
        takes_folder=str(settings.takes_folder),
        cache_folder=str(settings.cache),
        folders=tuple(AllowedFolder(path=str(folder), given=roots.is_given(folder)) for folder in roots.folders),
        rooms=await asyncio.to_thread(rooms, services.store, settings),
        free_bytes=shutil.disk_usage(settings.data_folder).free,
        keep_days=settings.keep_days,
        keep_bytes=settings.keep_bytes,
        trash_days=settings.trash_days,
    )


async def clean_room(context: RequestContext, body: RoomRequest) -> Cleaned:
    services, settings = context[app_keys.SERVICES], context[app_keys.SETTINGS]
    return Cleaned(freed_bytes=await asyncio.to_thread(clean, services.store, settings, body.name))


async def bug_report(context: RequestContext) -> web.StreamResponse:
    """Made by a child: it looks at devices, for which large packages are loaded. Raises: Busy — that took too long or failed."""
    data_folder = context[app_keys.SETTINGS].data_folder
    with tempfile.TemporaryDirectory(prefix="heygem-report") as folder:
        file = Path(folder) / "report.zip"
        child = await asyncio.create_subprocess_exec(
            *python_module("heygem_server.cli"),
            "doctor",
            "--report",
            str(file),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            **apart(HEYGEM_DATA_FOLDER=str(data_folder)),
        )
        try:
            async with asyncio.timeout(_REPORT_S):
                _, said = await child.communicate()
        except TimeoutError:
            said = b"it took too long"
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if not file.is_file():
            LOGGER.warning("No bug report was made: %s", said.decode("utf-8", "replace")[-500:])
            raise Busy("report.not-made")
        return await send_file(context.request, file, "application/zip", name=time.strftime("heygem-report-%Y%m%d-%H%M%S.zip"))


ROUTES = (
    Route(method="GET", path="/api/v1/standing", summary="How the server is set up, and what of the disk it uses.", handler=standing,
          scopes=PEOPLE, response=ServerStanding),
    Route(method="POST", path="/api/v1/rooms/clean", summary="Free what can be made or sent again, or empty the trash.",
          handler=clean_room, scopes=PEOPLE, body=RoomRequest, response=Cleaned),
    Route(method="GET", path="/api/v1/bug-report.zip", summary="A file for a bug report, without secrets.",
          handler=bug_report, scopes=PEOPLE, media="application/zip"),
)  # fmt: skip
