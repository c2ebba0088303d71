"""`heygem doctor`: says what works on this machine, or writes that and more into a file for a bug report."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.messages import here, language_here, say, tell
from heygem_core.printable import printable_lines

from .columns import padded

if TYPE_CHECKING:
    from heygem_core.machine.doctor import Finding
    from heygem_core.messages import Message

    from ..executors.slots import Slot
    from ..settings import ServerSettings
    from ..wire import SlotView

_DOING = {None: "doctor.slot-free", "plan": "doctor.slot-plan", "segment": "doctor.slot-segment", "join": "doctor.slot-join"}
_MARKS = {True: "doctor.mark-works", False: "doctor.mark-broken", None: "doctor.mark-optional"}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor", help="say what works on this machine", description="Looks at graphics cards, formats, trackers and models."
    )
    parser.add_argument(
        "--report",
        nargs="?",
        const="",
        metavar="FILE",
        help="write a file to send with a bug report (.zip): versions, devices, settings without secrets, caches, "
        "the end of the server's log",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.report is not None:
        from .bug_report import default_name, write_report

        path = Path(options.report) if options.report else default_name()
        write_report(path)
        print(here(tell("doctor.report-written", path=path)))
        return 0
    from heygem_core.machine.doctor import examine

    broken, language = False, language_here()
    for finding in chain(examine(), _timeline_formats(), _slots()):
        mark, area = say(tell(_MARKS[finding.works]), language), say(tell(finding.area), language)
        print(f"{padded(mark, 3)} {padded(area, 14)} {printable_lines(say(finding.message, language))}", flush=True)
        broken |= finding.works is False
    return 6 if broken else 0


def _timeline_formats() -> Iterator[Finding]:
    from heygem_core.errors import SetupError
    from heygem_core.machine.doctor import Finding

    from ..timeline.formats.registry import FORMATS

    for name in FORMATS.names():
        try:
            row = FORMATS.get(name)
        except SetupError as error:
            yield Finding(area="doctor.area-timelines", works=False, message=error.said)
            continue
        code = "doctor.timeline-both" if row.read and row.write else "doctor.timeline-read" if row.read else "doctor.timeline-written"
        yield Finding(area="doctor.area-timelines", works=True, message=tell(code, format=row.title, suffixes=row.suffixes))


def _slots() -> Iterator[Finding]:
    """What each slot of the running server does; where none runs, the slots that one would have."""
    from heygem_core.errors import HeygemError
    from heygem_core.machine.doctor import Finding

    from ..settings import read_settings

    try:
        settings = read_settings()
        running = _running_slots(settings)
        told = [_doing(slot) for slot in running] if running is not None else [_there(slot) for slot in _slots_of(settings)]
    except HeygemError as error:
        yield Finding(area="doctor.area-slots", works=False, message=error.said)
        return
    for message in told:
        yield Finding(area="doctor.area-slots", works=True, message=message)


def _slots_of(settings: ServerSettings) -> tuple[Slot, ...]:
    from heygem_core.machine.cards import cards_here

    from ..executors.slots import slots_of

    return slots_of(settings.devices, settings.workers, cards_here())


def _running_slots(settings: ServerSettings) -> tuple[SlotView, ...] | None:
    """None = no server of this user runs."""
    from ..client import Client
    from ..errors import ServerError

    try:
        with Client.connect(settings.data_folder) as client:
            return client.info().slots
    except (ServerError, OSError):
        return None


def _there(slot: Slot) -> Message:
    if slot.kind == "cpu":
        return tell("doctor.slot", slot=slot.name)
    device = slot.title or tell("doctor.apple")
    if slot.memory_bytes is None:
        return tell("doctor.slot-graphics", slot=slot.name, device=device)
    return tell("doctor.slot-card", slot=slot.name, device=device, gigabytes=round(slot.memory_bytes / 1e9))


def _doing(slot: SlotView) -> Message:
    return tell(_DOING[slot.task], slot=slot.name, **({"segment": slot.segment} if slot.task == "segment" else {}))
