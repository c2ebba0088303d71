"""What the server refuses or cannot do, as types. Each message is one sentence: what is wrong, what was got, what to do.

    ServerError                    HTTP status
    ├── BadRequest                 400  the request makes no sense as it stands
    ├── Unauthorized               401  no token, or one that is not known
    ├── Forbidden                  403  known, but not allowed to do this
    │   └── NotAllowedFolder       403  a path outside the allowed folders; a page may ask its person for consent
    ├── NotFound                   404  no such job, shot, take, upload, host or route
    ├── Conflict                   409  the thing is not in a state in which this can be done: "expected X, got Y"
    │   ├── StaleAttempt           409  somebody else took this piece of work over; the result is dropped
    │   └── AlreadyRunning         409  another server owns this data folder
    ├── TooLarge                   413  above a size limit
    ├── TooMany                    429  too many at once, or too many failures
    ├── Broken                     500  the server's own data or programs do not work as they should
    ├── Busy                       503  not now: starting, stopping
    ├── HostGone                   504  the editor did not answer in time, or left
    └── DiskFull                   507  no room, or a disk that takes nothing

The core's errors (`heygem_core.errors`) keep their names; `problem_of` gives both kinds their place in HTTP.
"""

from __future__ import annotations

from typing import Any

from heygem_core import errors as core
from heygem_core.messages import Message, tell
from heygem_core.storage.os_errors import kind_of, refused

from .wire import Problem


class ServerError(core.CodedError):
    """Base of every error that the server raises on purpose."""

    http_status = 500


class BadRequest(ServerError):
    """The request makes no sense as it stands."""

    http_status = 400


class Unauthorized(ServerError):
    """No token, or one that is not known."""

    http_status = 401


class Forbidden(ServerError):
    """Known, but not allowed to do this."""

    http_status = 403


class NotAllowedFolder(Forbidden):
    """A path outside the allowed folders."""

    def __init__(self, said: str | Message, /, *, folder: str, **params: Any) -> None:
        super().__init__(said, folder=folder, **params)
        self.folder = folder  # that a person would have to allow


class NotFound(ServerError):
    """There is no such thing."""

    http_status = 404


class Conflict(ServerError):
    """Not possible in the present state."""

    http_status = 409


class StaleAttempt(Conflict):
    """This piece of work has been taken over or called off; its result must not be recorded."""


class AlreadyRunning(Conflict):
    """Another server owns this data folder."""


class TooLarge(ServerError):
    """Above a size limit."""

    http_status = 413


class TooMany(ServerError):
    """Too many at once, or too many failures."""

    http_status = 429


class Broken(ServerError):
    """The server's own data or programs do not work as they should."""


class Busy(ServerError):
    """Not now."""

    http_status = 503


class HostGone(ServerError):
    """The editor did not answer in time, or left."""

    http_status = 504


class DiskFull(ServerError):
    """No room, or a disk that takes nothing."""

    http_status = 507


_NO_ROOM = ("disk-full", "no-inodes", "quota", "read-only")
"""Kinds of the system's refusals that are about the disk and not about what was asked for."""

_CORE_STATUS: tuple[tuple[type[core.HeygemError], int], ...] = (  # the first that fits
    (core.MediaNotFound, 404),
    (core.SpecError, 400),
    (core.InputError, 422),
    (core.NoUsableFace, 422),
    (core.OutputError, 507),
    (core.LicenceNotAccepted, 409),
    (core.SetupError, 501),
    (core.Cancelled, 409),
    (core.HeygemError, 500),
)


def problem_of(error: BaseException) -> tuple[int, Problem]:
    """HTTP status and body for an error. What is not in either tree says nothing about its insides."""
    if isinstance(error, ServerError):
        return error.http_status, problem_with(type(error).__name__, error.said)
    if isinstance(error, core.HeygemError):
        return next(status for kind, status in _CORE_STATUS if isinstance(error, kind)), problem_with(type(error).__name__, error.said)
    told = refused(error) if isinstance(error, OSError) and kind_of(error) in _NO_ROOM else None
    if told is not None:
        return DiskFull.http_status, problem_with(DiskFull.__name__, told.said)
    return 500, problem_with("InternalError", tell("server.internal-error"))


def problem_with(name: str, said: Message) -> Problem:
    """The body of an answer that is not a success: the class name of the error and what is said of it."""
    return Problem(error=name, code=said.code, params=said.params, message=said.message)
