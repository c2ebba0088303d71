"""JSON-RPC 2.0: a request from the server becomes a call on the editor and an answer. Nothing outside the table of calls can be called."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from . import schema_checks
from .errors import HostError

EditorT = TypeVar("EditorT")

_INVALID, _UNKNOWN, _BUG, _REFUSED = -32602, -32601, -32603, -32000


def load_schema(folder: str) -> dict[str, Any]:
    """host.schema.json in `folder`, the editor's own package (where it is installed), or where the repository keeps it."""
    here = os.path.join(folder, "host.schema.json")
    path = here if os.path.exists(here) else os.path.join(folder, "..", "..", "protocol", "host.schema.json")
    with open(path, encoding="utf-8") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded


class Dispatcher(Generic[EditorT]):
    """Answers requests for one kind of editor: `calls` holds a function for each method, `schema` says what their parameters are."""

    def __init__(self, name: str, calls: Mapping[str, Callable[[EditorT, dict[str, Any]], dict[str, Any]]], schema: dict[str, Any]) -> None:
        """`name` is the editor's, as sentences call it. Raises: ValueError — a method that the protocol does not know."""
        unknown = sorted(set(calls) - set(schema["methods"]))
        if unknown:
            raise ValueError(f"The protocol knows no {', '.join(unknown)}.")
        self.calls, self._name, self._schema = dict(calls), name, schema

    def answer(self, editor: EditorT, request: dict[str, Any]) -> dict[str, Any] | None:
        """The response; None for a notification, which asks for none. Never raises: what goes wrong is an answer too."""
        reply = self._reply(editor, request)
        return None if request.get("id") is None else {"jsonrpc": "2.0", "id": request["id"], **reply}

    def _reply(self, editor: EditorT, request: dict[str, Any]) -> dict[str, Any]:
        method, params = request.get("method"), request.get("params") or {}
        if not isinstance(method, str) or method not in self.calls:
            return _error(_UNKNOWN, HostError("UnknownMethod", "panel.unknown-method", method=method))
        found = schema_checks.faults(params, self._schema["methods"][method]["params"], self._schema["$defs"])
        if found:
            return _error(_INVALID, HostError("InvalidParams", "panel.invalid-params", method=method, faults="; ".join(found[:5])))
        try:
            return {"result": self.calls[method](editor, params)}
        except HostError as problem:
            return _error(_REFUSED, problem)
        except Exception as problem:  # an editor's API raises anything, TypeError on dead objects above all
            where = traceback.extract_tb(problem.__traceback__)[-1]
            return _error(_BUG, HostError("EditorFailed", "panel.editor-failed", editor=self._name, where=where.name, why=problem))


def _error(code: int, problem: HostError) -> dict[str, Any]:
    data = {"error": problem.kind, "code": problem.code, "params": problem.params}
    return {"error": {"code": code, "message": str(problem), "data": data}}
