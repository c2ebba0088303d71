"""How the server starts a Python of its own: the one place that makes the command line.

`-P` keeps Python from importing out of the folder that the server was started in, where anybody's files may lie.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours as a program."""
    return [sys.executable, "-P", "-m", module, *arguments]


def python_code(code: str) -> list[str]:
    """The command that runs a few lines of ours."""
    return [sys.executable, "-P", "-c", code]


def detached() -> dict[str, Any]:
    """Arguments for a child that Ctrl-C in the server's terminal does not reach: it is the server's business."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
