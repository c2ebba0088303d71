"""The add-on's folder for each version of Blender on this machine."""

from __future__ import annotations

from heygem_core.errors import SetupError

from . import sources
from .blender_folders import OLDEST, scripts_folders
from .machine import Machine
from .parts import Folder, Part
from .targets import config

ADDON = "heygem_bridge"


def parts(machine: Machine) -> list[Part]:
    """Raises: SetupError — there is no Blender that it could be put into."""
    folders = scripts_folders(machine)
    if not folders:
        raise SetupError("install.no-blender", oldest=".".join(map(str, OLDEST)))
    addon = sources.blender_addon()
    files = {**addon, "library/config.json": config(machine)}
    return [Folder(path=folder / "addons" / ADDON, files=files) for folder in folders]
