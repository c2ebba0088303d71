"""The add-on's life inside Blender: one panel for each Blender, called by a timer in the thread that owns Blender's API.

The network has threads of its own (`heygem_host.connection`). The timer goes on while the side bar is hidden, so takes arrive there too.
"""

from __future__ import annotations

import os
import webbrowser
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import bpy

from heygem_host import language, startup
from heygem_host.connection import ServerConnection, Settings
from heygem_host.messages import tell
from heygem_host.panel import Panel

from . import identity, names
from .panel import window
from .panel.blender_side import BlenderSide

_STEP_S = 0.05
_BUSY_S = 0.25  # while Blender renders or a strip is dragged
_OTHER_S = 3.0  # while another Blender is the one that is connected


@dataclass
class Running:
    """What lives from `register` to `unregister`. `held`: the lock that one Blender of this user has."""

    panel: Panel
    side: BlenderSide
    command: tuple[str, ...]
    lock: str
    held: ExitStack = field(default_factory=ExitStack)
    connected: bool = False  # this Blender has the lock

    def may_start_server(self) -> None:
        """Once the side bar was looked at: a Blender that is used for something else starts nothing."""
        link = self.panel.link
        if link.settings.command != self.command:
            link.settings = replace(link.settings, command=self.command)


_running: Running | None = None


def current() -> Running | None:
    return _running


def register(folder: str) -> None:
    """`folder` holds config.json. Without a window (`blender -b`: farms, scripts) there is nobody to work for, and nothing is started."""
    global _running
    window.register(current)
    watch_files()
    if bpy.app.background or not os.path.exists(os.path.join(folder, "config.json")):
        return
    _running = started(folder)
    bpy.app.timers.register(_step, first_interval=_STEP_S, persistent=True)


def started(folder: str) -> Running:
    config = startup.read_config(folder)
    data_folder = config["data_folder"]
    spoken = language.of_tag(bpy.app.translations.locale or "en")
    link = ServerConnection(Settings(config["server_file"], editor="Blender", install="heygem install blender", language=spoken))
    side = BlenderSide(startup.host_id(os.path.join(data_folder, "panel-blender.id"), "blender"))
    panel = Panel(side, link, os.path.join(data_folder, "panel-blender.json"))
    panel.shows_versions = True
    return Running(panel, side, tuple(config["command"]), os.path.join(data_folder, "panel-blender.lock"))


def watch_files() -> None:
    """A file that is saved gets its project's id; one that is opened has its own."""
    bpy.app.handlers.save_pre.append(_before_save)
    bpy.app.handlers.load_post.append(_after_load)


def unregister() -> None:
    global _running
    if bpy.app.timers.is_registered(_step):
        bpy.app.timers.unregister(_step)
    for handlers, own in ((bpy.app.handlers.save_pre, _before_save), (bpy.app.handlers.load_post, _after_load)):
        if own in handlers:
            handlers.remove(own)
    window.unregister()
    if _running is not None:
        _running.panel.link.stop()
        _running.held.close()
        _running = None


def _step() -> float | None:
    """Blender's timer: how long until the next call; None = never again."""
    if _running is None:
        return None
    if not _running.connected and not _take_lock(_running):
        return _OTHER_S
    if names.busy():
        return _BUSY_S
    panel = _running.panel
    if panel.step():
        window.redraw()
    if panel.page is not None:
        webbrowser.open(panel.page)
        panel.page = None
    return _STEP_S if panel.alive else None


def _take_lock(running: Running) -> bool:
    attempt = ExitStack()
    if not attempt.enter_context(startup.only_one(running.lock)):
        attempt.close()
        running.panel.state = running.panel.words(tell("panel.blender-running-elsewhere"))
        return False
    running.held, running.connected = attempt, True
    running.panel.link.start()
    return True


@bpy.app.handlers.persistent
def _before_save(*_: Any) -> None:
    identity.write_project()


@bpy.app.handlers.persistent
def _after_load(*_: Any) -> None:
    identity.forget()
