"""Decides how channels of sound are folded, once for listening and for carrying.

Channels that are named stand for loudspeakers: they go to the sides they are named after (ITU-R BS.775). Channels without a name are
microphones, as recorders write them: each goes to the middle. One channel alone is the middle, two without names are left and right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import BadRange, NoSound, UnreadableMedia

if TYPE_CHECKING:
    from .sound_source import Samples

KeptLayout = Literal["mono", "stereo", "5.1"]

CHANNELS: dict[KeptLayout, int] = {"mono": 1, "stereo": 2, "5.1": 6}
_FIVE_ONE = ("FL", "FR", "FC", "LFE", "BL", "BR")  # in this order
_HALF_POWER = 0.5**0.5
_SIDES: dict[str, tuple[float, float, float]] = {  # FFmpeg's name → weights into the left sum, the middle, the right sum
    "FL": (1, 0, 0),
    "FR": (0, 0, 1),
    "FC": (0, 1, 0),
    "DL": (1, 0, 0),
    "DR": (0, 0, 1),
    "FLC": (0.5, 0.5, 0),
    "FRC": (0, 0.5, 0.5),
    "BC": (0.5, 0, 0.5),
    "LFE": (0, 0, 0),  # low effects: nobody speaks there
    "LFE2": (0, 0, 0),
    **dict.fromkeys(["BL", "SL", "TFL", "TBL", "WL", "SDL", "TSL", "BFL", "SSL", "TTL", "BIL"], (_HALF_POWER, 0, 0)),
    **dict.fromkeys(["BR", "SR", "TFR", "TBR", "WR", "SDR", "TSR", "BFR", "SSR", "TTR", "BIR"], (0, 0, _HALF_POWER)),
    **dict.fromkeys(["TC", "TFC", "TBC", "BFC"], (0, _HALF_POWER, 0)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """What is known of a stream of sound before it is decoded."""

    names: tuple[str, ...]  # of its channels, as FFmpeg calls them; empty = the file does not say how many there are
    rate: int  # Hz
    codec: str

    @property
    def channels(self) -> int:
        """How many."""
        return len(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardChannels:
    """What is heard of a file: all of one stream, or channels that were chosen."""

    streams: tuple[int, ...]  # that have to be decoded, counted from 0 among `probe.sound_streams`
    sizes: tuple[int, ...]  # channels of each of them
    places: tuple[tuple[int, int], ...]  # what is heard of them: (stream, channel in it)
    names: tuple[str, ...]  # of those, FFmpeg's; what is no loudspeaker has none that counts
    rate: int  # Hz, of the first of the streams
    codec: str  # of the same

    @property
    def layout(self) -> KeptLayout:
        """That a take keeps of them."""
        return kept_layout(self.names)

    @property
    def folded(self) -> bool:
        """Whether a take mixes them instead of keeping each."""
        return len(self.places) > CHANNELS[self.layout]

    def into_sides(self) -> list[Samples]:
        """For each stream (rows, channels): left sum, middle and right sum; the middle alone where there is nothing at the sides."""
        weights = side_weights(self.names)
        return self._by_stream(weights if weights[[0, 2]].any() else weights[1:2])

    def into(self, layout: KeptLayout) -> list[Samples]:
        """For each stream (rows of the layout, channels)."""
        return self._by_stream(fold(self.names, layout))

    def _by_stream(self, weights: Samples) -> list[Samples]:
        """The columns of (rows, places) at their channels in each stream; what the streams make of them is to be added up."""
        by_stream = [np.zeros((len(weights), size), np.float32) for size in self.sizes]
        for column, (stream, channel) in enumerate(self.places):
            by_stream[self.streams.index(stream)][:, channel] += weights[:, column]
        return by_stream


def heard_channels(streams: Sequence[StreamFacts], default: int | None, wanted: Sequence[int], file: str) -> HeardChannels:
    """What is heard. streams: of the file, as `probe.sound_streams` finds them; default: the one that is heard where nothing is chosen.

    wanted: channels by number, counted from 1 through all streams that say how many they have, as editors count a file's tracks of sound;
    empty = all of `default`.
    Raises: NoSound; UnreadableMedia — what is wanted is of a stream that does not say how many channels it has; BadRange — no such channel.
    """
    if default is None:
        raise NoSound("media.no-speech", file=file)
    candidates = range(len(streams)) if wanted else [default]
    places = [(number, channel) for number in candidates for channel in range(streams[number].channels)]
    missing = not all(1 <= number <= len(places) for number in wanted)
    if not places or (missing and not all(streams[number].channels for number in candidates)):
        raise UnreadableMedia("media.channels-unknown", file=file)
    if missing:
        raise BadRange("sound.no-such-channel", file=file, wanted=", ".join(map(str, wanted)), channels=len(places))
    chosen = [places[number - 1] for number in wanted] or places
    decoded = sorted({stream for stream, _ in chosen})
    return HeardChannels(
        streams=tuple(decoded),
        sizes=tuple(streams[number].channels for number in decoded),
        places=tuple(chosen),
        names=_names_of(chosen, streams),
        rate=streams[decoded[0]].rate,
        codec=streams[decoded[0]].codec,
    )


def kept_layout(names: Sequence[str]) -> KeptLayout:
    """The layout that a take keeps of channels with these names."""
    if len(names) == 1:
        return "mono"
    if len(names) == 2:
        return "stereo"
    if not any(name in _SIDES for name in names):
        return "mono"
    return "5.1" if sorted(_as_back(name) for name in names) == sorted(_FIVE_ONE) else "stereo"


def fold(names: Sequence[str], layout: KeptLayout) -> Samples:
    """(rows, channels) that turns channels with these names into a layout."""
    if layout == "5.1":
        return np.array([[float(_as_back(name) == place) for name in names] for place in _FIVE_ONE], np.float32)
    rows = {"mono": [[0.5, 1, 0.5]], "stereo": [[1, _HALF_POWER, 0], [0, _HALF_POWER, 1]]}[layout]
    return np.asarray(np.array(rows, np.float32) @ side_weights(names), np.float32)


def side_weights(names: Sequence[str]) -> Samples:
    """(3, channels): into the left sum, the middle, the right sum."""
    if len(names) == 1:
        weights = [_SIDES["FC"]]
    elif len(names) == 2 and not any(name in _SIDES for name in names):
        weights = [_SIDES["FL"], _SIDES["FR"]]
    else:
        weights = [_sides_of(name) for name in names]
    return np.array(weights, np.float32).T


def _sides_of(name: str) -> tuple[float, float, float]:
    if name.startswith("AMBI"):  # the first channel of a sound field holds all directions, the others differences
        return (0, float(name == "AMBI0"), 0)
    return _SIDES.get(name, (0, 1, 0))


def _as_back(name: str) -> str:
    """The sides of a 5.1 are its back: FFmpeg names both "5.1"."""
    return {"SL": "BL", "SR": "BR"}.get(name, name)


def _names_of(chosen: Sequence[tuple[int, int]], streams: Sequence[StreamFacts]) -> tuple[str, ...]:
    """The names of what is heard: those of a stream that is heard whole. A choice takes channels out of their places."""
    first = chosen[0][0]
    whole = list(chosen) == [(first, place) for place in range(streams[first].channels)]
    return streams[first].names if whole else ("NONE",) * len(chosen)
