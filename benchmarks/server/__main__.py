"""Measures of the render server: `python -m benchmarks.server NAME [options]`; without a name, which there are."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "common")


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"Which one? {', '.join(NAMES)}")
    name = sys.argv.pop(1)
    import_module(f"benchmarks.server.{name}").main()


if __name__ == "__main__":
    main()
