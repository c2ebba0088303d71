"""From the rows of a timeline to the shots of a job: how their takes lie is what the person chose, as far as it suits each clip."""

from __future__ import annotations

import msgspec

from heygem_core.messages import words
from heygem_core.printable import printable_name
from heygem_core.shot import RenderSettings

from ..timeline.coded import with_messages
from ..timeline.conform_types import Conformed, TimelineShot
from ..wire import LONGEST_NAME, Laying, MediaRef, ShotRequest

_ONLY_A_PART = words("placement.part-only")
_NO_PATCH = words("placement.no-patch")


def laid(conformed: Conformed, laying: Laying, settings: RenderSettings) -> Conformed:
    """With what the person chose for all of them."""

    def row_laid(row: TimelineShot) -> TimelineShot:
        its_own = _beside_the_rest(laying) if row.covers_part else laying
        told = {_NO_PATCH: _no_patch(row, settings), _ONLY_A_PART: its_own != laying}
        notices = (*row.notices, *(sentence for sentence, true in told.items() if true and row.shot is not None))
        return msgspec.structs.replace(row, placement=msgspec.structs.replace(row.placement, laying=its_own), notices=notices)

    return with_messages(msgspec.structs.replace(conformed, shots=tuple(map(row_laid, conformed.shots))))


def _beside_the_rest(laying: Laying) -> Laying:
    """For a take of a part of a clip: the rest of the clip is still seen and heard."""
    return Laying(mode="track" if laying.mode == "take" else laying.mode, mute="none" if laying.mute == "clip" else laying.mute)


def _no_patch(row: TimelineShot, settings: RenderSettings) -> bool:
    return row.placement.baked and settings.kind == "patch"


def shot_request(row: TimelineShot, settings: RenderSettings) -> ShotRequest:
    """Of a row that has a shot."""
    shot = row.shot
    assert shot is not None
    return ShotRequest(
        video=MediaRef(path=shot.video),
        speech=MediaRef(path=shot.speech),
        name=printable_name(f"{row.clip} {row.timecode_in}")[:LONGEST_NAME],
        start=shot.start,
        end_exclusive=shot.end_exclusive,
        speech_start=shot.speech_start,
        speech_end=shot.speech_end,
        speech_channels=shot.speech_channels,
        source_channels=shot.source_channels,
        speed=shot.speed,
        shows=shot.shows,
        keep=shot.keep,
        face=shot.face,
        placement=msgspec.structs.replace(row.placement, handles=row.handles_before),
        settings=msgspec.structs.replace(settings, kind="full") if _no_patch(row, settings) else None,
    )
