"""What the editors are known to do, as data (ledger.json): the fakes obey its entries, and a test can switch one off to see who notices.

Tags say how it is known. V: checked on a machine. O: the vendor's own text. L: tested live in the editor by a public project.
2: second-hand. ?: nobody knows; the fake takes the less convenient way, and a test runs both where it matters.
"""

from __future__ import annotations

import json
from pathlib import Path

LEDGER: dict[str, dict[str, dict[str, str]]] = json.loads(Path(__file__).with_name("ledger.json").read_text(encoding="utf-8"))
RESOLVE, PREMIERE, UXP = LEDGER["resolve"], LEDGER["premiere"], LEDGER["uxp"]


def active(entries: dict[str, dict[str, str]], without: frozenset[str]) -> frozenset[str]:
    """The entries in force. A name that is not in the ledger is a mistake of the test."""
    unknown = without - entries.keys()
    if unknown:
        raise KeyError(f"not in the ledger: {', '.join(sorted(unknown))}")
    return frozenset(entries) - without
