"""How each model of the catalogue stands on this machine: for the command line, the API and the page."""

from __future__ import annotations

from ..messages import Message
from ..shot import Struct
from .catalogue import Model, licence_of, models
from .folders import models_folder
from .installed import where
from .licences import is_accepted, terms_of
from .store import origin_of


class Standing(Struct, frozen=True, kw_only=True):
    """One model."""

    id: str
    title: str
    used_by: tuple[str, ...]  # engines, trackers and commands
    installed: bool
    ours: bool  # in the folder of models that is written to: it can be removed
    path: str | None  # of the converted file
    size: int | None  # bytes: of the installed file, else of the download; None = not known
    known: bool | None  # whether it was made of a published file; None = not installed, or nobody wrote it down
    fetchable: bool  # by itself, else it can only be added from a file
    licence: str  # title
    licence_url: str
    terms: Message  # what the licence asks for, in a sentence
    commercial: bool  # whether takes made with it may be used in business
    ask: bool  # whether the licence must still be accepted
    memory: int  # bytes that running it takes, 0 = little
    fits: bool | None  # whether this machine has that much; None = not known
    command: str  # that puts it here


def standings(memory: int | None = None) -> list[Standing]:
    """Every model of the catalogue. memory: bytes of the device that would draw. Raises: SpecError — the user's catalogue is not valid."""
    return [standing(entry, memory) for entry in models().values()]


def standing(entry: Model, memory: int | None = None) -> Standing:
    """One of them."""
    path, licence, file = where(entry), licence_of(entry), entry.fetchable or next(iter(entry.files), None)
    origin = origin_of(path) if path is not None else None
    return Standing(
        id=entry.id,
        title=entry.title,
        used_by=entry.used_by,
        installed=path is not None,
        ours=path is not None and path.parent.parent == models_folder(),
        path=None if path is None else str(path),
        size=path.stat().st_size if path is not None else file.size if file is not None else None,
        known=None if origin is None else origin.known,
        fetchable=entry.fetchable is not None,
        licence=licence.title,
        licence_url=licence.url,
        terms=terms_of(entry),
        commercial=licence.commercial,
        ask=not is_accepted(entry),
        memory=entry.memory,
        fits=None if memory is None else memory >= entry.memory,
        command=entry.command,
    )


def best_memory() -> int:
    """Bytes of the device that draws where nobody chooses one. It loads torch."""
    from ..machine.device import choose_device, memory_of

    return memory_of(choose_device())
