"""Makes the row of a clip: its name, its place, and the shot of its media and its speech."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import opentimelineio as otio

from heygem_core.errors import InputError
from heygem_core.shot import Shot, SpeechPiece

from ..wire import Placement
from .conform_types import Selection, TimelineShot
from .conform_types import Sequence as SequenceFacts
from .exact_time import round_half_up
from .flatten import TimelineItem
from .metadata import own_text
from .source_range import SourceRange
from .speech_mapping import SpeechMap, SpeechStretch, UnusableAudio, is_production_sound, speech_pieces

_schema = otio.schema


def row_of(each: TimelineItem, whole: TimelineItem, selection: Selection, sequence: SequenceFacts) -> TimelineShot:
    """Names and place of what was selected of a clip (`whole`), without a shot yet. For the host, what lies in a nest is the nest."""
    own = each.own_text("id")
    start, end = (round_half_up(time * sequence.rate) for time in (each.start, each.end))
    placement = Placement(
        project=selection.project,
        sequence=selection.sequence or sequence.name,
        clip=own or each.nest,
        track=max(each.track, 1),
        record_start=start,
        record_duration=end - start,
        rate=sequence.rate,
        brings_speech=selection.speech is not None,
    )
    return TimelineShot(
        clip=each.item.name,
        key=clip_key(each),
        where=each.where,
        timecode_in=sequence.timecode(start),
        timecode_out=sequence.timecode(end),
        placement=placement,
        source_start_s=each.source_low if each.speed > 0 else each.source_high,
        covers_part=(each.start, each.end) != (whole.start, whole.end) or (own is None and each.nest is not None),
    )


def clip_key(each: TimelineItem) -> str:
    """The host's id of a clip, or one made from its name and place."""
    given = each.own_text("id")
    if given is not None:
        return given
    text = f"{each.where} {each.item.name} {each.start}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def existing_takes(clip: Any, above: list[str]) -> tuple[str, ...]:
    """Takes of a clip that the timeline holds: as its references, and `above` it."""
    references = clip.media_references().values() if isinstance(clip, _schema.Clip) else ()
    takes = [take for reference in references if (take := own_text(reference, "take")) is not None]
    return tuple(dict.fromkeys([*takes, *above]))


def speech_of(each: TimelineItem, speech: SpeechMap, frames: SourceRange, selection: Selection) -> tuple[SpeechPiece, ...]:
    """The speech of a clip, on the take's time. Raises: InputError — there is none, or a chosen one cannot be used."""
    if selection.speech is not None and selection.speech_from == "clip":
        whole = next(iter(speech.between(Fraction(0), Fraction(1))))
        assert isinstance(whole, SpeechStretch)
        speech = SpeechMap([replace(whole, start=each.start, end=each.start + whole.end)])
    take_start = each.start - frames.offset_s
    take_end = take_start + frames.seconds
    chosen = speech.between(take_start, take_end)
    for sound in chosen:
        if isinstance(sound, UnusableAudio) and sound.start < each.end and sound.end > each.start:
            raise InputError(sound.why)
    under = [sound for sound in chosen if isinstance(sound, SpeechStretch)]
    if not selection.speech_tracks:
        # A panel sends linked picture and sound together: the clip's own sound is not the new speech.
        others = [sound for sound in under if sound.clip is None or not is_production_sound(each, sound.clip)]
        if under and not others:
            raise InputError("clip.own-sound-only")
        under = others
    pieces = speech_pieces(under, take_start, take_end)
    if not pieces:
        raise InputError("clip.no-speech-under")
    return pieces


def with_shot(
    row: TimelineShot,
    path: Path,
    pieces: tuple[SpeechPiece, ...],
    frames: SourceRange,
    *,
    speed: Fraction = Fraction(1),
    keep: tuple[tuple[int, int], ...] = (),
    face: int | None = None,
    source_channels: tuple[int, ...] = (),
    **more: Any,
) -> TimelineShot:
    """The row with its shot, and `more` of its fields. Raises: SpecError — a value that no shot may have."""
    first, single = pieces[0], _is_one_range(pieces)
    shot = Shot(
        video=str(path),
        speech=first.path,
        start=frames.start,
        end_exclusive=frames.end_exclusive,
        speech_start=first.start_s - first.at_s if single else Fraction(0),
        speech_end=first.start_s + first.duration_s if single else None,
        speech_channels=first.channels,
        source_channels=source_channels,
        speed=Fraction(1) if frames.shows else speed,
        shows=frames.shows,
        keep=keep,
        face=face,
    )
    return msgspec.structs.replace(
        row,
        shot=shot,
        mix=() if single else pieces,
        take_seconds=frames.seconds,
        handles_before=frames.handles_before,
        handles_after=frames.handles_after,
        offset_s=frames.offset_s,
        **more,
    )


def with_mix(row: TimelineShot, path: str) -> TimelineShot:
    """The same row with its speech as one file, made from `mix`."""
    assert row.shot is not None
    shot = msgspec.structs.replace(row.shot, speech=path, speech_start=Fraction(0), speech_end=row.take_seconds, speech_channels=())
    return msgspec.structs.replace(row, shot=shot, mix=())


def _is_one_range(pieces: tuple[SpeechPiece, ...]) -> bool:
    """Whether the speech is one range of one file, with at most silence before it that the file does not hold."""
    return len(pieces) == 1 and (pieces[0].at_s == 0 or pieces[0].start_s == 0)
