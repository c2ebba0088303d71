"""The API document says what the server does, both ways, and what the server answers is what the document says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from heygem_core.shot import to_json
from heygem_server import wire
from heygem_server.http.openapi import document, shown_path
from heygem_server.http.route_table import ROUTES

from .running import Server, told


@pytest.fixture(scope="module")
def described(server: Server) -> dict[str, Any]:
    return server.ask("GET", "/api/v1/openapi.json").json


def valid(described: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(value)


def test_every_route_is_described_and_everything_described_is_a_route(described: dict[str, Any]) -> None:
    told_of = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert told_of == {(route.method, shown_path(route.path)) for route in ROUTES}
    assert described["openapi"] == "3.1.0"


def test_everything_described_is_answered_by_the_server(server: Server, described: dict[str, Any]) -> None:
    for path, methods in described["paths"].items():
        for method in methods:
            answer = server.ask(
                method.upper(), path.replace("{id}", "x").replace("{path}", "x.js").replace("{language}", "en"), known=False
            )
            unknown = answer.status == 404 and "There is nothing at this address" in answer.body.decode()
            assert answer.status != 405, (method, path)
            assert not unknown, (method, path)


def test_the_table_and_the_router_are_the_same(server: Server) -> None:
    from heygem_server.http.app import make_app
    from heygem_server.security.auth_rate_limit import AuthRateLimit
    from heygem_server.security.host_names import HostNames
    from heygem_server.security.middleware import AccessControl
    from heygem_server.security.tokens import TokenStore

    access = AccessControl(
        tokens=TokenStore(server.settings.data_folder / "none.json"), names=HostNames(1), rate_limit=AuthRateLimit(), secure=False
    )
    app = make_app(server.settings, access)
    registered = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    assert registered == {(route.method, shown_path(route.path)) for route in ROUTES}


def test_all_references_lead_somewhere(described: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for part in value.values() for each in references(part)]
        return [each for part in value for each in references(part)] if isinstance(value, list) else []

    for reference in references(described):
        place = described
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/info",
        "/api/v1/jobs",
        "/api/v1/takes",
        "/api/v1/uploads",
        "/api/v1/files",
        "/api/v1/roots",
        "/api/v1/hosts",
        "/api/v1/session",
    ],
)
def test_what_the_server_answers_is_what_the_document_says(server: Server, described: dict[str, Any], path: str) -> None:
    answer = server.ask("GET", path)
    schema = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    valid(described, schema, answer.json)


def test_refusals_are_what_the_document_says(server: Server, described: dict[str, Any]) -> None:
    schema = described["components"]["responses"]["Problem"]["content"]["application/json"]["schema"]
    for answer in (server.ask("GET", "/nothing"), server.ask("GET", "/api/v1/info", known=False), server.ask("POST", "/api/v1/jobs", {})):
        valid(described, schema, answer.json)


def test_a_whole_job_is_what_the_document_says(server: Server, described: dict[str, Any]) -> None:
    one = {"path": str(server.settings.roots[0] / "x.mp4")}
    placement = {"project": "p", "sequence": "s", "track": 1, "record_start": 0, "record_duration": 10, "rate": "24000/1001"}
    request = {"shots": [{"video": one, "speech": one, "placement": placement, "speed": "-1/2", "speech_start": "1/3"}]}
    operation = described["paths"]["/api/v1/jobs"]["post"]
    valid(described, operation["requestBody"]["content"]["application/json"]["schema"], request)
    answer = server.ask("POST", "/api/v1/jobs", request)
    assert answer.status == 201
    valid(described, operation["responses"]["201"]["content"]["application/json"]["schema"], answer.json)


def test_messages_of_the_socket_are_what_the_document_says(server: Server, described: dict[str, Any]) -> None:
    schema = described["x-messages"]["to-client"]
    with server.known_socket() as socket:
        for kind in ("welcome", "hosts", "snapshot"):
            valid(described, schema, told(socket, kind))
    with server.socket({}) as socket:
        valid(described, schema, told(socket, "refused"))
    for wrong in ({"type": "welcome"}, {"type": "nothing"}, {}):
        with pytest.raises(jsonschema.ValidationError):
            valid(described, schema, wrong)
    valid(described, described["x-messages"]["to-server"], {"type": "hello", "token": "x", "since": 3})


def test_the_methods_of_hosts_are_those_that_a_call_may_name(described: dict[str, Any]) -> None:
    named = described["components"]["schemas"]["HostCall"]["properties"]["method"]["enum"]
    assert set(described["x-host-methods"]) == set(named)
    result = json.loads(to_json(wire.PlaceResult(take="t", already=False, track=2, record_start=1, record_duration=5)))
    valid(described, described["x-host-methods"]["host.place"]["result"], result)


def test_the_document_is_made_once_and_is_json() -> None:
    assert document(ROUTES) is document(ROUTES)
    assert json.loads(document(ROUTES))["info"]["title"]
