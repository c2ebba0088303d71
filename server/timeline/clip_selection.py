"""Selects the clips of a timeline that become shots, and the sounds that are the new speech."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from heygem_core.errors import SpecError
from heygem_core.messages import tell, words

from .conform_types import Selection, Skipped
from .conform_types import Sequence as SequenceFacts
from .errors import UnreadableTimeline
from .exact_time import round_half_up
from .exclusions import markers
from .flatten import TimelineItem, kind_of, trimmed
from .host_exports import Exports
from .media import Media
from .speech_mapping import SpeechMap, SpeechStretch, speech_stretches

_UNKNOWN_LENGTH_S = Fraction(24 * 3600)


@dataclass(slots=True, kw_only=True)
class ClipSelector:
    """Applies a `Selection` to one timeline. `skipped` grows while `selected` is iterated."""

    timeline: Any
    selection: Selection
    sequence: SequenceFacts
    media: Media
    exports: Exports
    skipped: list[Skipped] = field(default_factory=list)
    _ids: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._ids = frozenset(self.selection.ids)

    def speech(self, items: Iterable[TimelineItem]) -> SpeechMap:
        """The new speech. Raises: InputError — a speech file that cannot be used; SpecError — it has no such channel;
        UnreadableTimeline — no such track."""
        if self.selection.speech is not None:
            path = Path(self.selection.speech)
            known = self.media.facts(path)
            length = known.duration_s if known.duration_s is not None else _UNKNOWN_LENGTH_S
            channels = tuple(sorted(set(self.selection.speech_channels)))
            if channels and known.sound_tracks and channels[-1] > sum(known.sound_tracks):
                raise SpecError("sound.no-such-channel", file=path.name, channels=sum(known.sound_tracks), wanted=channels[-1])
            return SpeechMap([SpeechStretch(path=path, file_start=Fraction(0), start=Fraction(0), end=length, channels=channels)])
        sounds = [each for each in items if each.kind == "sound" and each.enabled]
        if self.selection.speech_tracks:
            numbers = self._track_numbers(self.selection.speech_tracks, "sound")
            chosen = [each for each in sounds if each.track in numbers and each.where[0] in numbers[each.track]]
        else:
            chosen = [each for each in sounds if self._is_named(each)]
        return SpeechMap(*speech_stretches(chosen, self.media, self.exports, self.sequence.rate))

    def selected(self, pictures: list[TimelineItem], speech: SpeechMap) -> Iterator[TimelineItem]:
        """The pictures that become shots. Raises: UnreadableTimeline — no such track."""
        selection = self.selection
        by_id = any(map(self._is_named, pictures))
        numbers = self._track_numbers(selection.tracks, "picture") if selection.tracks else None
        for each in pictures:
            heard = not by_id and self._has_speech(each, speech)
            if by_id:
                wanted = self._is_named(each)
            elif numbers is not None:
                wanted = each.track in numbers
            else:
                wanted = heard or (each.problem is not None and bool(selection.speech_tracks or selection.speech))
            if not wanted:
                continue
            if not each.enabled:
                self._skip(each, words("clip.disabled"))
            elif not by_id and each.problem is None and not heard:
                self._skip(each, words("clip.no-speech"))
            else:
                yield each

    def marked_parts(self, each: TimelineItem) -> Iterator[TimelineItem]:
        """The parts of a selected clip that lie in the marked ranges; all of it where none are marked."""
        windows = [(Fraction(start) / self.sequence.rate, Fraction(end) / self.sequence.rate) for start, end in self.selection.ranges]
        if self.selection.markers is not None:
            wanted = self.selection.markers.strip().lower()
            windows += [times for name, times in markers(self.timeline) if name.strip().lower() == wanted]
        if not windows and self.selection.markers is None and not self.selection.ranges:
            yield each
            return
        for low, high in windows:
            part = trimmed(each, low, high)
            if part is not None and (each.problem is None or low <= each.start < high):
                yield part

    def _is_named(self, each: TimelineItem) -> bool:
        """Whether the selection names it, or the nest that it was found in."""
        return bool(self._ids) and (each.own_text("id") in self._ids or each.nest in self._ids)

    def _has_speech(self, picture: TimelineItem, speech: SpeechMap) -> bool:
        if self.selection.speech is not None and self.selection.speech_from == "clip":
            return True
        return bool(speech.between(picture.start, picture.end))

    def _skip(self, each: TimelineItem, why: str) -> None:
        timecode = self.sequence.timecode(round_half_up(each.start * self.sequence.rate))
        self.skipped.append(Skipped(clip=each.item.name, timecode=timecode, why=why))

    def _track_numbers(self, names: Iterable[str], kind: str) -> dict[int, set[int]]:
        """Number of each named track → its index in the stack. Raises: UnreadableTimeline — there is none of that name."""
        letter = "V" if kind == "picture" else "A"
        tracks: dict[int, tuple[str, int]] = {}
        found: dict[int, set[int]] = {}
        for index, track in enumerate(self.timeline.tracks):
            if kind_of(track) == kind:
                tracks[len(tracks) + 1] = (track.name, index)
        for name in names:
            wanted = name.strip().lower()
            matches = [number for number, (called, _) in tracks.items() if called.lower() == wanted]
            matches = matches or [number for number in tracks if wanted in (str(number), f"{letter}{number}".lower())]
            if not matches:
                known = [f"{letter}{number}" + (f" “{called}”" if called else "") for number, (called, _) in tracks.items()]
                code = "timeline.no-such-video-track" if kind == "picture" else "timeline.no-such-audio-track"
                raise UnreadableTimeline(code, name=name, known=known or tell("list.none"))
            for number in matches:
                found.setdefault(number, set()).add(tracks[number][1])
        return found
