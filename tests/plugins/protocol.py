"""The protocol between server and editors, as every panel carries it."""

from __future__ import annotations

import json
from typing import Any

from heygem_core.messages import Message, say
from heygem_core.shot import from_json
from tests.plugins.conftest import PLUGINS

SCHEMA: dict[str, Any] = json.loads((PLUGINS / "protocol" / "host.schema.json").read_text(encoding="utf-8"))

BESIDE = {
    "notices": "notice_messages",
    "not_copied": "not_copied_messages",
    "cannot_copy": "cannot_copy_messages",
    "problem": "problem_message",
    "needs_host_export": "needs_host_export_message",
}
"""Sentences in results of hosts, and where their messages are."""


def check_codes(result: Any) -> None:
    """Every sentence in a result has its message beside it, and that message is what its code says."""
    if isinstance(result, list):
        for each in result:
            check_codes(each)
    if not isinstance(result, dict):
        return
    for english, coded in BESIDE.items():
        if result.get(english) is None:
            assert result.get(coded) is None
            continue
        listed = isinstance(result[english], list)
        sentences, messages = (result[english], result.get(coded, [])) if listed else ([result[english]], [result[coded]])
        assert [message["message"] for message in messages] == sentences
        for message in messages:
            said = from_json(json.dumps(message), Message)
            assert said.code is None or say(said, "en") == said.message
    for name, inner in result.items():
        if name not in BESIDE.values():
            check_codes(inner)
