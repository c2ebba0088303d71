"""A client of before still works: addresses, fields, values, messages, methods of editors, names of errors. Additions are free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import doors
from .comparing import Schemas, lost
from .record import recorded

THEN = recorded("openapi.json")
PANELS_THEN = recorded("host.schema.json")


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    return doors.api_document()


@pytest.mark.parametrize("address", THEN["paths"])
def test_an_address_is_still_there(address: str, now: dict[str, Any]) -> None:
    assert address in now["paths"], "the address is gone"
    schemas = Schemas(THEN, now)
    for method, before in THEN["paths"][address].items():
        assert method in now["paths"][address], f"{method} is gone"
        assert list(_operation(schemas, before, now["paths"][address][method], f"{method} {address}")) == []


def _operation(schemas: Schemas, before: dict[str, Any], after: dict[str, Any], place: str) -> Iterator[str]:
    """Where a request of then would fail today, or its answer would be another."""
    yield from (
        f"{place}: {scope} may no longer ask" for scope in before["x-scopes"] if after["x-scopes"] and scope not in after["x-scopes"]
    )
    if not before["x-scopes"] and after["x-scopes"]:
        yield f"{place} needs a token now"
    parameters = {(each["name"], each["in"]): each for each in after["parameters"]}
    known = {(each["name"], each["in"]) for each in before["parameters"]}
    for parameter in before["parameters"]:
        name = (parameter["name"], parameter["in"])
        if name not in parameters:
            yield f"{place}: the parameter {name} is gone"
            continue
        if parameters[name]["required"] and not parameter["required"]:
            yield f"{place}: the parameter {name} must be given now"
        yield from schemas.lost(parameter["schema"], parameters[name]["schema"], f"{place}?{name[0]}", sent_to_us=True)
    yield from (
        f"{place}: the new parameter {name} must be given" for name, each in parameters.items() if each["required"] and name not in known
    )
    if "requestBody" in before or "requestBody" in after:
        yield from _contents(schemas, before.get("requestBody", {}), after.get("requestBody", {}), f"{place} body", sent_to_us=True)
    for status, answer in before["responses"].items():
        if status not in after["responses"]:
            yield f"{place}: the answer {status} is gone"
        elif "$ref" not in answer:
            yield from _contents(schemas, answer, after["responses"][status], f"{place} answer", sent_to_us=False)


def _contents(schemas: Schemas, before: dict[str, Any], after: dict[str, Any], place: str, *, sent_to_us: bool) -> Iterator[str]:
    if after.get("required") and not before.get("required"):
        yield f"{place} must be given now"
    for media, content in before.get("content", {}).items():
        if media not in after.get("content", {}):
            yield f"{place}: {media} is gone"
        elif "schema" in content:
            yield from schemas.lost(content["schema"], after["content"][media]["schema"], place, sent_to_us=sent_to_us)


@pytest.mark.parametrize(
    ("kind", "sent_to_us"), [("to-server", True), ("to-client", False), ("preview-header", False), ("host-answer", True)]
)
def test_messages_of_the_socket_are_still_understood(kind: str, sent_to_us: bool, now: dict[str, Any]) -> None:
    found = Schemas(THEN, now).lost(THEN["x-messages"][kind], now["x-messages"][kind], kind, sent_to_us=sent_to_us)
    assert list(found) == []


@pytest.mark.parametrize("method", THEN["x-host-methods"])
def test_an_editor_of_before_is_asked_what_it_knows_and_its_answer_is_taken(method: str, now: dict[str, Any]) -> None:
    before, after = THEN["x-host-methods"][method], now["x-host-methods"][method]
    schemas = Schemas(THEN, now)
    assert list(schemas.lost(before["params"], after["params"], f"{method} params", sent_to_us=False)) == []
    assert list(schemas.lost(before["result"], after["result"], f"{method} result", sent_to_us=True)) == []


def test_tokens_travel_as_before(now: dict[str, Any]) -> None:
    before, after = (
        {name: {key: each[key] for key in each if key != "description"} for name, each in document["components"]["securitySchemes"].items()}
        for document in (THEN, now)
    )
    assert list(lost(before, after)) == []
    assert list(lost(THEN["security"], now["security"])) == []
    problem = "Problem"
    before, after = (each["components"]["responses"][problem]["content"]["application/json"]["schema"] for each in (THEN, now))
    assert list(Schemas(THEN, now).lost(before, after, problem, sent_to_us=False)) == []


@pytest.mark.parametrize("method", PANELS_THEN["methods"])
def test_the_schema_in_the_panels_holds_what_it_held(method: str) -> None:
    panels = doors.panel_schema()
    schemas = Schemas(PANELS_THEN, panels)
    before, after = PANELS_THEN["methods"][method], panels["methods"][method]
    assert list(schemas.lost(before["params"], after["params"], f"{method} params", sent_to_us=False)) == []
    assert list(schemas.lost(before["result"], after["result"], f"{method} result", sent_to_us=True)) == []
    assert list(schemas.lost(PANELS_THEN["hello"], panels["hello"], "hello", sent_to_us=True)) == []


@pytest.mark.parametrize("name", recorded("errors.json"))
def test_an_error_keeps_its_name_status_and_exit_code(name: str) -> None:
    """`Problem.error` and `Failed.error` carry the name, scripts read the exit code."""
    before, now = recorded("errors.json")[name], doors.errors()
    assert name in now, "the name is gone"
    assert {key: now[name].get(key) for key in before if key != "kinds"} == {key: before[key] for key in before if key != "kinds"}
    assert set(before["kinds"]) <= set(now[name]["kinds"])
