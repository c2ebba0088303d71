"""What a request asks a job to use, checked before anything believes it: files named in settings, the folder for takes, names.

Settings may name files too (footage to learn from, a motion model, its encoder). They pass the same folders as media do. What
signs takes is never a request's to choose: the certificate and its key are settings of the server.
"""

from __future__ import annotations

import os
from os.path import exists, isdir, isfile  # those of Path raise for a name that is too long
from pathlib import Path

import msgspec

from heygem_core.engines.registry import ENGINES
from heygem_core.face.tracker_names import TRACKER_NAMES
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.messages import Message
from heygem_core.shot import RenderSettings
from heygem_core.speech.encoder_names import encoder_named_in, is_path

from ..errors import Forbidden, NotFound
from ..security.allowed_folders import AllowedFolders
from ..security.errors import BadPath
from ..security.paths import real_path

_HEADS = frozenset({"auto", "mel", "whisper"})  # those that ship; anything else is the path of one
_ENCODERS = frozenset({"offline"})  # a package of this machine; names of the hub's are not for requests


def checked_settings(roots: AllowedFolders, settings: RenderSettings, wanted_by: Message) -> RenderSettings:
    """With real paths inside the allowed folders.

    Raises: Forbidden; SpecError — no engine, tracker or format of that name; BadPath, NotAllowedFolder — and the pages are asked.
    """
    ENGINES.check(settings.engine)
    TRACKER_NAMES.check(settings.tracker)
    if settings.format is not None:
        DELIVERABLES.check(settings.format)
    if settings.sign_with is not None:
        raise Forbidden("request.signing-is-a-setting")
    found = {}
    shipped_names = {"style_from": frozenset[str](), "holdout": frozenset[str](), "motion": _HEADS, "speech_encoder": _ENCODERS}
    for name, shipped in shipped_names.items():
        value = getattr(settings, name)
        if value is not None and value not in shipped:
            real = roots.resolve(value, wanted_by)
            if exists(real) and not (isfile(real) or (name == "speech_encoder" and isdir(real))):
                raise BadPath("request.one-file", path=value)
            found[name] = str(real)
    if "motion" in found and settings.speech_encoder is None:
        named = _encoder_of(roots, Path(found["motion"]))
        if named is not None and is_path(named):
            found["speech_encoder"] = str(roots.resolve(named, wanted_by))
    if "speech_encoder" in found:
        _check_entries(roots, Path(found["speech_encoder"]))
    return msgspec.structs.replace(settings, **found) if found else settings


def _encoder_of(roots: AllowedFolders, motion: Path) -> str | None:
    """The encoder that a motion model names, by its head alone; None where that cannot be read, which the task says."""
    try:
        with os.fdopen(roots.open(motion), "rb") as file:
            return encoder_named_in(file)
    except (OSError, NotFound):
        return None


def _check_entries(roots: AllowedFolders, encoder: Path) -> None:
    """What lies in the folder of an encoder lies inside the allowed folders too, where it is a link. Raises: BadPath, NotAllowedFolder."""
    try:
        links = [entry.path for entry in os.scandir(encoder) if entry.is_symlink()]
    except OSError:
        return
    for link in links:
        roots.recheck(link)


def takes_folder(roots: AllowedFolders, wanted: str | None, usual: Path, wanted_by: Message) -> str:
    """Where takes go: an allowed folder, there already or not. Raises: BadPath, NotAllowedFolder — and the pages are asked."""
    if not wanted:
        return real_path(usual)
    real = roots.resolve(wanted, wanted_by, folder=True)
    if exists(real) and not isdir(real):
        raise BadPath("request.takes-need-folder", path=wanted)
    return str(real)
