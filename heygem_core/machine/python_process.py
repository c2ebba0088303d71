"""How the program starts a Python of its own: the one place that makes the command line and the surroundings.

`-P` keeps Python from importing out of the folder that it stands in, where anybody's files may lie. The child stands in Python's own
folder, so an empty or relative entry of PYTHONPATH, or a library that starts a Python in its turn, finds nothing of a stranger's either.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import Any

# Variables that people may have written relative to their own folder; the latter hold several, as PATH does.
_NAMES_OF_PATHS = ("HEYGEM_CACHE", "HEYGEM_FACE_LANDMARKER", "HEYGEM_MODELS")
_NAMES_OF_LISTS = ("PYTHONPATH", "HEYGEM_EXTRA_MODELS")


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours as a program."""
    return [sys.executable, "-P", "-m", module, *arguments]


def python_code(code: str) -> list[str]:
    """The command that runs a few lines of ours."""
    return [sys.executable, "-P", "-c", code]


def apart(*, stdin: int = subprocess.DEVNULL, **environment: str) -> dict[str, Any]:
    """Where such a child stands and what it is given, for `subprocess` and `asyncio`: every start of a Python passes these.

    stdin: nothing by default, so that a library that asks a question hears that nobody is there. environment: variables besides the
    server's own.
    """
    ours = {name: os.path.abspath(value) for name in _NAMES_OF_PATHS if (value := os.environ.get(name))}
    for name in _NAMES_OF_LISTS:
        if listed := os.environ.get(name):
            ours[name] = os.pathsep.join(os.path.abspath(entry) for entry in listed.split(os.pathsep) if entry)
    return {"stdin": stdin, "cwd": sys.prefix, "env": {**os.environ, **ours, "PYTHONSAFEPATH": "1", **environment}}


def detached() -> dict[str, Any]:
    """Arguments for a child that Ctrl-C in the server's terminal does not reach: it is the server's business."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def collect_less_often() -> None:
    """Lets Python look for unreachable cycles after 20,000 new objects instead of 700. Importing torch and MediaPipe, and reading hundreds
    of points of each frame, makes objects that stay: looking through them all again took a sixth of the time of the imports."""
    gc.set_threshold(20_000, *gc.get_threshold()[1:])
