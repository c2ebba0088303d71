"""Timeline → shots: which frames of which file each chosen clip shows, what it says, and where its take goes back to.

What is wrong with one clip is said in that clip's row and changes no other. Nothing here opens a file: `facts` does,
in a child process (or in a test out of a table).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import opentimelineio as otio

from heygem_core.errors import HeygemError, InputError
from heygem_core.shot import Shot, SpeechPiece

from ..wire import Placement
from .errors import BadTime, UnreadableTimeline
from .exact import exact_rate, exact_seconds, round_half_up
from .facts import Facts
from .hearing import Deaf, Heard, Stretch, heard_between, production_sound, stretches
from .locate import Locator
from .marks import text_mark
from .media import Media, host_reason, original_reference
from .sequence import sequence_of
from .shots import Conformed, MediaFacts, Selection, Skipped, TimelineShot
from .shots import Sequence as SequenceFacts
from .source import HOST_SUFFIXES, SourceRange, file_range, source_frames
from .walk import Placed, cut, kind_of, walk

_KEEP = re.compile(r"\bno[ _-]*lip[ _-]*sync", re.IGNORECASE)  # markers of this name say what stays as it is
_FOREIGN = (ValueError, TypeError, ArithmeticError, LookupError, RuntimeError, AttributeError, OSError, MemoryError)
_schema = otio.schema


def conform(
    timeline: Any,
    selection: Selection,
    *,
    facts: Facts,
    locator: Locator | None = None,
    rate: Fraction | None = None,
    roots: Sequence[Path] | None = None,
    path_maps: Sequence[tuple[str, str]] = (),
) -> Conformed:
    """The chosen clips of an OTIO timeline as shots.

    facts: says what a media file is; raises InputError where it cannot be used.
    locator: finds media; without one it is made of `roots` (folders that may be read and are searched by name; None = any)
    and `path_maps` (prefix there → prefix here).
    rate: of the timeline, where the file does not say.
    Raises: UnreadableTimeline — no rate, too large, nested too deeply, or a track that is named and absent.
    """
    locator = locator or Locator(roots=None if roots is None else tuple(roots), path_maps=tuple(path_maps))
    sequence = sequence_of(timeline, rate)
    placed = walk(timeline, sequence.rate)
    return _Conforming(timeline=timeline, selection=selection, sequence=sequence, placed=placed, media=Media(facts, locator)).conformed()


@dataclass(slots=True, kw_only=True)
class _Conforming:
    """One run of `conform`."""

    timeline: Any
    selection: Selection
    sequence: SequenceFacts
    placed: list[Placed]
    media: Media
    notices: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def conformed(self) -> Conformed:
        pictures = [each for each in self.placed if each.kind == "picture" and text_mark(each.item, "take") is None]
        heard = self._speech()
        above = self._takes_above()
        keeps = list(self._kept_times())
        shots = [self._shot(part, heard, above, keeps) for chosen in self._chosen(pictures, heard) for part in self._within_ranges(chosen)]
        if heard and not shots:
            self.notices.append("No picture lies above the chosen speech.")
        return Conformed(sequence=self.sequence, shots=tuple(shots), skipped=tuple(self.skipped), notices=tuple(self.notices))

    # --- what is chosen ---

    def _speech(self) -> Heard:
        if self.selection.speech is not None:
            path = Path(self.selection.speech)
            known = self.media.facts(path)
            length = known.duration_s if known.duration_s is not None else Fraction(24 * 3600)
            return Heard([Stretch(path=path, begins=Fraction(0), start=Fraction(0), end=length)])
        sounds = [each for each in self.placed if each.kind == "sound" and each.enabled]
        if self.selection.speech_tracks:
            numbers = self._track_numbers(self.selection.speech_tracks, "sound")
            chosen = [each for each in sounds if each.track in numbers and each.where[0] in numbers[each.track]]
        else:
            chosen = [each for each in sounds if text_mark(each.item, "id") in self.selection.ids]
        return Heard(*stretches(chosen, self.media))

    def _chosen(self, pictures: list[Placed], heard: Heard) -> Iterator[Placed]:
        selection = self.selection
        ids = {text_mark(each.item, "id") for each in pictures} & set(selection.ids)
        numbers = self._track_numbers(selection.tracks, "picture") if selection.tracks else None
        for each in pictures:
            if selection.ids and ids:
                wanted = text_mark(each.item, "id") in ids
            elif numbers is not None:
                wanted = each.track in numbers
            else:
                wanted = self._speaks(each, heard) or (each.problem is not None and bool(selection.speech_tracks or selection.speech))
            if not wanted:
                continue
            if not each.enabled:
                self._skip(each, "it is disabled")
            elif not (selection.ids and ids) and each.problem is None and not self._speaks(each, heard):
                self._skip(each, "no speech lies under it")
            else:
                yield each

    def _speaks(self, picture: Placed, heard: Heard) -> bool:
        if self.selection.speech is not None and self.selection.speech_from == "clip":
            return True
        return bool(heard.under(picture.start, picture.end))

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
                known = ", ".join(f"{letter}{number}" + (f" “{called}”" if called else "") for number, (called, _) in tracks.items())
                raise UnreadableTimeline(
                    f"The timeline has no {'video' if kind == 'picture' else 'audio'} track “{name}”: it has {known or 'none'}."
                )
            for number in matches:
                found.setdefault(number, set()).add(tracks[number][1])
        return found

    def _skip(self, each: Placed, why: str) -> None:
        self.skipped.append(Skipped(clip=each.item.name, timecode=self._timecode(each.start), why=why))

    def _within_ranges(self, each: Placed) -> Iterator[Placed]:
        windows = [(Fraction(start) / self.sequence.rate, Fraction(end) / self.sequence.rate) for start, end in self.selection.ranges]
        if self.selection.markers is not None:
            windows += [times for name, times in self._markers() if name.strip().lower() == self.selection.markers.strip().lower()]
        if not windows and self.selection.markers is None and not self.selection.ranges:
            yield each
            return
        for low, high in windows:
            part = cut(each, low, high)
            if part is not None and (each.problem is None or low <= each.start < high):
                yield part

    # --- markers and takes of an earlier round ---

    def _markers(self) -> Iterator[tuple[str, tuple[Fraction, Fraction]]]:
        """Markers of the timeline that have a length, in seconds of the timeline."""
        for holder in (self.timeline.tracks, *self.timeline.tracks):
            for marker in holder.markers:
                try:
                    start, length = exact_seconds(marker.marked_range.start_time), exact_seconds(marker.marked_range.duration)
                except BadTime:
                    continue
                if length > 0:
                    yield marker.name, (start, start + length)

    def _kept_times(self) -> Iterator[tuple[Fraction, Fraction]]:
        return (times for name, times in self._markers() if _KEEP.search(name))

    def _takes_above(self) -> dict[str, list[str]]:
        """Key of a clip → takes on tracks above that say that they cover it."""
        found: dict[str, list[str]] = {}
        for each in self.placed:
            take, of = text_mark(each.item, "take"), text_mark(each.item, "of")
            if take is not None and of is not None:
                found.setdefault(of, []).append(take)
        return found

    # --- one clip ---

    def _shot(
        self,
        each: Placed,
        heard: Heard,
        above: dict[str, list[str]],
        keeps: list[tuple[Fraction, Fraction]],
    ) -> TimelineShot:
        row = self._row(each)
        try:
            row = msgspec.structs.replace(row, versions=_versions(each.item, above.get(row.key, [])))
            if each.problem is not None:
                raise BadTime(each.problem)
            reason = each.host_only or host_reason(each.item)
            if reason is not None:
                return msgspec.structs.replace(row, needs_host_export=reason)
            return self._rendered(each, row, heard, keeps)
        except (HeygemError, *_FOREIGN) as error:
            return msgspec.structs.replace(row, error=self._error(each, error))

    def _error(self, each: Placed, error: BaseException) -> str:
        known = isinstance(error, HeygemError)
        text = str(error).rstrip(".") if known else f"it cannot be read ({type(error).__name__}: {error})"
        return f"“{each.item.name or 'unnamed clip'}” at {self._timecode(each.start)}: {text}."

    def _row(self, each: Placed) -> TimelineShot:
        start, end = (round_half_up(time * self.sequence.rate) for time in (each.start, each.end))
        placement = Placement(
            project=self.selection.project,
            sequence=self.selection.sequence or self.sequence.name,
            clip=text_mark(each.item, "id"),
            track=max(each.track, 1),
            record_start=start,
            record_duration=end - start,
            rate=self.sequence.rate,
        )
        return TimelineShot(
            clip=each.item.name,
            key=key_of(each),
            where=each.where,
            timecode_in=self.sequence.timecode(start),
            timecode_out=self.sequence.timecode(end),
            placement=placement,
            source_start_s=each.source_low if each.speed > 0 else each.source_high,
        )

    def _rendered(self, each: Placed, row: TimelineShot, heard: Heard, keeps: list[tuple[Fraction, Fraction]]) -> TimelineShot:
        path, facts = self.media(each)
        if path.suffix.lower() in HOST_SUFFIXES:
            return msgspec.structs.replace(row, needs_host_export=f"{path.suffix} is a format that only the editor decodes")
        if facts.kind != "video":
            what = "a still picture" if facts.kind == "still" else "a file without picture"
            return msgspec.structs.replace(row, needs_host_export=f"its media are {what}")
        if facts.frame_times is not None and each.speed != 1:
            return msgspec.structs.replace(row, needs_host_export="its media have no constant frame rate, and it is retimed")
        extra = Fraction(self.selection.handles) / self.sequence.rate
        frames = source_frames(each, facts, original_reference(each.item), max(each.lead, extra), max(each.tail, extra))
        take_start = each.start - frames.offset_s
        pieces = self._pieces(each, heard, take_start, frames)
        notices = (
            ["The media are too short for the dissolve or the handles around it."] if frames.short_of_s and (each.lead or each.tail) else []
        )
        shot = _single(path, pieces, frames, each.speed, self._keep(each, facts, frames, keeps))
        return msgspec.structs.replace(
            row,
            shot=shot,
            mix=() if _one_range(pieces) else pieces,
            take_seconds=frames.seconds,
            take_rate=facts.rate if facts.frame_times is None else None,
            handles_before=frames.handles_before,
            handles_after=frames.handles_after,
            offset_s=frames.offset_s,
            start_timecode=facts.start_timecode,
            media_frames=facts.frames,
            not_a_reference=_not_a_reference(each),
            not_above="a dissolve would be seen twice" if each.lead or each.tail else None,
            notices=tuple(notices),
        )

    def _pieces(self, each: Placed, heard: Heard, take_start: Fraction, frames: SourceRange) -> tuple[SpeechPiece, ...]:
        """The speech of a clip, on the take's time. Raises: InputError — there is none, or a chosen one cannot be used."""
        if self.selection.speech is not None and self.selection.speech_from == "clip":
            whole = next(iter(heard.under(Fraction(0), Fraction(1))))
            assert isinstance(whole, Stretch)
            heard = Heard([Stretch(path=whole.path, begins=whole.begins, start=each.start, end=each.start + whole.end)])
        take_end = take_start + frames.seconds
        chosen = heard.under(take_start, take_end)
        for sound in chosen:
            if isinstance(sound, Deaf) and sound.start < each.end and sound.end > each.start:
                raise InputError(sound.why)
        under = [sound for sound in chosen if isinstance(sound, Stretch)]
        if not self.selection.speech_tracks:
            # A panel sends linked picture and sound together: the clip's own sound is not the new speech.
            others = [sound for sound in under if sound.clip is None or not production_sound(each, sound.clip)]
            if under and not others:
                raise InputError("only its own sound is chosen: choose the new speech too")
            under = others
        pieces = heard_between(under, take_start, take_end)
        if not pieces:
            raise InputError("no speech lies under it: choose the new speech too, or name its audio track")
        return pieces

    def _keep(
        self, each: Placed, facts: MediaFacts, frames: SourceRange, keeps: list[tuple[Fraction, Fraction]]
    ) -> tuple[tuple[int, int], ...]:
        """Source frames that markers exclude from lip-sync: of the timeline, and of the clip itself."""
        if facts.rate is None or facts.frame_times is not None:
            return ()
        shift = Fraction(frames.start)
        ranges: list[tuple[Fraction, Fraction]] = []
        take_start = each.start - frames.offset_s
        for low, high in keeps:
            begin, finish = max(low, take_start) - take_start, min(high, take_start + frames.seconds) - take_start
            if begin < finish:
                at = (begin * facts.rate * abs(each.speed), finish * facts.rate * abs(each.speed))
                forward = (shift + at[0], shift + at[1])
                ranges.append(forward if each.speed > 0 else (frames.end_exclusive - at[1], frames.end_exclusive - at[0]))
        for marker in each.item.markers:
            if _KEEP.search(marker.name):
                marked = marker.marked_range
                piece = Placed(
                    where=each.where,
                    item=each.item,
                    kind="picture",
                    track=each.track,
                    track_name="",
                    start=each.start,
                    end=each.end,
                    source_low=exact_seconds(marked.start_time),
                    source_high=exact_seconds(marked.start_time) + exact_seconds(marked.duration),
                    source_rate=exact_rate(marked.start_time.rate),
                )
                low, high = file_range(piece, facts, original_reference(each.item), 1 / facts.rate)
                ranges.append((low * facts.rate, high * facts.rate))
        whole = ((max(round_half_up(low), frames.start), min(round_half_up(high), frames.end_exclusive)) for low, high in sorted(ranges))
        return tuple((low, high) for low, high in whole if low < high)

    def _timecode(self, time: Fraction) -> str:
        return self.sequence.timecode(round_half_up(time * self.sequence.rate))


def key_of(each: Placed) -> str:
    """The host's id of a clip, or one made from its name and place."""
    given = text_mark(each.item, "id")
    if given is not None:
        return given
    text = f"{each.where} {each.item.name} {each.start}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _versions(clip: Any, above: list[str]) -> tuple[str, ...]:
    references = clip.media_references().values() if isinstance(clip, _schema.Clip) else ()
    takes = [take for reference in references if (take := text_mark(reference, "take")) is not None]
    return tuple(dict.fromkeys([*takes, *above]))


def _not_a_reference(each: Placed) -> str | None:
    if each.speed != 1:
        return "the clip is retimed, which a reference would be too"
    if not each.whole:
        return "only a part of the clip is rendered"
    return None


def _one_range(pieces: tuple[SpeechPiece, ...]) -> bool:
    """Whether the speech is one range of one file, with at most silence before it that the file does not hold."""
    return len(pieces) == 1 and (pieces[0].at_s == 0 or pieces[0].start_s == 0)


def _single(path: Path, pieces: tuple[SpeechPiece, ...], frames: SourceRange, speed: Fraction, keep: tuple[tuple[int, int], ...]) -> Shot:
    first = pieces[0]
    single = _one_range(pieces)
    return Shot(
        video=str(path),
        speech=first.path,
        start=frames.start,
        end_exclusive=frames.end_exclusive,
        speech_start=first.start_s - first.at_s if single else Fraction(0),
        speech_end=first.start_s + first.duration_s if single else None,
        speed=speed,
        keep=keep,
    )


def with_mix(row: TimelineShot, path: str) -> TimelineShot:
    """The same row with its speech as one file, made from `mix`."""
    assert row.shot is not None
    shot = msgspec.structs.replace(row.shot, speech=path, speech_start=Fraction(0), speech_end=row.take_seconds)
    return msgspec.structs.replace(row, shot=shot, mix=())
