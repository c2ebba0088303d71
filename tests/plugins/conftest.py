"""The Resolve panel's package is imported the way Resolve's Python does: from its own folder on the path."""

from __future__ import annotations

import sys
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
sys.path.insert(0, str(PLUGINS / "davinci_resolve"))
