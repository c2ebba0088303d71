"""What the person chose in the window for laying takes, remembered between starts."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from typing import Any

MODES = (("track", "panel.mode-track"), ("take", "panel.mode-take"), ("relink", "panel.mode-relink"))
MUTES = (("none", "panel.mute-none"), ("clip", "panel.mute-clip"), ("track", "panel.mute-track"))
"""Value of the protocol's Laying → code of what the window calls it."""


@dataclass(frozen=True)
class Choices:
    """The protocol's Laying."""

    mode: str = "track"
    mute: str = "none"
    disable_original: bool = False

    def laying(self) -> dict[str, Any]:
        return asdict(self)


def read(path: str) -> Choices:
    """Nothing chosen before, or a file that somebody damaged: the ordinary choices."""
    try:
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
        return chosen(said.get("mode"), said.get("mute"), said.get("disable_original"))
    except (OSError, ValueError, AttributeError):
        return Choices()


def chosen(mode: Any, mute: Any, disable_original: Any) -> Choices:
    """What is none of the choices becomes the first one."""
    return Choices(
        mode=mode if mode in dict(MODES) else MODES[0][0],
        mute=mute if mute in dict(MUTES) else MUTES[0][0],
        disable_original=disable_original is True,
    )


def keep(path: str, choices: Choices) -> None:
    """Whole or not at all. A disk that refuses costs the memory, not the work."""
    try:
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix="panel-", suffix=".part", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(choices.laying(), file)
        os.replace(part, path)
    except OSError:
        return
