"""Measures of timelines: `python -m benchmarks.timelines [NAME [options]]`; without a name, all of them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] not in NAMES:
        sys.exit(f"Which one? {', '.join(NAMES)}")
    chosen = [sys.argv.pop(1)] if len(sys.argv) > 1 else NAMES
    for name in chosen:
        print(f"\n{name}" if len(chosen) > 1 else "", flush=True)
        import_module(f"benchmarks.timelines.{name}").main()


if __name__ == "__main__":
    main()
