"""What can be installed beside the editors of this machine, and how each stands: for `heygem install`, and for the page."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

from heygem_core.errors import SetupError
from heygem_core.messages import Message
from heygem_core.shot import Struct

from .editors import EDITORS, Installer

if TYPE_CHECKING:
    from heygem_plugins.installing.machine import Machine
    from heygem_plugins.installing.parts import Part

SERVICE = "service"
_SERVICE = Installer(
    parts="heygem_plugins.installing.targets:service",
    what="start the render server at login (panels that cannot start it themselves need this)",
    next_step="The server starts at each login.",
)


def targets() -> dict[str, Installer]:
    """What can be installed, by name: the panel of each editor that has one, and the server itself."""
    panels = {name: editor.install for name, editor in EDITORS.all().items() if editor.install is not None}
    return {**panels, SERVICE: _SERVICE}


class Standing(Struct, frozen=True, kw_only=True):
    """How one target stands on this machine."""

    name: str
    title: str
    state: str  # "installed", "incomplete" (old, or partly there), "not installed", "not possible"
    found: tuple[str, ...]  # versions of the editor on this machine: "Adobe Premiere Pro 2026, 26.3 (/Applications/…)"
    next_step: str | None  # where to click; None = it is not installed
    why: str | None = None  # why it is not possible
    why_message: Message | None = None


def standings(machine: Machine) -> list[Standing]:
    """Of every editor that has a panel, and of the server that starts at login."""
    return [_standing(name, found, machine) for name, found in targets().items()]


def _standing(name: str, found: Installer, machine: Machine) -> Standing:
    editor = EDITORS.all().get(name)
    title = editor.title if editor is not None else "The server at login"
    try:
        parts = [part for part in parts_of(found, machine) if not is_rest(part)]
    except SetupError as error:
        return Standing(name=name, title=title, state="not possible", found=(), next_step=None, why=str(error), why_message=error.said)
    states = {part.state(machine) for part in parts}
    main = parts[-1] if name == SERVICE else parts[0]  # the service's first file is the panels', too
    state = "installed" if states == {"present"} else "not installed" if main.state(machine) == "absent" else "incomplete"
    next_step = None if state == "not installed" else found.next_step
    return Standing(name=name, title=title, state=state, found=programs_of(found, machine), next_step=next_step)


def parts_of(found: Installer, machine: Machine) -> list[Part]:
    """What it consists of. Raises: SetupError — it cannot be installed on this machine."""
    made: list[Part] = pkgutil.resolve_name(found.parts)(machine)
    return made


def programs_of(found: Installer, machine: Machine) -> tuple[str, ...]:
    """Versions of its editor on this machine."""
    programs = pkgutil.resolve_name(found.programs)(machine) if found.programs else []
    return tuple(f"{one.name}{f', {one.version}' if one.version else ''} ({one.path})" for one in programs)


def is_rest(part: Part) -> bool:
    """Whether it is there only to be taken away."""
    from heygem_plugins.installing.parts import Rest

    return isinstance(part, Rest)
