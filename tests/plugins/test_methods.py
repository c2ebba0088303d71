"""The table of what the server can ask of an editor is the one that panels answer by."""

from __future__ import annotations

import json
from typing import get_args

from heygem_core.shot import to_json
from heygem_host.choices import Choices
from heygem_resolve.calls import DISPATCHER
from heygem_resolve.panel import submission
from heygem_server import wire
from heygem_server.hosts.editors import EDITORS
from heygem_server.hosts.methods import METHODS
from tests.plugins.conftest import PLUGINS
from tests.plugins.node import run_node
from tests.plugins.protocol import SCHEMA


def test_every_panel_answers_each_method_and_no_other():
    javascript = run_node("-e", f"console.log(JSON.stringify(Object.keys(require('{PLUGINS.as_posix()}/shared/rpc-dispatch.js').CALLS)))")
    for answered in (get_args(wire.MethodName), SCHEMA["methods"], DISPATCHER.calls, json.loads(javascript.stdout)):
        assert sorted(answered) == sorted(METHODS)


def test_the_schema_says_which_requests_may_come_twice_and_how_long_an_answer_may_take():
    for name, method in METHODS.items():
        assert (SCHEMA["methods"][name]["repeatable"], SCHEMA["methods"][name]["timeout_s"]) == (method.repeatable, method.timeout_s)
    assert [name for name, method in METHODS.items() if not method.repeatable] == ["host.export"]


def test_what_the_resolve_script_submits_is_what_the_server_says_that_its_timelines_want():
    """The script runs without the server's code and has words of its own."""
    assert EDITORS.get("resolve").settings == submission._SETTINGS
    assert json.loads(to_json(EDITORS.get("resolve").laying)) == Choices().laying()
