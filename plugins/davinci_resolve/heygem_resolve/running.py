"""Starts the panel inside Resolve: one at a time, with a window where the edition allows one, otherwise with the page in the browser."""

from __future__ import annotations

import os
import webbrowser
from typing import Any

from heygem_host import language, startup
from heygem_host.connection import ServerConnection, Settings
from heygem_host.messages import say, tell
from heygem_host.panel import Panel

from .editor import Editor, is_studio, may_open_windows
from .panel import window
from .panel.resolve_side import ResolveSide

_LOOK_S = 0.1  # how long a step waits for something to do


def run(resolve: Any, fusion: Any, bmd: Any, folder: str) -> int:
    """The script's whole life; `folder` holds config.json. Returns an exit code; what goes wrong is printed to Resolve's console."""
    spoken = language.of_this_machine()  # Resolve tells its scripts nothing about the language of its own windows
    if resolve is None:
        print(say(tell("panel.no-scripts", free=tell("panel.free-edition")), spoken))
        return 1
    config = startup.read_config(folder)
    data_folder = config["data_folder"]
    editor = Editor(resolve, fusion, bmd)
    with startup.only_one(os.path.join(data_folder, "panel-resolve.lock")) as first:
        link = ServerConnection(
            Settings(config["server_file"], tuple(config["command"]), editor="Resolve", install="heygem install resolve", language=spoken)
        )
        panel = Panel(ResolveSide(editor, host_id(data_folder)), link, os.path.join(data_folder, "panel-resolve.json"))
        if not first:
            print(say(tell("panel.running-already"), spoken))
            return 0
        link.start()
        if may_open_windows(editor):
            window.run(panel, editor)
        else:
            if not is_studio(editor):
                print(say(tell("panel.page-opens", free=tell("panel.free-edition")), spoken))
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


def host_id(data_folder: str) -> str:
    """This Resolve's id on this machine."""
    return startup.host_id(os.path.join(data_folder, "panel-resolve.id"), "resolve")
