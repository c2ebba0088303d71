"""The API document: OpenAPI 3.1, made from the table of routes and the structs that travel. Nothing in it is written by hand twice.

The socket's messages are JSON Schemas under `x-messages`, what hosts answer under `x-host-methods`.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..hosts.connected import RpcAnswer
from ..hosts.methods import METHODS
from ..json_schemas import schema_components
from ..security.middleware import COOKIE, CSRF_HEADER
from ..wire import HostCall, PreviewHeader, Problem, ToClient, ToServer
from .routes import Route

_REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"


@functools.cache
def document(routes: tuple[Route, ...]) -> bytes:
    """The whole document as JSON."""
    named = _Schemas(routes)
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "HeyGem Bridge render server", "version": version("heygem-bridge"), "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": [], "csrf": []}],
        "paths": _paths(routes, named),
        "components": {"schemas": named.schemas, "securitySchemes": _SECURITY, "responses": {"Problem": _problem(named)}},
        "x-messages": {
            "to-server": named.of(ToServer),
            "to-client": named.of(ToClient),
            "preview-header": named.of(PreviewHeader),
            "host-answer": named.of(RpcAnswer),
        },
        "x-host-methods": {
            name: {
                "params": named.of(method.params_type),
                "result": named.of(method.result_type),
                "repeatable": method.repeatable,
                "timeout_s": method.timeout_s,
            }
            for name, method in METHODS.items()
        },
    }
    return json.dumps(described, ensure_ascii=False, sort_keys=False).encode()


_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of server.json, or one of POST /api/v1/tokens."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A signed-in browser; __Host- stands before the name where TLS is on.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "With the cookie: the page's word, told at the sign-in.",
    },
}


class _Schemas:
    """JSON Schemas of all types at once, so that each struct is written down once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        kinds = [kind for route in routes for kind in (route.body, route.response, route.query) if kind is not None]
        kinds += [Problem, HostCall, ToServer, ToClient, PreviewHeader, RpcAnswer]
        kinds += [kind for method in METHODS.values() for kind in (method.params_type, method.result_type)]
        known: dict[str, Any] = {repr(kind): kind for kind in kinds}
        try:
            found, self.schemas = schema_components(known.values(), schema_hook=_other, ref_template=_REFERENCE)
        except TypeError as error:  # msgspec asks the hook about types, not about defaults
            raise TypeError(f"{error}: a field whose default is a Fraction or Path needs `field(default_factory=…)`.") from error
        self._by_kind = dict(zip(known, found, strict=True))

    def of(self, kind: Any) -> dict[str, Any]:
        return self._by_kind[repr(kind)]


def _other(kind: type) -> dict[str, Any]:
    if kind is Fraction:
        return {"type": "string", "pattern": r"^-?\d{1,18}(/[1-9]\d{0,17})?$", "examples": ["24000/1001"]}
    if kind is Path:
        return {"type": "string"}
    raise NotImplementedError(kind)


def _paths(routes: Sequence[Route], named: _Schemas) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(shown_path(route.path), {})[route.method.lower()] = _operation(route, named)
    return paths


def shown_path(path: str) -> str:
    """A route's path as OpenAPI writes it: without patterns."""
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


def _operation(route: Route, named: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()} {shown_path(route.path)}",
        "summary": route.summary,
        "parameters": [*_in_path(route), *_in_query(route, named), *_in_headers(route)],
        "responses": {str(route.status): _success(route, named), "default": {"$ref": "#/components/responses/Problem"}},
        "x-scopes": list(route.scopes),
    }
    if not route.scopes:
        operation["security"] = []
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": named.of(route.body)}}}
    if route.upload:
        operation["requestBody"] = {"required": True, "content": _UPLOAD}
    if note := inspect.getdoc(route.handler):
        operation["description"] = note
    return operation


_UPLOAD = {
    "application/octet-stream": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}},
    "multipart/form-data": {
        "schema": {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}}}
    },
}


def _in_path(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _in_query(route: Route, named: _Schemas) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = named.schemas[route.query.__name__]
    wanted = schema.get("required", ())
    return [{"name": name, "in": "query", "required": name in wanted, "schema": each} for name, each in schema["properties"].items()]


def _in_headers(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string", "minLength": 1, "maxLength": 200}}
        for name in route.headers
    ]


def _success(route: Route, named: _Schemas) -> dict[str, Any]:
    if route.response is not None:
        return {"description": "Done.", "content": {_JSON: {"schema": named.of(route.response)}}}
    return {"description": "Done.", "content": {route.media: {}}} if route.media and route.status == 200 else {"description": "Done."}


def _problem(named: _Schemas) -> dict[str, Any]:
    return {"description": "Not done; `message` says why and what to do.", "content": {_JSON: {"schema": named.of(Problem)}}}
