"""What the editors are known to do, as data (ledger.json): the fakes obey its entries, and a test can switch one off to see who notices.

Tags say how it is known. V: checked on a machine. O: the vendor's own text. L: tested live in the editor by a public project.
2: second-hand. ?: nobody knows; the fake takes the less convenient way, and a test runs both where it matters.
`always`: the fake is built so; there is nothing to switch off. `rare`: seen under some circumstances; a test switches it on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LEDGER: dict[str, dict[str, dict[str, Any]]] = json.loads(Path(__file__).with_name("ledger.json").read_text(encoding="utf-8"))
RESOLVE, PREMIERE, UXP = LEDGER["resolve"], LEDGER["premiere"], LEDGER["uxp"]


def active(entries: dict[str, dict[str, Any]], without: frozenset[str], also: frozenset[str] = frozenset()) -> frozenset[str]:
    """The entries in force. A name that is not in the ledger, or that cannot be switched off, is a mistake of the test."""
    for name in without:
        if entries[name].get("always"):
            raise KeyError(f"the fake cannot do without: {name}")
    for name in also:
        if not entries[name].get("rare"):
            raise KeyError(f"the fake does it anyway: {name}")
    return frozenset(name for name, entry in entries.items() if not entry.get("rare")) - without | also
