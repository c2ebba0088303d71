"""Finds which channels of its file a clip on a sound track plays, as each editor writes it.

They are counted from 1 through all tracks of the file, as in `heygem_core.shot.Shot.speech_channels`. Final Cut's two formats count them
like that and their readers keep the numbers; Resolve writes the track and the channel in it, both from 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .conform_types import MediaFacts
from .metadata import editor_value, own_value

_MOST = 256


def channels_of(clip: Any, facts: MediaFacts) -> tuple[int, ...]:
    """Empty = what is heard where nobody chose: the clip does not say, it plays all there is, or the file has not what it says."""
    chosen = tuple(dict.fromkeys(_numbers(own_value(clip, "channels")) or _by_track(clip, facts.sound_tracks)))
    return _unless_whole(chosen, facts) if all(1 <= number <= sum(facts.sound_tracks) for number in chosen) else ()


def channels_together(each: Iterable[tuple[int, ...]], facts: MediaFacts) -> tuple[int, ...]:
    """What clips that play one file at the same time play of it together: editors lay the channels of one clip on several tracks.

    each: what `channels_of` says of every clip; empty = as there.
    """
    chosen = list(each)
    return _unless_whole(tuple(sorted(set().union(*chosen))), facts) if all(chosen) else ()


def _unless_whole(chosen: tuple[int, ...], facts: MediaFacts) -> tuple[int, ...]:
    whole = len(facts.sound_tracks) == 1 and chosen == tuple(range(1, facts.sound_tracks[0] + 1))
    return () if whole or len(chosen) > _MOST else chosen


def _by_track(clip: Any, tracks: tuple[int, ...]) -> list[int]:
    """As Resolve writes them; a channel that the file has not counts as 0."""
    listed = editor_value(clip, "Resolve_OTIO", "Channels")
    return [_number(each, tracks) for each in listed] if isinstance(listed, list) or hasattr(listed, "append") else []


def _number(listed: Any, tracks: tuple[int, ...]) -> int:
    if not hasattr(listed, "keys"):
        return 0
    values = dict(listed)
    track, channel = values.get("Source Track ID"), values.get("Source Channel ID")
    if not isinstance(track, int) or not isinstance(channel, int) or not 0 <= track < len(tracks) or not 0 <= channel < tracks[track]:
        return 0
    return sum(tracks[:track]) + channel + 1


def _numbers(values: Any) -> list[int]:
    """Of our own metadata, in which anything may stand."""
    listed = isinstance(values, list) or hasattr(values, "append")
    return [value if type(value) is int else 0 for value in values] if listed else []
