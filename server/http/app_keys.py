"""What hangs on the application: one typed key per resource."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from ..hosts.connected import Hosts
from ..hosts.exports import Exporting
from ..security.allowed_folders import AllowedFolders
from ..security.middleware import AccessControl
from ..settings import ServerSettings
from .page_files import PageFiles
from .presets import Presets
from .uploads import Uploads
from .votes import Votes

if TYPE_CHECKING:
    from ..rendering.services import Services
    from .device_probe import DeviceProbe
    from .model_fetches import ModelFetches

SETTINGS = web.AppKey("settings", ServerSettings)
ACCESS = web.AppKey("door", AccessControl)
SERVICES: web.AppKey[Services] = web.AppKey("engine")
ROOTS = web.AppKey("roots", AllowedFolders)
PAGE = web.AppKey("page", PageFiles)
PRESETS = web.AppKey("presets", Presets)
VOTES = web.AppKey("votes", Votes)
UPLOADS = web.AppKey("uploads", Uploads)
HOSTS = web.AppKey("hosts", Hosts)
DEVICE_PROBE: web.AppKey[DeviceProbe] = web.AppKey("machine")
MODEL_FETCHES: web.AppKey[ModelFetches] = web.AppKey("model-fetches")
PROXIES: web.AppKey[OrderedDict[str, Path]] = web.AppKey("proxies")  # previews that were made, by id
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets")  # open now
STOPPING = web.AppKey("stopping", asyncio.Event)  # set when the open sockets are closed
UNKNOWN = web.AppKey("unknown", Counter[str])  # sockets by address that have not said who they are
EXPORTING = web.AppKey("exporting", Exporting)
