"""What stands where on a timeline: one flat list of its clips, nests opened, every time exact.

Times are seconds from the sequence's first frame. A nest without effects is opened and its clips cut to what shows; a nest
that is retimed or carries effects stays one piece that only an editor can play. What cannot be placed carries a `problem`
and whatever follows it keeps its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

import opentimelineio as otio

from .errors import BadTime, UnreadableTimeline
from .exact_time import exact_rate, exact_seconds, exact_value, round_half_up
from .metadata import has_namespace, text_mark

MAX_NESTS = 32
MAX_ITEMS = 200_000
_ZERO = Fraction(0)
_schema = otio.schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A clip (or a nest that stays closed) on the timeline, cut to what shows of it."""

    where: tuple[int, ...]  # indexes from the timeline's stack of tracks down to the item
    item: Any
    kind: Literal["picture", "sound"]
    track: int  # of its outermost track, counted from 1 at the bottom among the tracks of its kind
    track_name: str
    start: Fraction  # s
    end: Fraction
    source_low: Fraction = _ZERO  # s, as the timeline counts the media's time; see `source` for what that means in the file
    source_high: Fraction = _ZERO  # where the shown source ends; for a reversed clip the first frame lies just before it
    source_rate: Fraction | None = None  # that the timeline writes these times with
    speed: Fraction = Fraction(1)
    enabled: bool = True
    lead: Fraction = _ZERO  # s of a transition that shows the clip before `start`
    tail: Fraction = _ZERO  # s of a transition that shows it after `end`
    nested: bool = False
    nest: str | None = None  # the host's id of the nest that it was found in, the outermost that has one
    whole: bool = True  # nothing of the clip is hidden by the nest or track around it
    host_only: str | None = None  # why only an editor can play it
    problem: str | None = None  # why it cannot be used at all

    @property
    def duration(self) -> Fraction:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What surrounds an item: its track, and how much of it shows."""

    kind: Literal["picture", "sound"]
    track: int
    track_name: str
    rate: Fraction
    premiere: bool
    enabled: bool
    low: Fraction | None  # s; what lies before or after is hidden
    high: Fraction | None
    depth: int
    closed: Callable[[str, str | None], bool]
    host_only: str | None = None
    nest: str | None = None


def walk(timeline: Any, rate: Fraction, closed: Callable[[str, str | None], bool] = lambda kind, item: False) -> list[Placed]:
    """Every clip of the timeline, track by track from the bottom.

    closed: whether the nest with this kind and host's id stays one piece although it could be opened (the editor exported it).
    Raises: UnreadableTimeline — too deep or too large.
    """
    counts = {"picture": 0, "sound": 0}
    premiere = has_namespace(timeline, "PremierePro_OTIO") or has_namespace(timeline.tracks, "PremierePro_OTIO")
    placed: list[Placed] = []
    offset, low, high = _window(timeline.tracks, _ZERO, None, None)
    for index, track in enumerate(timeline.tracks):
        kind = kind_of(track)
        counts[kind] += 1
        around = _Around(
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
        for item in _layer(track, (index,), offset, around):
            placed.append(item)
            if len(placed) > MAX_ITEMS:
                raise UnreadableTimeline(f"The timeline holds more than {MAX_ITEMS} clips.")
    return placed


def kind_of(track: Any) -> Literal["picture", "sound"]:
    """Of a track; what is not said to be sound is picture."""
    return "sound" if getattr(track, "kind", None) == _schema.TrackKind.Audio else "picture"


def _layer(item: Any, where: tuple[int, ...], offset: Fraction, around: _Around) -> Iterator[Placed]:
    """One layer of a stack: a track, or a bare item that starts where the stack starts."""
    if not isinstance(item, _schema.Track):
        yield from _item(item, where, offset, around, None, None)
        return
    effects = _nest_effects(item, strict=around.depth > 1)
    begins, low, high = _window(item, offset, around.low, around.high)
    if around.depth == 1 and _shows_nothing(item, around):
        begins, low, high = offset, around.low, around.high
    around = replace(
        around, low=low, high=high, enabled=around.enabled and _enabled(item), host_only=around.host_only or effects, depth=around.depth + 1
    )
    children = list(item)
    position: Fraction | None = begins
    for index, child in enumerate(children):
        before = children[index - 1] if index else None
        after = children[index + 1] if index + 1 < len(children) else None
        if isinstance(child, _schema.Transition):
            continue
        if position is None:
            yield _broken(child, (*where, index), around, begins, "its place is unknown because a clip before it has no length")
            continue
        try:
            length = _length(child, around)
        except BadTime as error:
            yield _broken(child, (*where, index), around, position, str(error))
            position = None
            continue
        yield from _item(child, (*where, index), position, around, before, after)
        position += max(length, _ZERO)


def _item(item: Any, where: tuple[int, ...], start: Fraction, around: _Around, before: Any, after: Any) -> Iterator[Placed]:
    if isinstance(item, _schema.Gap) or not isinstance(item, otio.core.Item):
        return
    try:
        end = start + _length(item, around)
        if end <= start and text_mark(item, "problem") is None:
            raise BadTime("it has no length" if end == start else "its length is negative")
        if isinstance(item, (_schema.Stack, _schema.Track)):
            yield from _nest(item, where, start, end, around)
            return
        whole = _clip(item, where, start, end, around)
        shown = cut(replace(whole, lead=_offset_of(before, "in_offset"), tail=_offset_of(after, "out_offset")), around.low, around.high)
        if shown is not None:
            yield shown
    except BadTime as error:
        yield _broken(item, where, around, start, str(error))


def _nest(nest: Any, where: tuple[int, ...], start: Fraction, end: Fraction, around: _Around) -> Iterator[Placed]:
    if around.depth > MAX_NESTS:
        yield _broken(nest, where, around, start, f"it is nested deeper than {MAX_NESTS} levels")
        return
    reason = around.host_only or text_mark(nest, "host_only") or _nest_effects(nest, strict=True)
    name = text_mark(nest, "id")
    if reason is not None or around.closed(around.kind, name):
        shown = cut(_closed(nest, where, start, end, around, reason), around.low, around.high)
        if shown is not None:
            yield shown
        return
    offset, low, high = _window(nest, start, around.low, around.high, end)
    inner = replace(around, low=low, high=high, enabled=around.enabled and _enabled(nest), depth=around.depth + 1, nest=around.nest or name)
    if isinstance(nest, _schema.Track):
        yield from _layer(nest, where, start, replace(inner, low=low, high=high))
        return
    for index, child in enumerate(nest):
        kind = kind_of(child) if isinstance(child, _schema.Track) else around.kind
        yield from _layer(child, (*where, index), offset, replace(inner, kind=kind, track=around.track if kind == around.kind else 0))


def _closed(nest: Any, where: tuple[int, ...], start: Fraction, end: Fraction, around: _Around, reason: str | None) -> Placed:
    """A nest as one piece, with what it shows of its own time."""
    speed = retime(nest)[0]
    low = start - _window(nest, start, None, None)[0]
    high = low + (end - start) * abs(speed)
    return replace(_bare(nest, where, around, start), end=end, source_low=low, source_high=high, speed=speed, host_only=reason)


def _clip(clip: Any, where: tuple[int, ...], start: Fraction, end: Fraction, around: _Around) -> Placed:
    source = clip.source_range or _available(clip)
    speed, reason = retime(clip)
    reason = around.host_only or text_mark(clip, "host_only") or reason
    low = exact_seconds(source.start_time)
    return replace(
        _bare(clip, where, around, start),
        end=end,
        source_low=low,
        source_high=low + (end - start) * abs(speed),
        source_rate=exact_rate(source.start_time.rate),
        speed=speed,
        host_only=reason,
        problem=text_mark(clip, "problem"),
    )


def _bare(item: Any, where: tuple[int, ...], around: _Around, start: Fraction) -> Placed:
    return Placed(
        where=where,
        item=item,
        kind=around.kind,
        track=around.track,
        track_name=around.track_name,
        start=start,
        end=start,
        enabled=around.enabled and _enabled(item),
        nested=around.depth > 2,
        nest=around.nest,
    )


def _broken(item: Any, where: tuple[int, ...], around: _Around, start: Fraction, problem: str) -> Placed:
    return replace(_bare(item, where, around, start), problem=text_mark(item, "problem") or problem)


def retime(clip: Any) -> tuple[Fraction, str | None]:
    """(constant speed, why only an editor can play it). Raises: BadTime."""
    speed = Fraction(1)
    for effect in clip.effects:
        if isinstance(effect, _schema.FreezeFrame):
            return speed, "it is a freeze frame"
        if isinstance(effect, _schema.LinearTimeWarp):
            speed *= exact_value(effect.time_scalar)
        elif isinstance(effect, _schema.TimeEffect) or "timewarp" in type(effect).__name__.lower():
            return Fraction(1), "its speed changes within the clip"
    if not speed:
        return Fraction(1), "it is a freeze frame"
    if not Fraction(1, 100) <= abs(speed) <= 100:
        return Fraction(1), f"its speed is {float(speed):.0%}"
    return speed, None


def cut(piece: Placed, low: Fraction | None, high: Fraction | None) -> Placed | None:
    """The part of a clip between two times; None = nothing is left. A cut edge has no transition."""
    begin = max(_ZERO, (low if low is not None else piece.start) - piece.start)
    finish = max(_ZERO, piece.end - (high if high is not None else piece.end))
    if piece.problem is None and begin + finish >= piece.duration:
        return None
    if not begin and not finish:
        return piece
    at_low, at_high = (begin, finish) if piece.speed > 0 else (finish, begin)
    return replace(
        piece,
        start=piece.start + begin,
        end=piece.end - finish,
        source_low=piece.source_low + at_low * abs(piece.speed),
        source_high=piece.source_high - at_high * abs(piece.speed),
        lead=_ZERO if begin else piece.lead,
        tail=_ZERO if finish else piece.tail,
        whole=False,
    )


def _length(item: Any, around: _Around) -> Fraction:
    """Seconds that an item takes on its track. Raises: BadTime."""
    if isinstance(item, (_schema.Stack, _schema.Track)):
        return _nest_length(item, around)
    if not isinstance(item, otio.core.Item):
        return _ZERO
    source = item.source_range or _available(item)
    length = exact_seconds(source.duration)
    if around.premiere or has_namespace(item, "PremierePro_OTIO"):
        # Premiere counts source frames: at double speed half of them show. Its floats are rounded, its edits lie on frames.
        speed = retime(item)[0] if isinstance(item, _schema.Clip) else Fraction(1)
        if abs(speed) != 1:
            length = round_half_up(length / abs(speed) * around.rate) / around.rate
    return length


def _nest_length(nest: Any, around: _Around) -> Fraction:
    if nest.source_range is not None:
        return exact_seconds(nest.source_range.duration)
    if around.depth > MAX_NESTS:
        raise BadTime(f"it is nested deeper than {MAX_NESTS} levels")
    inner = replace(around, depth=around.depth + 1)
    lengths = [_length(child, inner) for child in nest if isinstance(child, otio.core.Item)]
    return sum(lengths, _ZERO) if isinstance(nest, _schema.Track) else max(lengths, default=_ZERO)


def _available(item: Any) -> Any:
    reference = item.media_reference if isinstance(item, _schema.Clip) else None
    available = reference.available_range if reference is not None else None
    if available is None:
        raise BadTime("its length is unknown: it has no range and neither have its media")
    return available


def _window(
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


def _shows_nothing(track: Any, around: _Around) -> bool:
    """Whether a track's source_range lies wholly outside of it, as some converters write it: then the whole track is meant."""
    if track.source_range is None:
        return False
    try:
        begins, length = exact_seconds(track.source_range.start_time), exact_seconds(track.source_range.duration)
        whole = sum((_length(child, around) for child in track if isinstance(child, otio.core.Item)), _ZERO)
    except BadTime:
        return False
    return begins >= whole or begins + length <= 0


def _nest_effects(nest: Any, *, strict: bool) -> str | None:
    """Why a nest must stay closed. Effects other than of time on a whole track change no picture's place and are let through."""
    speed, reason = retime(nest)
    if reason is not None or speed != 1:
        return "it is a nested sequence with its own speed"
    others = [effect for effect in nest.effects if not isinstance(effect, _schema.LinearTimeWarp)]
    return "it is a nested sequence with effects" if others and strict else None


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
