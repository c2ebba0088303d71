"""What the schemas say does not depend on the release of msgspec."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from heygem_server import json_schemas

INDENTED = "One line.\n\n    A second one,\n    and a third.\n    "
PLAIN = "One line.\n\nA second one,\nand a third."


class Described(msgspec.Struct):
    """One line.

    A second one,
    and a third.
    """

    description: str = "    kept  "


@pytest.mark.parametrize("docstring", [INDENTED, PLAIN], ids=["as msgspec before 0.23 gives it", "as it is given since"])
def test_descriptions_have_no_indentation_with_any_release_of_msgspec(docstring: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def components(*_: Any, **__: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        found = {"type": "object", "description": docstring, "anyOf": [{"description": docstring}]}
        return [found], {"Described": found}

    monkeypatch.setattr(msgspec.json, "schema_components", components)
    (schema,), named = json_schemas.schema_components([Described], schema_hook=dict, ref_template="{name}")
    assert schema["description"] == named["Described"]["description"] == PLAIN
    assert schema["anyOf"] == [{"description": PLAIN}]


def test_what_is_no_docstring_stays_as_it_is() -> None:
    _, named = json_schemas.schema_components([Described], schema_hook=dict, ref_template="{name}")
    assert named["Described"]["description"] == PLAIN
    assert named["Described"]["properties"]["description"] == {"type": "string", "default": "    kept  "}
