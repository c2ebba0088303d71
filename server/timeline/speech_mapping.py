"""Finds the speech under a clip: the selected sounds of the timeline, or one file, as stretches on the take's own time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.errors import InputError, NoSound
from heygem_core.messages import words
from heygem_core.shot import SpeechPiece

from .errors import BadTime
from .flatten import TimelineItem
from .host_exports import Exports, exported_sound
from .media import Media, original_reference
from .metadata import editor_value
from .sound_channels import channels_of, channels_together
from .source_range import file_range

_SLACK = Fraction(1, 10)  # s that a clip may reach beyond its sound
_NEARLY_S = 1e-6
_ZERO = Fraction(0)
_LINKS = (("Resolve_OTIO", "Link Group ID"), ("PremierePro_OTIO", "LinkID"), ("heygem", "link"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStretch:
    """A stretch of a sound file on the timeline."""

    path: Path
    file_start: Fraction  # s in the file
    start: Fraction  # s on the timeline
    end: Fraction
    channels: tuple[int, ...] = ()  # of the file that are heard; empty = as where nobody chose
    clip: TimelineItem | None = None  # None = a file that was given by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableAudio:
    """A selected sound that cannot be used; the clips above it fail with the reason."""

    start: Fraction
    end: Fraction
    why: str


def speech_stretches(
    sounds: Iterable[TimelineItem], media: Media, exports: Exports, rate: Fraction
) -> tuple[list[SpeechStretch], list[UnusableAudio]]:
    """(the selected sounds as stretches of files, or of the editor's exports where there are some; those that cannot be used)."""
    usable: dict[tuple[Any, ...], list[SpeechStretch]] = {}  # by what is heard when
    failed: list[UnusableAudio] = []
    for sound in sounds:
        try:
            heard = _speech_stretch(sound, media, exports, rate)
            default = not heard.channels and len(media.facts(heard.path).sound_tracks) > 1  # a track that nobody named: it stays apart
            usable.setdefault((heard.path, default, heard.file_start, heard.start, heard.end), []).append(heard)
        except (InputError, BadTime) as error:
            failed.append(
                UnusableAudio(start=sound.start, end=sound.end, why=words("clip.speech-unusable", name=sound.item.name, error=error))
            )
    return sorted((_together(same, media) for same in usable.values()), key=lambda each: each.start), failed


def _together(same: Sequence[SpeechStretch], media: Media) -> SpeechStretch:
    """One stretch of a file for those that differ in their channels only: added up, channels would be louder than recorded."""
    first = same[0]
    return replace(first, channels=channels_together((each.channels for each in same), media.facts(first.path)))


def _speech_stretch(sound: TimelineItem, media: Media, exports: Exports, rate: Fraction) -> SpeechStretch:
    if sound.problem is not None:
        raise BadTime(sound.problem)
    export = exports.of(sound)
    if export is not None:
        path, file_start, length = exported_sound(export, media.facts(Path(export.path)), sound, rate)
        return SpeechStretch(path=path, file_start=file_start, start=sound.start, end=sound.start + length, clip=sound)
    if sound.host_only is not None:
        raise BadTime(sound.host_only)
    if sound.speed != 1:
        raise BadTime("clip.retimed", speed=f"{float(sound.speed):.0%}")
    reference = original_reference(sound.item)
    path, facts = media(sound, reference)
    if not facts.sound:
        raise NoSound("clip.no-sound", file=path.name)
    low, high = file_range(sound, facts, sound.item.media_reference, _SLACK)
    return SpeechStretch(
        path=path, file_start=low, start=sound.start, end=sound.start + (high - low), channels=channels_of(sound.item, facts), clip=sound
    )


def is_production_sound(picture: TimelineItem, sound: TimelineItem) -> bool:
    """Whether a sound is the picture's own: linked to it, from the same file or nest."""
    if picture.where == sound.where:
        return True
    mine, its = link_of(picture), link_of(sound)
    if _url(picture) is None and _url(sound) is None:  # nests and what else has no file: only the link tells
        return mine is not None and mine == its
    same_file = _url(picture) == _url(sound)
    return same_file and (mine == its or mine is None or its is None)


def link_of(placed: TimelineItem) -> str | None:
    """The id that ties picture and sound together in the editor."""
    for namespace, name in _LINKS:
        value = editor_value(placed.item, namespace, name)
        if value is not None:
            return str(value)
    return None


def _url(placed: TimelineItem) -> str | None:
    """Of the original's file, whichever version shows."""
    reference = original_reference(placed.item)
    return getattr(reference, "target_url", None) or None


class SpeechMap:
    """The selected speech, found by time."""

    def __init__(self, usable: list[SpeechStretch], failed: Sequence[UnusableAudio] = ()) -> None:
        everything: list[SpeechStretch | UnusableAudio] = [*usable, *failed]
        self._all = sorted(everything, key=lambda each: each.start)
        self._starts = [float(each.start) for each in self._all]
        self._ends = [float(each.end) for each in self._all]
        self._latest = list(accumulate(self._ends, max))  # end of the longest of all up to here

    def __bool__(self) -> bool:
        return bool(self._all)

    def between(self, start: Fraction, end: Fraction) -> list[SpeechStretch | UnusableAudio]:
        """The stretches between two times, and the sounds there that cannot be used. Floats decide where they are far enough apart, else
        fractions."""
        last, first = float(end), float(start)
        place, found = bisect_left(self._starts, last + _NEARLY_S) - 1, []
        before, surely = first - _NEARLY_S, first + _NEARLY_S
        while place >= 0 and self._latest[place] > before:
            each = self._all[place]
            if (self._starts[place] < last - _NEARLY_S or each.start < end) and (self._ends[place] > surely or each.end > start):
                found.append(each)
            place -= 1
        return found[::-1]


def speech_pieces(stretches: Sequence[SpeechStretch], start: Fraction, end: Fraction) -> tuple[SpeechPiece, ...]:
    """The stretches between two times of the timeline, on a time that begins at `start`; neighbours that were one file are joined."""
    pieces: list[SpeechPiece] = []
    for each in stretches:
        begin, finish = max(each.start, start), min(each.end, end)
        if begin >= finish:
            continue
        piece = SpeechPiece(
            path=str(each.path),
            start_s=each.file_start + (begin - each.start) if begin is not each.start else each.file_start,
            duration_s=finish - begin,
            at_s=begin - start if begin is not start else _ZERO,
            channels=each.channels,
        )
        last = pieces[-1] if pieces else None
        if last is not None and _continues(last, piece):
            pieces[-1] = msgspec.structs.replace(last, duration_s=last.duration_s + piece.duration_s)
        else:
            pieces.append(piece)
    return tuple(pieces)


def _continues(one: SpeechPiece, other: SpeechPiece) -> bool:
    return (
        (one.path, one.channels) == (other.path, other.channels)
        and one.start_s + one.duration_s == other.start_s
        and one.at_s + one.duration_s == other.at_s
    )
