"""Timeline → shots: which frames of which file each chosen clip shows, what it says, and where its take goes back to.

What is wrong with one clip is said in that clip's row and changes no other. Nothing here opens a file: `facts` does,
in a child process (or in a test out of a table). `choosing` decides which clips; `rows` makes each one's shot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.errors import HeygemError

from .clip_selection import Choosing
from .conform_types import Conformed, Exported, Selection, TimelineShot
from .conform_types import Sequence as SequenceFacts
from .errors import BadTime
from .exact_time import round_half_up
from .exclusions import Times, kept_frames, kept_of_export, kept_times
from .facts import Facts
from .flatten import Placed, walk
from .host_exports import DRAWN, Exports, exported_frames
from .locate import Locator
from .media import Media, host_reason, original_reference
from .metadata import text_mark
from .sequence import sequence_of
from .shot_rows import row_of, spoken, versions, with_shot
from .source_range import HOST_SUFFIXES, source_frames
from .speech_mapping import Heard

_FOREIGN = (ValueError, TypeError, ArithmeticError, LookupError, RuntimeError, AttributeError, OSError, MemoryError)


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
    """The chosen clips of an OTIO timeline as shots.

    facts: says what a media file is; raises InputError where it cannot be used.
    locator: finds media; without one it is made of `roots` (folders that may be read and are searched by name; None = any)
    and `path_maps` (prefix there → prefix here).
    rate: of the timeline, where the file does not say.
    exported: files in place of clips' media.
    Raises: UnreadableTimeline — no rate, too large, nested too deeply, or a track that is named and absent.
    """
    locator = locator or Locator(roots=None if roots is None else tuple(roots), path_maps=tuple(path_maps))
    sequence, exports, media = sequence_of(timeline, rate), Exports(exported), Media(facts, locator)
    placed = walk(timeline, sequence.rate, closed=exports.names)
    choosing = Choosing(timeline=timeline, selection=selection, sequence=sequence, media=media, exports=exports)
    pictures = [each for each in placed if each.kind == "picture" and text_mark(each.item, "take") is None]
    heard = choosing.speech(placed)
    making = _Making(
        selection=selection,
        sequence=sequence,
        media=media,
        exports=exports,
        heard=heard,
        above=_takes_above(placed),
        keeps=kept_times(timeline),
    )
    shots = tuple(making.shot(part, whole) for whole in choosing.pictures(pictures, heard) for part in choosing.parts(whole))
    notices = ("No picture lies above the chosen speech.",) if heard and not shots else ()
    return Conformed(sequence=sequence, shots=shots, skipped=tuple(choosing.skipped), notices=notices)


def _takes_above(placed: Iterable[Placed]) -> dict[str, list[str]]:
    """Key of a clip → takes on tracks above that say that they cover it."""
    found: dict[str, list[str]] = {}
    for each in placed:
        take, of = text_mark(each.item, "take"), text_mark(each.item, "of")
        if take is not None and of is not None:
            found.setdefault(of, []).append(take)
    return found


@dataclass(slots=True, kw_only=True)
class _Making:
    """The rows of one run of `conform`."""

    selection: Selection
    sequence: SequenceFacts
    media: Media
    exports: Exports
    heard: Heard
    above: dict[str, list[str]]
    keeps: list[Times] = field(default_factory=list)

    def shot(self, each: Placed, whole: Placed) -> TimelineShot:
        """The row of what was chosen of a clip. Whatever is wrong with it is its `error`."""
        row = row_of(each, whole, self.selection, self.sequence)
        try:
            row = msgspec.structs.replace(row, versions=versions(each.item, self.above.get(row.key, [])))
            if each.problem is not None:
                raise BadTime(each.problem)
            export = self.exports.of(each)
            if export is not None:
                return self._exported(export, each, whole, row)
            reason = each.host_only or host_reason(each.item)
            if reason is not None:
                return msgspec.structs.replace(row, needs_host_export=reason)
            return self._rendered(each, row)
        except (HeygemError, *_FOREIGN) as error:
            return msgspec.structs.replace(row, error=self._error(each, error))

    def _error(self, each: Placed, error: BaseException) -> str:
        known = isinstance(error, HeygemError)
        text = str(error).rstrip(".") if known else f"it cannot be read ({type(error).__name__}: {error})"
        timecode = self.sequence.timecode(round_half_up(each.start * self.sequence.rate))
        return f"“{each.item.name or 'unnamed clip'}” at {timecode}: {text}."

    def _exported(self, export: Exported, each: Placed, whole: Placed, row: TimelineShot) -> TimelineShot:
        """From the editor's own file: whatever the clip was, this is a plain video at the timeline's rate."""
        path = Path(export.path)
        facts = self.media.facts(path)
        frames = exported_frames(export, facts, whole, each, self.sequence.rate, self.selection.handles)
        pieces = spoken(each, self.heard, frames, self.selection)
        keep, left_out = kept_of_export(each, frames, self.keeps, self.sequence.rate)
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
            not_a_reference=DRAWN,
            notices=() if left_out is None else (f"“{row.clip}” at {row.timecode_in}: {left_out}.",),
        )

    def _rendered(self, each: Placed, row: TimelineShot) -> TimelineShot:
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
        pieces = spoken(each, self.heard, frames, self.selection)
        short = frames.short_of_s and (each.lead or each.tail)
        return with_shot(
            row,
            path,
            pieces,
            frames,
            speed=each.speed,
            keep=kept_frames(each, facts, frames, self.keeps),
            face=self.selection.faces.get(row.key),
            take_rate=facts.rate if facts.frame_times is None else None,
            start_timecode=facts.start_timecode,
            media_frames=facts.frames,
            not_a_reference=_not_a_reference(each),
            not_above="a dissolve would be seen twice" if each.lead or each.tail else None,
            notices=("The media are too short for the dissolve or the handles around it.",) if short else (),
        )


def _not_a_reference(each: Placed) -> str | None:
    if each.speed != 1:
        return "the clip is retimed, which a reference would be too"
    if not each.whole:
        return "only a part of the clip is rendered"
    return None
