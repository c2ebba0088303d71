"""Lays the lines of a cue sheet under a timeline: as tracks of sound, of which those whose speakers are seen become the new speech."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import opentimelineio as otio

from heygem_core.errors import HeygemError
from heygem_core.messages import words

from .conform_types import Conformed, Cue, Selection, TimelineShot
from .conform_types import Sequence as SequenceFacts
from .exact_time import round_half_up, time_range
from .facts import Facts
from .flatten import flatten, kind_of
from .formats.assembly import Event, tracks_of
from .formats.line_tracks import OFF_SCREEN, ON_SCREEN, is_kept
from .locate import Locator
from .metadata import set_own_values

_NO_LIP_SYNC = "no lip-sync"
_schema = otio.schema


def placed_cues(cues: Sequence[Cue], sequence: SequenceFacts) -> list[Cue]:
    """The cues with times from the timeline's first frame: sheets count from there or, where that is later, from 00:00:00:00."""
    begins = Fraction(sequence.start_frame) / sequence.rate
    absolute = begins > 0 and any(cue.start >= begins for cue in cues)
    if not absolute:
        return list(cues)
    return [msgspec.structs.replace(cue, start=cue.start - begins, end=None if cue.end is None else cue.end - begins) for cue in cues]


def with_cues(
    timeline: Any, cues: Sequence[Cue], rate: Fraction, locator: Locator | None, facts: Facts | None
) -> tuple[Any, list[Cue], list[str]]:
    """(a copy of the timeline with the lines on tracks of their own below all others, the cues as they lie, what is wrong with some).

    A line ends with its file, or where the sheet says; without a locator nothing is looked for.
    """
    laid, notices, events = [], [], {ON_SCREEN: [], OFF_SCREEN: []}  # type: ignore[var-annotated]
    for cue in cues:
        if cue.start < 0:
            notices.append(words("cues.before-timeline", cue=cue.number))
            continue
        url, end = cue.file, cue.end
        if locator is not None and facts is not None:
            try:
                path = locator.locate(cue.file)
                known = facts(path)
                lasts = None if known.duration_s is None else known.duration_s - cue.source
                url = str(path)
                cue = msgspec.structs.replace(cue, file_s=known.duration_s, file_start_s=known.sound_start_s)
                end = end if lasts is None else cue.start + lasts if end is None else min(end, cue.start + lasts)
            except HeygemError as error:
                notices.append(words("cues.file", cue=cue.number, reason=error))
        if end is None or end <= cue.start:
            notices.append(words("cues.no-length", cue=cue.number))
            continue
        cue = msgspec.structs.replace(cue, end=end, file=url)
        clip = _schema.Clip(
            name=Path(cue.file).name,
            media_reference=_schema.ExternalReference(target_url=url),
            source_range=time_range(cue.source, end - cue.start, rate),
        )
        set_own_values(clip, character=cue.character or None, cue=cue.number)
        events[OFF_SCREEN if cue.off_screen else ON_SCREEN].append(Event(start=cue.start, end=end, item=clip))
        laid.append(cue)
    copy = timeline.deepcopy()
    for track in [each for each in copy.tracks if each.name in events]:  # of an earlier sheet
        copy.tracks.remove(track)
    for name, of in events.items():
        for track in tracks_of(of, rate, _schema.TrackKind.Audio, name):
            copy.tracks.append(track)
    return copy, laid, notices


def mute_others(timeline: Any, kept: Sequence[str]) -> list[str]:
    """Disables every track of sound but the lines and those with music and effects. Gives what should be known.

    kept: names or numbers of the tracks with music and effects.
    """
    sounds = [track for track in timeline.tracks if kind_of(track) == "sound" and track.name not in (ON_SCREEN, OFF_SCREEN)]
    if not kept:
        return [words("cues.old-dialogue")] if sounds else []
    for number, track in enumerate(sounds, 1):
        if not is_kept((track.name,), number, kept):
            track.enabled = False
    return []


def selection_for(selection: Selection, timeline: Any, cues: Sequence[Cue], cast: dict[tuple[str, str], int], rate: Fraction) -> Selection:
    """The selection with the lines as speech. Where two who speak have different faces, the pictures are cut between their lines: at a cut
    of the timeline where one lies there, else in the middle."""
    chosen = msgspec.structs.replace(selection, speech=None, speech_tracks=(ON_SCREEN,))
    seen = [cue for cue in cues if not cue.off_screen]
    if selection.ranges or selection.markers is not None or not cast:
        return chosen
    cuts = sorted({round_half_up(each.start * rate) for each in flatten(timeline, rate) if each.kind == "picture"})
    borders: list[int] = []
    for one, other in pairwise(seen):
        if (
            _face_of(one.character, "", cast) != _face_of(other.character, "", cast)
            or one.character.casefold() != other.character.casefold()
        ):
            low, high = round_half_up((one.end or one.start) * rate), round_half_up(other.start * rate)
            place = bisect_left(cuts, low)
            border = cuts[place] if place < len(cuts) and cuts[place] <= high else (low + high) // 2
            if not borders or border > borders[-1]:
                borders.append(border)
    if not borders:
        return chosen
    end = max(round_half_up(each.end * rate) for each in flatten(timeline, rate)) + 1
    edges = [0, *borders, max(end, borders[-1] + 1)]
    return msgspec.structs.replace(chosen, ranges=tuple(pairwise(edges)))


def with_faces(conformed: Conformed, cues: Sequence[Cue], cast: dict[tuple[str, str], int]) -> Conformed:
    """Every shot with the face of who speaks in it, and its off-screen lines left alone. Two faces at once are an error of that shot."""
    return msgspec.structs.replace(conformed, shots=tuple(_brings_lines(_with_face(row, cues, cast)) for row in conformed.shots))


def _brings_lines(row: TimelineShot) -> TimelineShot:
    """The lines came as files: in an editor they lie on no track yet."""
    return msgspec.structs.replace(row, placement=msgspec.structs.replace(row.placement, brings_speech=True))


def _with_face(row: TimelineShot, cues: Sequence[Cue], cast: dict[tuple[str, str], int]) -> TimelineShot:
    if row.shot is None:
        return row
    rate = row.placement.rate
    start = row.placement.record_start / rate
    end = start + row.placement.record_duration / rate
    under = [cue for cue in cues if not cue.off_screen and cue.start < end and (cue.end or cue.start) > start]
    file = Path(row.shot.video).name
    faces = {_face_of(cue.character, file, cast) for cue in under}
    if len(faces) > 1:
        reason = words("cues.two-faces", names=sorted({cue.character or "?" for cue in under}))
        return msgspec.structs.replace(row, shot=None, error=words("clip.at", clip=row.clip, timecode=row.timecode_in, reason=reason))
    (face,) = faces or {None}
    if face is None or row.shot.face is not None:
        return row
    return msgspec.structs.replace(row, shot=msgspec.structs.replace(row.shot, face=face))


def _face_of(character: str, file: str, cast: dict[tuple[str, str], int]) -> int | None:
    name = character.casefold()
    return cast.get((name, file.casefold()), cast.get((name, "")))


def leave_off_screen_alone(timeline: Any, cues: Sequence[Cue], rate: Fraction) -> None:
    """Marks where lines are heard whose speakers are not seen, as an editor would: the picture stays as it is there."""
    for cue in cues:
        if cue.off_screen and cue.end is not None:
            marked = time_range(cue.start, cue.end - cue.start, rate)
            timeline.tracks.markers.append(_schema.Marker(name=_NO_LIP_SYNC, marked_range=marked))
