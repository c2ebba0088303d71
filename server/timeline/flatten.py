"""Lists all clips of a timeline with their exact times, nests opened.

Times are seconds from the sequence's first frame. A nest without effects is opened and its clips cut to what shows; a nest
that is retimed or carries effects stays one piece that only an editor can play. What cannot be placed carries a `problem`
and whatever follows it keeps its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import msgspec
import opentimelineio as otio
from msgspec.structs import replace as changed

from heygem_core.messages import words

from .errors import BadTime, UnreadableTimeline
from .exact_time import exact_rate, exact_seconds, exact_value, round_half_up, tidy
from .metadata import editor_list, has_namespace, own_text, own_values, text_in

MAX_NESTS = 32
MAX_ITEMS = 200_000
_ZERO, _ONE = Fraction(0), Fraction(1)
_schema = otio.schema


class TimelineItem(msgspec.Struct, frozen=True, kw_only=True):
    """A clip (or a nest that stays closed) on the timeline, cut to what shows of it."""

    where: tuple[int, ...]  # indexes from the timeline's stack of tracks down to the item
    item: Any
    kind: Literal["picture", "sound"]
    track: int  # number of its outermost track, counted from 1 at the bottom among the tracks of its kind
    track_name: str
    start: Fraction  # s
    end: Fraction
    source_low: Fraction = _ZERO  # s, as the timeline counts the media's time; `source_range` finds out what that means in the file
    source_high: Fraction = _ZERO  # where the shown source ends; for a reversed clip the first frame lies just before it
    source_rate: Fraction | None = None  # that the timeline writes these times with
    speed: Fraction = Fraction(1)
    offsets: tuple[Fraction, ...] = ()  # frames of the media from `source_low` at each frame of the timeline, where the speed changes
    enabled: bool = True
    lead: Fraction = _ZERO  # s of a transition that shows the clip before `start`
    tail: Fraction = _ZERO  # s of a transition that shows it after `end`
    into: Fraction = _ZERO  # s of a transition from `start` on, and up to `end`: another picture shows with it
    out_of: Fraction = _ZERO
    nested: bool = False
    nest: str | None = None  # the host's id of the nest that it was found in, the outermost that has one
    whole: bool = True  # nothing of the clip is hidden by the nest or track around it
    host_only: str | None = None  # why only an editor can play it
    problem: str | None = None  # why it cannot be used at all
    own: Mapping[str, Any] = msgspec.field(default_factory=dict)  # our metadata of the item

    def own_text(self, name: str) -> str | None:
        """A text of our metadata that is not empty, else None."""
        return text_in(self.own, name)

    @property
    def duration(self) -> Fraction:
        return self.end - self.start

    @property
    def dissolves(self) -> bool:
        """Whether a transition shows another picture with it, on either side of its edges."""
        return bool(self.lead or self.tail or self.into or self.out_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """The track that an item stands in, and how much of it shows."""

    kind: Literal["picture", "sound"]
    track: int
    track_name: str
    rate: Fraction
    premiere: bool
    enabled: bool
    low: Fraction | None  # s; what lies before is hidden
    high: Fraction | None  # s; what lies after is hidden
    depth: int
    closed: Callable[[str, str | None], bool]
    host_only: str | None = None
    nest: str | None = None


def flatten(timeline: Any, rate: Fraction, closed: Callable[[str, str | None], bool] = lambda kind, item: False) -> list[TimelineItem]:
    """Every clip of the timeline, track by track from the bottom.

    closed: whether the nest with this kind and host's id stays one piece although it could be opened (the editor exported it).
    Raises: UnreadableTimeline — too deep or too large.
    """
    counts = {"picture": 0, "sound": 0}
    premiere = has_namespace(timeline, "PremierePro_OTIO") or has_namespace(timeline.tracks, "PremierePro_OTIO")
    placed: list[TimelineItem] = []
    offset, low, high = _visible_range(timeline.tracks, _ZERO, None, None)
    for index, track in enumerate(timeline.tracks):
        kind = kind_of(track)
        counts[kind] += 1
        context = _Context(
            kind=kind,
            track=counts[kind],
            track_name=track.name,
            rate=rate,
            premiere=premiere or has_namespace(track, "PremierePro_OTIO"),
            enabled=_enabled(track) and _enabled(timeline.tracks),
            low=low,
            high=high,
            depth=1,
            closed=closed,
        )
        for item in _items_of_layer(track, (index,), offset, context):
            placed.append(item)
            if len(placed) > MAX_ITEMS:
                raise UnreadableTimeline("timeline.too-many-clips", most=MAX_ITEMS)
    return placed


def kind_of(track: Any) -> Literal["picture", "sound"]:
    """Of a track; what is not said to be sound is picture."""
    return "sound" if getattr(track, "kind", None) == _schema.TrackKind.Audio else "picture"


def _items_of_layer(item: Any, where: tuple[int, ...], offset: Fraction, context: _Context) -> Iterator[TimelineItem]:
    """The items of one layer of a stack: a track, or an item that starts where the stack starts."""
    if not isinstance(item, _schema.Track):
        yield from _items_of(item, where, offset, context, None, None)
        return
    effects = _nest_effects(item, strict=context.depth > 1)
    begins, low, high = _visible_range(item, offset, context.low, context.high)
    if context.depth == 1 and _range_lies_outside(item, context):
        begins, low, high = offset, context.low, context.high
    context = replace(
        context,
        low=low,
        high=high,
        enabled=context.enabled and _enabled(item),
        host_only=context.host_only or effects,
        depth=context.depth + 1,
    )
    children = list(item)
    position: Fraction | None = begins
    for index, child in enumerate(children):
        before = children[index - 1] if index else None
        after = children[index + 1] if index + 1 < len(children) else None
        if isinstance(child, _schema.Transition):
            continue
        if position is None:
            yield _broken_item(child, (*where, index), context, begins, words("clip.place-unknown"))
            continue
        try:
            length = _length(child, context)
        except BadTime as error:
            yield _broken_item(child, (*where, index), context, position, str(error))
            position = None
            continue
        yield from _items_of(child, (*where, index), position, context, before, after, length)
        position = tidy(position + length) if length.numerator > 0 else position


def _items_of(
    item: Any, where: tuple[int, ...], start: Fraction, context: _Context, before: Any, after: Any, length: Fraction | None = None
) -> Iterator[TimelineItem]:
    """length: of the item, where it is known already."""
    if isinstance(item, _schema.Gap) or not isinstance(item, otio.core.Item):
        return
    try:
        length = _length(item, context) if length is None else length
        end = start + length
        if length.numerator <= 0 and own_text(item, "problem") is None:
            raise BadTime("clip.no-duration" if not length else "clip.negative")
        if isinstance(item, (_schema.Stack, _schema.Track)):
            yield from _items_of_nest(item, where, start, end, context)
            return
        whole = _item_of_clip(item, where, start, end, context)
        shown = trimmed(_with_transitions(whole, before, after), context.low, context.high)
        if shown is not None:
            yield shown
    except BadTime as error:
        yield _broken_item(item, where, context, start, str(error))


def _items_of_nest(nest: Any, where: tuple[int, ...], start: Fraction, end: Fraction, context: _Context) -> Iterator[TimelineItem]:
    if context.depth > MAX_NESTS:
        yield _broken_item(nest, where, context, start, words("clip.too-many-nests", most=MAX_NESTS))
        return
    reason = context.host_only or own_text(nest, "host_only") or _nest_effects(nest, strict=True)
    name = own_text(nest, "id")
    if reason is not None or context.closed(context.kind, name):
        shown = trimmed(_closed_nest(nest, where, start, end, context, reason), context.low, context.high)
        if shown is not None:
            yield shown
        return
    offset, low, high = _visible_range(nest, start, context.low, context.high, end)
    inner = replace(
        context, low=low, high=high, enabled=context.enabled and _enabled(nest), depth=context.depth + 1, nest=context.nest or name
    )
    if isinstance(nest, _schema.Track):
        yield from _items_of_layer(nest, where, start, replace(inner, low=low, high=high))
        return
    for index, child in enumerate(nest):
        kind = kind_of(child) if isinstance(child, _schema.Track) else context.kind
        yield from _items_of_layer(
            child, (*where, index), offset, replace(inner, kind=kind, track=context.track if kind == context.kind else 0)
        )


def _closed_nest(nest: Any, where: tuple[int, ...], start: Fraction, end: Fraction, context: _Context, reason: str | None) -> TimelineItem:
    """A nest as one item, with what it shows of its own time."""
    speed = constant_speed(nest)[0]
    low = start - _visible_range(nest, start, None, None)[0]
    high = low + (end - start) * abs(speed)
    return _empty_item(nest, where, context, start, end=end, source_low=low, source_high=high, speed=speed, host_only=reason)


def _item_of_clip(clip: Any, where: tuple[int, ...], start: Fraction, end: Fraction, context: _Context) -> TimelineItem:
    source, own = clip.source_range or _available(clip), own_values(clip)
    speed, reason, length = _ONE, None, end - start
    offsets: tuple[Fraction, ...] = ()
    if len(clip.effects):
        speed, reason = constant_speed(clip)
        if reason is None and _lookups(clip):
            offsets = frame_offsets(clip, speed, round_half_up(length * context.rate)) if _lists_frames_of(context.rate, clip) else ()
            reason = None if offsets else words("clip.speed-changes")
    reason = context.host_only or text_in(own, "host_only") or reason
    low, rate = exact_seconds(source.start_time), exact_rate(source.start_time.rate)
    return _empty_item(
        clip,
        where,
        context,
        start,
        end=end,
        source_low=low,
        source_high=low + (length if speed is _ONE or speed == 1 else length * abs(speed)),
        source_rate=rate,
        speed=speed,
        offsets=offsets if reason is None else (),
        host_only=reason,
        problem=text_in(own, "problem"),
        own=own,
    )


def _empty_item(item: Any, where: tuple[int, ...], context: _Context, start: Fraction, **more: Any) -> TimelineItem:
    """An item without length, or with what `more` says of it."""
    more.setdefault("end", start)
    if "own" not in more:
        more["own"] = own_values(item)
    return TimelineItem(
        where=where,
        item=item,
        kind=context.kind,
        track=context.track,
        track_name=context.track_name,
        start=start,
        enabled=context.enabled and _enabled(item),
        nested=context.depth > 2,
        nest=context.nest,
        **more,
    )


def _broken_item(item: Any, where: tuple[int, ...], context: _Context, start: Fraction, problem: str) -> TimelineItem:
    return _empty_item(item, where, context, start, problem=own_text(item, "problem") or problem)


def constant_speed(clip: Any) -> tuple[Fraction, str | None]:
    """(the speed of a clip, 0 where it stands still, why only an editor can play it where that is not constant). Raises: BadTime."""
    speed = Fraction(1)
    for effect in clip.effects:
        if isinstance(effect, _schema.LinearTimeWarp):
            speed *= exact_value(effect.time_scalar)
        elif _lookup_of(effect) and isinstance(clip, _schema.Clip):
            continue
        elif isinstance(effect, _schema.TimeEffect) or "timewarp" in type(effect).__name__.lower():
            return Fraction(1), words("clip.speed-changes")
    if speed and not Fraction(1, 100) <= abs(speed) <= 100:
        return Fraction(1), words("clip.speed", speed=f"{float(speed):.0%}")
    return speed, None


def frame_offsets(clip: Any, speed: Fraction, frames: int) -> tuple[Fraction, ...]:
    """Which frame of the media stands at each frame of the timeline, counted from the in point, where effects list it whole; else empty.

    The first effect says how many frames of the timeline earlier or later than at the clip's constant speed the picture is; each further
    one how much earlier or later in what there is so far.
    """
    lookups = _lookups(clip)
    if not lookups or frames < 1 or any(len(lookup) < frames for lookup in lookups):
        return ()
    first, *further = lookups
    at = [speed * (number + first[number]) for number in range(frames)]
    for lookup in further:
        places = [round(number + lookup[number]) for number in range(frames)]
        if not all(0 <= place < frames for place in places):
            return ()
        at = [at[place] for place in places]
    return tuple(at)


def _lists_frames_of(rate: Fraction, clip: Any) -> bool:
    """Whether effects that list frames list those of the timeline: what we baked in a nest counts in the nest's."""
    return all(own_text(effect, "rate") in (None, str(rate)) for effect in clip.effects)


def _lookups(clip: Any) -> list[list[Fraction]]:
    return [lookup for effect in clip.effects if (lookup := _lookup_of(effect))] if isinstance(clip, _schema.Clip) else []


def _lookup_of(effect: Any) -> list[Fraction]:
    """The offsets that a time warp lists for each frame, as Hiero and Nuke Studio write it; empty = it does not."""
    if not isinstance(effect, _schema.TimeEffect) or isinstance(effect, _schema.LinearTimeWarp):
        return []
    listed = editor_list(effect, "lookup")
    numbers = [value for value in listed if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return [exact_value(float(value)) for value in numbers] if numbers and len(numbers) == len(listed) else []


def trimmed(piece: TimelineItem, low: Fraction | None, high: Fraction | None) -> TimelineItem | None:
    """The part of a clip between two times; None = nothing is left. A cut edge has no transition."""
    if low is None and high is None:
        return piece if piece.problem is not None or piece.duration.numerator > 0 else None
    begin = max(_ZERO, (low if low is not None else piece.start) - piece.start)
    finish = max(_ZERO, piece.end - (high if high is not None else piece.end))
    if piece.problem is None and begin + finish >= piece.duration:
        return None
    if not begin and not finish:
        return piece
    if piece.offsets:
        piece = _with_part_of_curve(piece, begin, finish)
    at_low, at_high = (_ZERO, _ZERO) if piece.offsets else (begin, finish) if piece.speed > 0 else (finish, begin)
    return changed(
        piece,
        start=piece.start + begin,
        end=piece.end - finish,
        source_low=piece.source_low + at_low * abs(piece.speed),
        source_high=piece.source_high - at_high * abs(piece.speed),
        lead=_ZERO if begin else piece.lead,
        tail=_ZERO if finish else piece.tail,
        into=max(_ZERO, piece.into - begin),
        out_of=max(_ZERO, piece.out_of - finish),
        whole=False,
    )


def _with_part_of_curve(piece: TimelineItem, begin: Fraction, finish: Fraction) -> TimelineItem:
    """The clip with the frames that are left of its curve; that of a cut between two frames is for the editor."""
    frame = piece.duration / len(piece.offsets)
    first, last = begin / frame, finish / frame
    if first.denominator != 1 or last.denominator != 1:
        return changed(piece, offsets=(), host_only=piece.host_only or words("clip.speed-changes"))
    return changed(piece, offsets=piece.offsets[first.numerator : len(piece.offsets) - last.numerator])


def _length(item: Any, context: _Context) -> Fraction:
    """Seconds that an item takes on its track. Raises: BadTime."""
    if isinstance(item, (_schema.Stack, _schema.Track)):
        return _nest_length(item, context)
    if not isinstance(item, otio.core.Item):
        return _ZERO
    source = item.source_range or _available(item)
    length = exact_seconds(source.duration)
    if isinstance(item, _schema.Clip) and len(item.effects) and (context.premiere or has_namespace(item, "PremierePro_OTIO")):
        # Premiere counts source frames: at double speed half of them show. Its floats are rounded, its edits lie on frames.
        speed = constant_speed(item)[0]
        if abs(speed) not in (0, 1):
            length = round_half_up(length / abs(speed) * context.rate) / context.rate
    return length


def _nest_length(nest: Any, context: _Context) -> Fraction:
    if nest.source_range is not None:
        return exact_seconds(nest.source_range.duration)
    if context.depth > MAX_NESTS:
        raise BadTime("clip.too-many-nests", most=MAX_NESTS)
    inner = replace(context, depth=context.depth + 1)
    lengths = [_length(child, inner) for child in nest if isinstance(child, otio.core.Item)]
    return _total(lengths) if isinstance(nest, _schema.Track) else max(lengths, default=_ZERO)


def _total(lengths: Iterable[Fraction]) -> Fraction:
    whole = _ZERO
    for length in lengths:
        whole = tidy(whole + length)
    return whole


def _available(item: Any) -> Any:
    reference = item.media_reference if isinstance(item, _schema.Clip) else None
    available = reference.available_range if reference is not None else None
    if available is None:
        raise BadTime("clip.no-length")
    return available


def _visible_range(
    nest: Any, start: Fraction, low: Fraction | None, high: Fraction | None, end: Fraction | None = None
) -> tuple[Fraction, Fraction | None, Fraction | None]:
    """(where the nest's own time 0 lies, what shows of it from, to)."""
    if nest.source_range is None:
        return start, low, high
    try:
        begins, length = exact_seconds(nest.source_range.start_time), exact_seconds(nest.source_range.duration)
    except BadTime:
        return start, low, high
    end = start + length if end is None else end
    return start - begins, start if low is None else max(low, start), end if high is None else min(high, end)


def _range_lies_outside(track: Any, context: _Context) -> bool:
    """Whether a track's source_range lies wholly outside of it, as some converters write it: then the whole track is meant."""
    if track.source_range is None:
        return False
    try:
        begins, length = exact_seconds(track.source_range.start_time), exact_seconds(track.source_range.duration)
        whole = _total(_length(child, context) for child in track if isinstance(child, otio.core.Item))
    except BadTime:
        return False
    return begins >= whole or begins + length <= 0


def _nest_effects(nest: Any, *, strict: bool) -> str | None:
    """Why a nest must stay closed. Effects other than of time on a whole track change no picture's place and are let through."""
    speed, reason = constant_speed(nest)
    if reason is not None or speed != 1:
        return words("clip.nest-own-speed")
    others = [effect for effect in nest.effects if not isinstance(effect, _schema.LinearTimeWarp)]
    return words("clip.nest-effects") if others and strict else None


def _with_transitions(whole: TimelineItem, before: Any, after: Any) -> TimelineItem:
    if not isinstance(before, _schema.Transition) and not isinstance(after, _schema.Transition):
        return whole
    lead, tail = _offset_of(before, "in_offset"), _offset_of(after, "out_offset")
    into, out_of = _offset_of(before, "out_offset"), _offset_of(after, "in_offset")
    return changed(whole, lead=lead, tail=tail, into=into, out_of=out_of)


def _offset_of(neighbour: Any, name: str) -> Fraction:
    if not isinstance(neighbour, _schema.Transition):
        return _ZERO
    offset = getattr(neighbour, name)
    try:
        return max(_ZERO, exact_seconds(offset)) if offset is not None else _ZERO
    except BadTime:
        return _ZERO


def _enabled(item: Any) -> bool:
    return bool(getattr(item, "enabled", True))
