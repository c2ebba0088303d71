"""Runs schemathesis over the whole API, by the document that the server serves: no request may end with a server error.

`pip install schemathesis`, then `python -m benchmarks.server api_schemathesis [--examples 50]`. It is no dependency of the project:
it brings forty packages for one measure. The socket is left out (schemathesis speaks HTTP); `/sign-out`, `/reveal` and `/fetch` too (they
end the session, open a file manager on the screen and fetch models from other hosts).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from ._serving import serving


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="random requests for each operation")
    parser.add_argument("--checks", default="not_a_server_error")
    options = parser.parse_args()
    program = Path(sys.executable).with_name("schemathesis")
    if not (program.is_file() or shutil.which("schemathesis")):
        sys.exit("schemathesis is not installed: pip install schemathesis")
    with serving("--workers", "1") as at:
        command = [str(program) if program.is_file() else "schemathesis", "run", f"{at.url}/api/v1/openapi.json"]
        command += [
            "--url",
            at.url,
            "-H",
            f"Authorization: Bearer {at.token}",
            "--checks",
            options.checks,
            "--max-examples",
            str(options.examples),
        ]
        command += [
            "--phases",
            "examples,coverage,fuzzing",
            "--exclude-path-regex",
            "/events$|/sign-out$|/reveal$|/fetch$",
            "--request-timeout",
            "60",
        ]
        code = subprocess.run([*command, "--continue-on-failure", "--no-color"], check=False).returncode
        print(f"server {'alive' if at.alive else 'DEAD'}")
        log = (at.folder / "data" / "logs" / "server.log").read_text(encoding="utf-8")
        broken = [line for line in log.splitlines() if '"level": "error", "where": "heygem_server"' in line]
        for line in broken[:10]:
            print(line[:2000])
        sys.exit(code or len(broken) > 0)


if __name__ == "__main__":
    main()
