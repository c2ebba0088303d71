"""Starts the panel inside Resolve: one at a time, with a window where the edition allows one, otherwise with the page in the browser."""

from __future__ import annotations

import json
import os
import uuid
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import window
from .editor import Editor, is_studio, may_open_windows, version
from .link import Link, Settings
from .panel import Panel

_LOOK_S = 0.1  # how long a step waits for something to do

FREE_EDITION = (
    "This is the free edition of DaVinci Resolve{since}. Its scripts may not open a window{more}. "
    "What always works without scripts: export the timeline (File > Export > Timeline, OTIO), open it in HeyGem's page, render, "
    "and import the timeline file that the page gives back."
)


def run(resolve: Any, fusion: Any, bmd: Any, folder: str) -> int:
    """The script's whole life; `folder` holds config.json. Returns an exit code; what goes wrong is printed to Resolve's console."""
    if resolve is None:
        print("HeyGem Bridge: this Resolve does not let scripts in. " + FREE_EDITION.format(since="", more=""))
        return 1
    config = read_config(folder)
    editor = Editor(resolve, fusion, bmd)
    with only_one(os.path.join(config["data_folder"], "panel-resolve.lock")) as first:
        link = Link(Settings(config["server_file"], tuple(config["command"])))
        panel = Panel(editor, link, host_id(config["data_folder"]), os.path.join(config["data_folder"], "panel-resolve.json"))
        if not first:
            print("HeyGem Bridge is running already in this Resolve.")
            return 0
        link.start()
        if may_open_windows(editor):
            window.run(panel)
        else:
            if not is_studio(editor):
                print(
                    "HeyGem Bridge: " + FREE_EDITION.format(since=f" {'.'.join(map(str, version(editor)[:2]))}", more=", so the page opens")
                )
            without_window(panel)
        link.stop()
        link.join(3)
    return 0


def without_window(panel: Panel) -> None:
    """The page in the browser does the showing; this loop only answers, the moment something arrives."""
    panel.link.outbox.put(("page",))
    while panel.alive:
        panel.step(_LOOK_S)
        if panel.page is not None:
            webbrowser.open(panel.page)
            panel.page = None


def read_config(folder: str) -> dict[str, Any]:
    """What `heygem install resolve` wrote: command, data_folder, server_file."""
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        config: dict[str, Any] = json.load(file)
    return config


def host_id(data_folder: str) -> str:
    """The same for each start on this machine: a server tells editors apart by it."""
    path = os.path.join(data_folder, "panel-resolve.id")
    try:
        with open(path, encoding="utf-8") as file:
            known = file.read().strip()
        if known:
            return known
    except OSError:
        pass
    made = f"resolve-{uuid.uuid4().hex[:16]}"
    os.makedirs(data_folder, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(made)
    return made


@contextmanager
def only_one(path: str) -> Iterator[bool]:
    """Whether this is the first panel of the user; the lock ends with the process, whatever ends it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        yield _locked(file)


def _locked(file: Any) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
