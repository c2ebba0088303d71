"""A real Blender at work: a process without a window that does what a test asks (`blender_process`)."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.plugins.conftest import PLUGINS

BLENDER = shutil.which("blender")
BESIDE = Path(__file__).with_name("blender_process.py")
_PATIENCE_S = 300.0

RATES: dict[str, tuple[int, float]] = {"23.976": (24, 1.001), "25": (25, 1.0), "29.97": (30, 1.001), "59.94": (60, 1.001)}
"""How Blender's rate is set: frames and their base."""


def needs_blender() -> str:
    if BLENDER is None:
        pytest.skip("Blender is missing: apt-get install blender")
    return BLENDER


def library_folders() -> list[str]:
    """What an installed add-on has on its path. Its `websockets` is a copy of this one."""
    found = importlib.util.find_spec("websockets")
    assert found is not None
    assert found.origin is not None
    return [str(PLUGINS / "blender"), str(PLUGINS / "host_client"), str(Path(found.origin).parents[1])]


def surroundings(home: Path, **own: object) -> dict[str, str]:
    """Environment variables for a Blender: its Python takes libraries from beside the first `python3` of PATH, which a virtual environment
    that is in use puts there, and another build's do not fit."""
    named = {name: str(value) for name, value in {"HOME": home, **own}.items()}
    return {**os.environ, "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **named}


class Blender:
    """`folder` becomes its home: it never sees this user's settings. With `do` every function of `blender_process` can be called."""

    def __init__(self, folder: Path, paths: list[str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        environment = surroundings(folder, BLENDER_USER_CONFIG=folder, BLENDER_USER_SCRIPTS=folder / "scripts")
        command = [needs_blender(), "-b", "--factory-startup", "-noaudio", "--python-use-system-env", "--python", str(BESIDE), "--",
                   *(paths or library_folders())]  # fmt: skip
        self.log = (folder / "blender.log").open("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment, cwd=folder
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments, **named: self.do(name, *arguments, **named)

    def do(self, what: str, /, *arguments: Any, **named: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, "arguments": arguments, "named": named}) + "\n")
        self.process.stdin.flush()
        patience = threading.Timer(_PATIENCE_S, self.process.kill)
        patience.start()
        try:
            said = []
            for line in self.process.stdout:
                if line.startswith("@@"):
                    answer = json.loads(line[2:])
                    assert "problem" not in answer, answer["problem"]
                    return answer["answer"]
                said.append(line)
        finally:
            patience.cancel()
        self.log.seek(0)
        raise AssertionError(f"Blender ended:\n{''.join(said[-40:])}{self.log.read()[-4000:]}")

    def result(self, method: str, **params: Any) -> Any:
        """What a request of the server gives; fails the test where it is refused."""
        answer = self.do("call", method, params)
        assert "result" in answer, answer
        return answer["result"]

    def frames(self, folder: Path, first: int, last: int) -> dict[int, NDArray[np.uint8]]:
        """What Blender renders of its sequence: record frame → H×W×3 uint8 RGB."""
        folder.mkdir()
        self.do("pictures", str(folder), first, last)
        return {number: picture(folder / f"{number:04}.png") for number in range(first, last + 1)}

    def samples(self, file: Path, first: int, last: int) -> NDArray[np.int16]:
        """What Blender mixes of its sequence: channels × samples."""
        self.do("heard", str(file), first, last)
        with av.open(str(file)) as given:
            return np.concatenate([frame.to_ndarray().reshape(-1, 2).T for frame in given.decode(audio=0)], axis=1)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.log.close()


def picture(path: Path) -> NDArray[np.uint8]:
    with av.open(str(path)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")
