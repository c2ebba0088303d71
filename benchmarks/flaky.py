"""Runs tests again and again while every core is kept busy, and counts the runs that were green: `python -m benchmarks.flaky`.

A test that decides by who is quicker is green on a quiet machine. By default the server's and the panels' tests run ten times; other tests
are named as pytest takes them: `python -m benchmarks.flaky --times 3 tests/server/http/test_scopes.py`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

TARGETS = ["tests/server", "tests/plugins"]
_BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    for _ in range(1_000_000):\n        pass"
"""Ends by itself when whoever started it is gone."""


@contextmanager
def load(processes: int) -> Iterator[None]:
    """That many busy loops until the block ends."""
    running = [subprocess.Popen([sys.executable, "-c", _BUSY, str(os.getpid())]) for _ in range(processes)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def run(targets: list[str]) -> tuple[str, list[str]]:
    """pytest's last line, and the tests that failed with why; a run that ended without any result counts as one."""
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "-rfE", "-p", "no:cacheprovider", *targets]
    wide = os.environ | {"COLUMNS": "1000"}  # pytest cuts the reason of a failure to the width of a terminal
    done = subprocess.run(command, capture_output=True, text=True, env=wide)
    failed = re.findall(r"^(?:FAILED|ERROR) (.+)", done.stdout, re.MULTILINE)
    if done.returncode and not failed:
        failed = [f"pytest ended with {done.returncode}: {done.stderr.strip()[-300:]}"]
    return (done.stdout.strip().splitlines() or [""])[-1].strip("= "), failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flaky", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", default=TARGETS, help=f"what pytest runs (default: {' '.join(TARGETS)})")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--load", type=int, default=os.cpu_count() or 1, help="busy loops beside the tests (default: one for each core)")
    given = parser.parse_args()
    green, failures = 0, Counter[str]()
    with load(given.load):
        for number in range(1, given.times + 1):
            began = time.monotonic()
            said, failed = run(given.targets)
            green += not failed
            failures.update(each.partition(" - ")[0] for each in failed)
            print(f"{number:3}  {time.monotonic() - began:6.0f} s  {said}", *failed, sep="\n     failed: ", flush=True)
    for name, count in failures.most_common():
        print(f"failed {count} of {given.times}: {name}")
    print(f"{green} of {given.times} runs were green beside {given.load} busy loops")
    return 0 if green == given.times else 1


if __name__ == "__main__":
    sys.exit(main())
