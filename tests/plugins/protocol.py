"""The protocol between server and editors, as every panel carries it."""

from __future__ import annotations

import json
from typing import Any

from tests.plugins.conftest import PLUGINS

SCHEMA: dict[str, Any] = json.loads((PLUGINS / "protocol" / "host.schema.json").read_text(encoding="utf-8"))
