"""A cue sheet over HTTP: its list, its recordings and its cast, as the child that reads timelines wants them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from heygem_core.errors import SpecError
from heygem_core.messages import Message, tell
from heygem_core.shot import Struct

from ..errors import TooLarge
from ..http import app_keys
from ..http.routes import MIB, RequestContext
from ..security.paths import real_path
from ..timeline.child_specs import CueSheet
from ..timeline.conform_types import Selection
from ..timeline.cues import MAX_CUES
from ..wire import MediaRef, Name, PathText

_LARGEST = 16 * MIB
Face = Annotated[int, Meta(ge=1, le=1000)]


class CueSheetRequest(Struct, frozen=True, kw_only=True):
    """The new speech as a dubbing studio delivers it: a list of lines and their recordings."""

    sheet: MediaRef  # CSV, SRT or WebVTT
    folder: PathText | None = None  # of the recordings, inside the allowed folders; None = the sheet's own
    recordings: Annotated[tuple[Name, ...], Meta(max_length=MAX_CUES)] = ()  # ids of uploads, found by the names that they were sent with
    cast: MediaRef | None = None  # CSV: which face each character has, perhaps file by file
    faces: Annotated[dict[Name, Face], Meta(max_length=1000)] = field(default_factory=dict)  # by character; counts before the cast list
    music_effects: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    """audio tracks with music and effects, by name or number: where the lines are laid, the others are switched off"""


def check_alone(selection: Selection, speech: MediaRef | None) -> None:
    """Raises: SpecError — other speech is chosen besides a cue sheet."""
    if speech is not None or selection.speech is not None or selection.speech_tracks:
        raise SpecError("timeline.cues-or-speech")


def cue_sheet(context: RequestContext, asked: CueSheetRequest, home: Path) -> CueSheet:
    """With copies of its lists as they are now in the timeline's own folder.

    Raises: BadPath, NotAllowedFolder, NotFound — no such file or upload; TooLarge.
    """
    uploads, roots = context[app_keys.UPLOADS], context[app_keys.ROOTS]
    wanted = tell("wanted.cue-sheet")
    lying, sheet = _copied(context, asked.sheet, home / "cues", wanted)
    lines = None if asked.folder is None else str(roots.resolve(asked.folder, wanted, folder=True))
    return CueSheet(
        path=str(sheet),
        base=None if lying is None else str(lying.parent),
        lines=lines,
        recordings=tuple((uploads.view(each).name, real_path(uploads.path(each))) for each in asked.recordings),
        cast=None if asked.cast is None else str(_copied(context, asked.cast, home / "cast", wanted)[1]),
        faces=asked.faces,
    )


def _copied(context: RequestContext, media: MediaRef, target: Path, wanted: Message) -> tuple[Path | None, Path]:
    """(where the list lies; None = it was sent, its copy)."""
    if media.upload is not None:
        given, lying = context[app_keys.UPLOADS].path(media.upload), None
        opened = os.open(given, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    else:
        given = lying = context[app_keys.ROOTS].resolve(media.path or "", wanted)
        opened = context[app_keys.ROOTS].open(given)
    with os.fdopen(opened, "rb") as file, target.open("xb") as copy:
        if os.fstat(opened).st_size > _LARGEST:
            raise TooLarge("timeline.too-large-mib", most_mib=_LARGEST // MIB, file=given.name)
        shutil.copyfileobj(file, copy)
    return lying, target
