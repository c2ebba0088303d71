"""The Resolve panel end to end at every frame rate: real script, real server, real renders, an editor that obeys its ledger.

    python -m benchmarks.panels [RATE …]

The tests of the project run one rate; this runs them all: three clips with one speech across them come back to their exact frames
through a killed server, a closed panel and another project. The Premiere panels' arithmetic at all rates is in the tests themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

RATES = ("23.976", "25", "29.97", "59.94")
TEST = "tests/plugins/test_resolve_end_to_end.py"


def main() -> int:
    failed = 0
    for rate in sys.argv[1:] or RATES:
        began = time.monotonic()
        run = subprocess.run([sys.executable, "-m", "pytest", "-q", TEST], env={**os.environ, "HEYGEM_RATE": rate}, check=False)
        failed += run.returncode != 0
        print(f"{rate:7} {'exact' if run.returncode == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
