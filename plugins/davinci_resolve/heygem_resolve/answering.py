"""JSON-RPC 2.0: a request from the server becomes a call on the editor and an answer. Nothing outside this table can be called."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

from . import checks, exporting, marking, placing, selecting, switching
from .editor import Editor
from .trouble import HostError

Call = Callable[[Editor, "dict[str, Any]"], "dict[str, Any]"]

CALLS: dict[str, Call] = {
    "host.selection": lambda editor, params: selecting.selection(editor),
    "host.export": exporting.export,
    "host.place": placing.place,
    "host.switchTake": switching.switch,
    "host.reveal": marking.reveal,
    "host.markers": marking.mark,
}

_INVALID, _UNKNOWN, _BUG, _REFUSED = -32602, -32601, -32603, -32000


def schema(folder: str) -> dict[str, Any]:
    """host.schema.json beside this package (where it is installed), or where the repository keeps it."""
    here = os.path.join(folder, "host.schema.json")
    path = here if os.path.exists(here) else os.path.join(folder, "..", "..", "protocol", "host.schema.json")
    with open(path, encoding="utf-8") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded


SCHEMA = schema(os.path.dirname(os.path.abspath(__file__)))


def answer(editor: Editor, request: dict[str, Any]) -> dict[str, Any] | None:
    """The response; None for a notification, which asks for none. Never raises: what goes wrong is an answer too."""
    reply = _reply(editor, request)
    return None if request.get("id") is None else {"jsonrpc": "2.0", "id": request["id"], **reply}


def _reply(editor: Editor, request: dict[str, Any]) -> dict[str, Any]:
    method, params = request.get("method"), request.get("params") or {}
    if method not in CALLS:
        return _error(_UNKNOWN, "UnknownMethod", f"This panel does not answer {method!r}; is it older than the server?")
    found = checks.faults(params, SCHEMA["methods"][method]["params"], SCHEMA["$defs"])
    if found:
        return _error(_INVALID, "InvalidParams", f"{method}: {'; '.join(found[:5])}.")
    try:
        return {"result": CALLS[method](editor, params)}
    except HostError as problem:
        return _error(_REFUSED, problem.kind, str(problem))
    except Exception as problem:  # an editor's API raises anything, TypeError on dead objects above all
        where = traceback.extract_tb(problem.__traceback__)[-1]
        return _error(_BUG, "EditorFailed", f"Resolve failed in {where.name}: {problem}. Try again; if it stays, report this sentence.")


def _error(code: int, kind: str, sentence: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": sentence, "data": {"error": kind}}}
