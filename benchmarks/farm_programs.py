"""The programs of a farm that is measured here: `heygem farm` and `heygem serve` in the background, and what of them can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import psutil

from heygem_core.machine.python_process import apart, python_module
from heygem_server.executors.farm.cluster import read_farm_file
from heygem_server.executors.process_tree import kill_tree

_STARTED = ("Ports that it opens", "Sign in once")  # of a node; of a server


class Program:
    """`heygem …` from `started` to `end`. environment: variables besides our own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.arguments, self._environment = arguments, environment
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns at once."""
        command = python_module("heygem_server.cli", *self.arguments)
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, **apart(**self._environment)
        )

    def started(self) -> Program:
        """Once it has started; starts it where nobody has. Raises: RuntimeError — it does not."""
        if self._process is None:
            self.start()
        assert self._process is not None
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if line.startswith(_STARTED):
                threading.Thread(target=self._process.stdout.read, daemon=True).start()
                return self
        raise RuntimeError(f"heygem {' '.join(self.arguments)} did not start: {''.join(said)[-2000:]}")

    def kill(self) -> None:
        """At once, with all its children, as a loss of power would."""
        kill_tree(self.pid)
        self._gone()

    def end(self) -> None:
        """As Ctrl-C would."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._gone(60)

    def _gone(self, within_s: float = 10) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(within_s)
        finally:
            kill_tree(self.pid)
            self._process.wait()
            self._process = None


def head(folder: Path, port: int) -> Program:
    """A farm's head with its data folder."""
    return Program("farm", "start", "--data", str(folder), "--port", str(port), "--ip", "127.0.0.1")


def node(folder: Path, name: str, port: int, *more: str, own: Path, devices: str = "cpu", **environment: str) -> Program:
    """A node with a slot, or the slots of these devices, of the farm whose head runs. folder: the server's data; own: the node's."""
    found = read_farm_file(folder)
    assert found is not None, "the head does not run"
    join = ("farm", "join", found.address, "--token", found.token_file, "--data", str(own), "--port", str(port), "--ip", "127.0.0.1")
    return Program(*join, "--name", name, "--devices", devices, *more, **environment)


def below(pid: int, *words: str) -> list[psutil.Process]:
    """The processes that this one started, itself and through others, whose command line holds one of the words."""
    found: list[Any] = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            if any(word in part for word in words for part in child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def kill_one(pid: int) -> None:
    """This process alone."""
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
