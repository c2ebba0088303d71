"""Node and the packages that the tests of the JavaScript side need; without them those tests skip and say what is missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
MODULES = Path(os.environ.get("HEYGEM_NODE_MODULES", HERE / "node_modules"))


def needs_node() -> str:
    """Node's path. Skips where it or a package is absent."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on this machine")
    if not (MODULES / "acorn").is_dir():
        pytest.skip(f"run `npm ci --prefix {HERE.relative_to(REPOSITORY)}` for the tests of the panels' scripts")
    return node


def run_node(*arguments: str, timeout: float = 120, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HEYGEM_NODE_MODULES": str(MODULES), "NODE_PATH": str(MODULES)}
    command = [needs_node(), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, timeout=timeout, input=stdin)


class NodeProcess:
    """A script that answers lines of JSON: `process("ask", request=…)`."""

    def __init__(self, script: Path, options: dict[str, Any], *flags: str) -> None:
        environment = {**os.environ, "HEYGEM_NODE_MODULES": str(MODULES), "NODE_PATH": str(MODULES)}
        given = json.dumps({"python": sys.executable, "repository": str(REPOSITORY), **options})
        command = [needs_node(), *flags, str(script), given]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        self.process: subprocess.Popen[str] = subprocess.Popen(command, cwd=REPOSITORY, env=environment, **pipes)  # type: ignore[call-overload]
        self.number = 0

    def __call__(self, deed: str, **given: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.number += 1
        self.process.stdin.write(json.dumps({"id": self.number, "do": deed, **given}) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        assert said["id"] == self.number
        if "error" in said:
            raise AssertionError(f"{said['error']}\n{said['stack']}")
        return said.get("value")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
