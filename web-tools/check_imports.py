"""Checks the rules of who may import whom (pyproject.toml, [tool.importlinter]), editors' scripts included, which no installation knows."""

from __future__ import annotations

import sys
from pathlib import Path

from importlinter.cli import lint_imports_command

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"

sys.path[:0] = [str(PLUGINS / folder) for folder in ("host_client", "davinci_resolve", "blender")]
lint_imports_command([])
