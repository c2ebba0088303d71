"""The application: one resource after the other comes up, in the order in which they need each other, and goes down the other way round."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from heygem_core.messages import plain, tell
from heygem_core.shot import to_json

from ..errors import BadRequest, problem_of, problem_with
from ..hosts.connected import Hosts
from ..hosts.exports import Exporting
from ..log import LOGGER
from ..rendering.handing_in import hand_in
from ..security.allowed_folders import AllowedFolders
from ..security.headers import COMMON
from ..security.middleware import AccessControl, check_headers, check_names
from ..settings import ServerSettings
from ..wire import Placed, Problem
from . import app_keys
from .connections import answering, ends_with
from .device_probe import DeviceProbe
from .model_fetches import ModelFetches
from .page_files import PageFiles
from .presets import Presets
from .route_table import ROUTES
from .routes import register
from .uploads import Uploads
from .votes import Votes

WEB = Path(__file__).resolve().parents[1] / "web"
_BEGUN = web.RequestKey("begun", bool)  # an answer has been started
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(settings: ServerSettings, access: AccessControl) -> web.Application:
    """An application that starts nothing before it is run."""
    app = web.Application(middlewares=[_front], client_max_size=1 << 20)
    app[app_keys.SETTINGS] = settings
    app[app_keys.ACCESS] = access
    app[app_keys.PAGE] = PageFiles(WEB)
    app[app_keys.VOTES] = Votes(settings.data_folder)
    app[app_keys.PRESETS] = Presets(settings.data_folder)
    app[app_keys.PROXIES] = OrderedDict()
    app[app_keys.SOCKETS] = set[web.WebSocketResponse]()
    app[app_keys.STOPPING] = asyncio.Event()
    app[app_keys.UNKNOWN] = Counter[str]()
    app[app_keys.EXPORTING] = Exporting()
    app.cleanup_ctx.extend([_services, _files, _hosts, _machine])
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(_close_sockets)
    register(app, ROUTES)
    return app


async def _services(app: web.Application) -> AsyncIterator[None]:
    from ..rendering.services import open_services

    async with open_services(app[app_keys.SETTINGS]) as services:
        app[app_keys.SERVICES] = services
        yield


async def _files(app: web.Application) -> AsyncIterator[None]:
    settings = app[app_keys.SETTINGS]
    app[app_keys.ROOTS] = AllowedFolders(settings, lambda question: app[app_keys.SERVICES].events.say(question))
    app[app_keys.UPLOADS] = Uploads(
        settings.data_folder / "uploads", largest_bytes=settings.largest_upload_bytes, disk_floor_bytes=settings.disk_floor_bytes
    )
    yield


async def _hosts(app: web.Application) -> AsyncIterator[None]:
    services = app[app_keys.SERVICES]

    async def placed(take: str, where: Placed) -> None:
        await hand_in(services.store.placed, take, where)  # the editor has done it: it must not be forgotten

    app[app_keys.HOSTS] = Hosts(services.events.say, placed)
    yield


async def _machine(app: web.Application) -> AsyncIterator[None]:
    async with DeviceProbe() as machine, ModelFetches() as fetches:
        app[app_keys.DEVICE_PROBE] = machine
        app[app_keys.MODEL_FETCHES] = fetches
        yield


@web.middleware
async def _front(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Around every request: the server's name, the page's origin, errors as `Problem`, a line in the log (never the query)."""
    with answering(request):
        return await _answer(request, handler)


async def _answer(request: web.Request, handler: _Handler) -> web.StreamResponse:
    began = time.perf_counter()
    try:
        check_names(request.app[app_keys.ACCESS], request)
        check_headers(request.app[app_keys.ACCESS], request)
        if not (request.path + "".join(request.query.values())).isprintable():  # NUL, line ends, bytes that are no UTF-8
            raise BadRequest("request.address-not-printable")
        response = await handler(request)
    except web.HTTPException as error:
        response = _refused(error.status, _framework_problem(error))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    except (HttpProcessingError, web.RequestPayloadError):  # of the body; those of the head never come this far
        response = _refused(400, problem_with("BadRequest", tell("request.body-unreadable")))
    except ConnectionError:
        raise
    except Exception as error:
        if _BEGUN in request:  # too late for another answer: the reader must see that this one is cut off
            LOGGER.exception("%s %s broke off", request.method, request.path)
            if request.transport is not None:
                request.transport.abort()
            raise
        status, problem = problem_of(error)
        if status >= 500 and problem.error == "InternalError":
            LOGGER.exception("%s %s failed", request.method, request.path)
        response = _refused(status, problem)
    facts = {"method": request.method, "path": request.path, "status": response.status, "ms": round((time.perf_counter() - began) * 1e3, 1)}
    LOGGER.info("request", extra={"facts": facts})
    return response


def _refused(status: int, problem: Problem) -> web.Response:
    response = web.Response(body=to_json(problem), status=status, content_type="application/json", charset="utf-8")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        response.headers["Retry-After"] = "60" if status == 429 else "2"
    return response


def _framework_problem(error: web.HTTPException) -> Problem:
    """The framework's own refusals in our words."""
    said = {
        404: tell("request.nothing-here"),
        405: tell("request.method-not-taken"),
        413: tell("request.too-large"),
    }.get(error.status) or plain(error.reason or "Refused.")
    return problem_with(type(error).__name__.removeprefix("HTTP"), said)


async def _close_sockets(app: web.Application) -> None:
    from ..api.events import close_for_stop

    app[app_keys.STOPPING].set()
    sockets = app[app_keys.SOCKETS]
    await asyncio.gather(*[close_for_stop(socket) for socket in tuple(sockets)], return_exceptions=True)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    request[_BEGUN] = True
    for name, value in COMMON.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = COMMON["Server"]
    if ends_with(request, response):
        response.force_close()
        response.headers["Connection"] = "close"
