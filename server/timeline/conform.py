"""Makes shots of a timeline: which frames of which file each selected clip shows, what it says, and where its take goes back to.

What is wrong with a clip is the `error` of its row; other clips are not affected. Nothing here opens a file: `facts` does,
in a child process (or in a test out of a table). `clip_selection` decides which clips; `shot_rows` makes each one's shot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.errors import HeygemError, MediaNotFound
from heygem_core.messages import Message, known, tell, words

from .clip_selection import ClipSelector
from .conform_types import Conformed, Exported, MediaFacts, Selection, TimelineShot
from .conform_types import Sequence as SequenceFacts
from .errors import BadTime
from .exact_time import round_half_up
from .exclusions import Interval, excluded_frames, excluded_frames_of_export, excluded_times
from .facts import Facts
from .flatten import TimelineItem, flatten
from .host_exports import BAKED_IN, Exports, exported_frames
from .locate import Locator
from .media import Media, host_only_reason, original_reference
from .sequence import sequence_of
from .shot_rows import existing_takes, row_of, speech_of, with_shot
from .sound_channels import channels_of, channels_together
from .source_range import HOST_SUFFIXES, source_frames
from .speech_mapping import SpeechMap, is_production_sound

_UNEXPECTED = (ValueError, TypeError, ArithmeticError, LookupError, RuntimeError, AttributeError, OSError, MemoryError)


def conform(
    timeline: Any,
    selection: Selection,
    *,
    facts: Facts,
    locator: Locator | None = None,
    rate: Fraction | None = None,
    roots: Sequence[Path] | None = None,
    path_maps: Sequence[tuple[str, str]] = (),
    exported: Iterable[Exported] = (),
) -> Conformed:
    """The selected clips of an OTIO timeline as shots.

    facts: says what a media file is; raises InputError where it cannot be used.
    locator: finds media; without one it is made of `roots` (folders that may be read and are searched by name; None = any)
    and `path_maps` (prefix there → prefix here).
    rate: of the timeline, where the file does not say.
    exported: files in place of clips' media.
    Raises: UnreadableTimeline — no rate, too large, nested too deeply, or a track that is named and absent.
    """
    locator = locator or Locator(roots=None if roots is None else tuple(roots), path_maps=tuple(path_maps))
    sequence, exports, media = sequence_of(timeline, rate), Exports(exported), Media(facts, locator)
    items = flatten(timeline, sequence.rate, closed=exports.has)
    selector = ClipSelector(timeline=timeline, selection=selection, sequence=sequence, media=media, exports=exports)
    pictures = [each for each in items if each.kind == "picture" and each.own_text("take") is None]
    speech = selector.speech(items)
    builder = _ShotBuilder(
        selection=selection,
        sequence=sequence,
        media=media,
        exports=exports,
        speech=speech,
        above=_takes_above(items),
        excluded=excluded_times(timeline),
        sounds=_by_start(each for each in items if each.kind == "sound" and each.enabled),
    )
    shots = tuple(builder.build(part, whole) for whole in selector.selected(pictures, speech) for part in selector.marked_parts(whole))
    notices = (words("timeline.nothing-above"),) if speech and not shots else ()
    return Conformed(sequence=sequence, shots=shots, skipped=tuple(selector.skipped), notices=notices)


def _by_start(items: Iterable[TimelineItem]) -> dict[Fraction, list[TimelineItem]]:
    found: dict[Fraction, list[TimelineItem]] = {}
    for each in items:
        found.setdefault(each.start, []).append(each)
    return found


def _takes_above(items: Iterable[TimelineItem]) -> dict[str, list[str]]:
    """Takes on tracks above that say which clip they cover, by the key of that clip."""
    found: dict[str, list[str]] = {}
    for each in items:
        take, of = each.own_text("take"), each.own_text("of")
        if take is not None and of is not None:
            found.setdefault(of, []).append(take)
    return found


@dataclass(slots=True, kw_only=True)
class _ShotBuilder:
    """Makes the rows of one run of `conform`."""

    selection: Selection
    sequence: SequenceFacts
    media: Media
    exports: Exports
    speech: SpeechMap
    above: dict[str, list[str]]
    excluded: list[Interval] = field(default_factory=list)
    sounds: dict[Fraction, list[TimelineItem]] = field(default_factory=dict)  # of the timeline, by where they begin

    def build(self, each: TimelineItem, whole: TimelineItem) -> TimelineShot:
        """The row of what was selected of a clip. Whatever is wrong with it is its `error`."""
        row = row_of(each, whole, self.selection, self.sequence)
        try:
            if versions := existing_takes(each.item, self.above.get(row.key, [])):
                row = msgspec.structs.replace(row, versions=versions)
            if each.problem is not None:
                raise BadTime(each.problem)
            export = self.exports.of(each)
            if export is not None:
                return self._from_export(export, each, whole, row)
            reference = original_reference(each.item)
            reason = each.host_only or host_only_reason(each.item, reference)
            if reason is not None:
                return msgspec.structs.replace(row, needs_host_export=reason)
            return self._from_media(each, reference, row)
        except (HeygemError, *_UNEXPECTED) as error:
            said = self._error(each, error)
            return msgspec.structs.replace(row, error=said.message, error_message=said)

    def _error(self, each: TimelineItem, error: BaseException) -> Message:
        reason = error.said if isinstance(error, HeygemError) else tell("clip.unreadable", kind=type(error).__name__, error=error)
        reason = known(reason.message) if reason.code is None else reason
        timecode = self.sequence.timecode(round_half_up(each.start * self.sequence.rate))
        code = "clip.at-sentence" if reason.message.endswith(".") else "clip.at"
        return tell(code, clip=each.item.name or tell("clip.unnamed"), timecode=timecode, reason=reason)

    def _from_export(self, export: Exported, each: TimelineItem, whole: TimelineItem, row: TimelineShot) -> TimelineShot:
        """The row with a shot of the editor's own file, which is a plain video at the timeline's rate whatever the clip was."""
        path = Path(export.path)
        facts = self.media.facts(path)
        frames = exported_frames(export, facts, whole, each, self.sequence.rate, self.selection.handles)
        pieces = speech_of(each, self.speech, frames, self.selection)
        keep, left_out = excluded_frames_of_export(each, frames, self.excluded, self.sequence.rate)
        return with_shot(
            row,
            path,
            pieces,
            frames,
            keep=keep,
            face=self.selection.faces.get(row.key),
            placement=msgspec.structs.replace(row.placement, baked=True),
            take_rate=facts.rate,
            start_timecode=facts.start_timecode,
            media_frames=facts.frames,
            not_a_reference=BAKED_IN,
            notices=() if left_out is None else (words("clip.at", clip=row.clip, timecode=row.timecode_in, reason=left_out),),
        )

    def _from_media(self, each: TimelineItem, reference: Any, row: TimelineShot) -> TimelineShot:
        try:
            path, facts = self.media(each, reference)
        except MediaNotFound as error:
            if error.said.code != "clip.no-media":
                raise
            return msgspec.structs.replace(row, needs_host_export=words("clip.no-media-file"))
        if path.suffix.lower() in HOST_SUFFIXES:
            return msgspec.structs.replace(row, needs_host_export=words("clip.host-format", suffix=path.suffix))
        if facts.kind != "video":
            what = words("clip.still-picture") if facts.kind == "still" else words("clip.without-picture")
            return msgspec.structs.replace(row, needs_host_export=what)
        if facts.frame_times is not None and (each.speed != 1 or each.offsets):
            return msgspec.structs.replace(row, needs_host_export=words("clip.variable-and-retimed"))
        extra = Fraction(self.selection.handles) / self.sequence.rate
        lead, tail = (max(each.lead, extra), max(each.tail, extra)) if extra else (each.lead, each.tail)
        frames = source_frames(each, facts, reference, lead, tail, self.sequence.rate)
        pieces = speech_of(each, self.speech, frames, self.selection)
        short = frames.short_of_s and (each.lead or each.tail)
        return with_shot(
            row,
            path,
            pieces,
            frames,
            speed=each.speed,
            pictures=self.media.pictures(each, reference),
            keep=excluded_frames(each, facts, frames, self.excluded),
            face=self.selection.faces.get(row.key),
            source_channels=self._own_channels(each, facts),
            take_rate=facts.rate if facts.frame_times is None else None,
            start_timecode=facts.start_timecode,
            media_frames=facts.frames,
            not_a_reference=_not_a_reference(each),
            not_above=words("clip.dissolve-twice") if each.dissolves else None,
            notices=(words("clip.short-for-dissolve"),) if short else (),
        )

    def _own_channels(self, each: TimelineItem, facts: MediaFacts) -> tuple[int, ...]:
        """The channels that the sounds linked to a picture play of its file; empty = as where nobody chose."""
        beside = self.sounds.get(each.start)
        if not beside:
            return ()
        return channels_together((channels_of(sound.item, facts) for sound in beside if is_production_sound(each, sound)), facts)


def _not_a_reference(each: TimelineItem) -> str | None:
    if each.speed != 1 or each.offsets:
        return words("clip.retimed-reference")
    if not each.whole:
        return words("clip.part-only")
    return None
