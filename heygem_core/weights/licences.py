"""The terms of models: what they say in a sentence, and which of them somebody here accepted."""

from __future__ import annotations

from datetime import UTC, datetime

from ..errors import LicenceNotAccepted, SpecError
from ..messages import Message, tell
from ..shot import Struct, from_json, to_json
from ..storage.os_errors import cannot_write
from .catalogue import Model, licence_of, models
from .folders import models_folder

_ACCEPTED_FILE = "accepted-licences.json"
_TERMS = {  # codes of what licences ask for
    "wav2lip": "licence.wav2lip",
    "creativeml-openrail-m": "licence.creativeml-openrail-m",
    "openrail-plus-plus": "licence.openrail-plus-plus",
    "syncnet": "licence.syncnet",
}


class Acceptance(Struct, frozen=True, kw_only=True):
    """That somebody accepted a licence."""

    title: str
    url: str
    at: str  # time in UTC, ISO 8601


class _Accepted(Struct, frozen=True, kw_only=True):
    licences: dict[str, Acceptance]  # by key of the licence


def terms_of(entry: Model) -> Message:
    """What a model's licence asks for, in a sentence."""
    licence = licence_of(entry)
    code = _TERMS.get(entry.licence)
    if code is not None:
        return tell(code, url=licence.url)
    return tell("licence.free" if licence.commercial else "licence.not-commercial", title=licence.title, url=licence.url)


def check_accepted(entry: Model, *, accept: bool) -> None:
    """Records an acceptance where `accept` says so. Raises: LicenceNotAccepted — it must be accepted and is not."""
    licence = licence_of(entry)
    if not licence.ask or is_accepted(entry):
        return
    if not accept:
        raise LicenceNotAccepted("weights.accept-first", title=entry.title, terms=terms_of(entry), command=entry.command)
    path = models_folder() / _ACCEPTED_FILE
    now = Acceptance(title=licence.title, url=licence.url, at=datetime.now(UTC).isoformat(timespec="seconds"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(to_json(_Accepted(licences=accepted() | {entry.licence: now})))
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def is_accepted(entry: Model) -> bool:
    """Whether a model's licence was accepted here, or asks nobody."""
    return not licence_of(entry).ask or entry.licence in accepted()


def accepted() -> dict[str, Acceptance]:
    """By key of the licence."""
    try:
        return from_json((models_folder() / _ACCEPTED_FILE).read_bytes(), _Accepted).licences
    except (OSError, SpecError):
        return {}


def limits_of(model_ids: tuple[str, ...]) -> list[Message]:
    """What whoever uses takes of these models must know: that their licence forbids business."""
    known = models()
    return [
        tell("weights.not-for-business", title=known[model_id].title, url=licence_of(known[model_id]).url)
        for model_id in model_ids
        if not licence_of(known[model_id]).commercial
    ]
