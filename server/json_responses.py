"""Decodes the server's answers for a client: into the structs of `wire`, or into the error that the answer names."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlencode

from heygem_core import errors as core
from heygem_core.errors import SpecError
from heygem_core.messages import Message, message_of
from heygem_core.shot import from_json

from . import errors
from .security import errors as refusals
from .wire import Problem

_T = TypeVar("_T")


class NoServer(errors.ServerError):
    """No server runs, or what answers at its address is another program."""


def error_named(name: str, said: Message) -> Exception:
    """The error of that class name: the server's, the security room's or the core's; one that is not known is a plain ServerError."""
    for module in (errors, refusals, core):
        kind = getattr(module, name, None)
        if isinstance(kind, type) and issubclass(kind, errors.ServerError | core.HeygemError):
            return kind(said, folder="") if kind is errors.NotAllowedFolder else kind(said)
    return errors.ServerError(said)


def answer_of(status: int, body: bytes, kind: type[_T]) -> _T:
    """The struct of a success; an empty answer is None, for a `kind` that allows it.

    Raises: the error that a `Problem` names; NoServer — neither.
    """
    if 200 <= status < 300:
        return from_json(body or b"null", kind)
    try:
        problem = from_json(body, Problem)
    except SpecError:
        raise NoServer("client.not-understood", status=status) from None
    raise error_named(problem.error, message_of(problem))


def with_query(values: dict[str, Any]) -> str:
    """The given values as “?a=1&b=2”; None is left out."""
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""
