"""What the threads of the network share: three queues, and the connection as it is now."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Any

from . import server_discovery


@dataclass(frozen=True)
class Settings:
    server_file: str
    command: tuple[str, ...] = ()  # how to start `heygem`; empty = never
    place_incoming: bool = True
    editor: str = "the editor"  # its name in sentences
    install: str = "heygem install"  # the command that installs its panel
    language: str = "en"  # of the panel's own window


@dataclass(frozen=True)
class Session:
    """A connection that the server accepted."""

    server: server_discovery.Server
    token: str
    about: dict[str, Any]  # HostHello


class Link:
    """Made by the editor's thread; see `connection` for what goes through the queues."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.inbox: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.answers: queue.Queue[tuple[dict[str, Any], int]] = queue.Queue()
        self.outbox: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.session: Session | None = None  # None = not connected
        self.ended = threading.Event()
