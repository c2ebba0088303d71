"""The lines of a cue sheet as tracks of sound, for formats whose document is edited and not written anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from ..conform_types import Cue
from ..exact_time import round_half_up

ON_SCREEN, OFF_SCREEN = "HeyGem lines", "HeyGem off-screen lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line with its place in whole frames of the timeline, for formats that know no others."""

    cue: Cue
    start: int
    end: int
    source: Fraction  # second of its file at the beginning of `start`

    @property
    def moved(self) -> bool:
        """Whether the line begins between two frames."""
        return self.source != self.cue.source


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTrack:
    """Lines of which none overlap."""

    name: str
    cues: tuple[Cue, ...]

    def lines(self, rate: Fraction) -> list[Line]:
        found = []
        for cue in self.cues:
            start, end = round_half_up(cue.start * rate), round_half_up((cue.end or cue.start) * rate)
            source = max(cue.source + start / rate - cue.start, Fraction(0))
            found.append(Line(cue=cue, start=start, end=max(end, start + 1), source=source))
        return found


def line_tracks(cues: Iterable[Cue], rate: Fraction | None = None) -> list[LineTrack]:
    """As few tracks as hold the lines, those of people who are seen first. rate: of a format that knows whole frames alone."""
    tracks: list[LineTrack] = []
    ordered = sorted(cues, key=lambda cue: cue.start)
    for name, off_screen in ((ON_SCREEN, False), (OFF_SCREEN, True)):
        layers: list[list[Cue]] = []
        for cue in (each for each in ordered if each.off_screen == off_screen and each.end is not None):
            layer = next((each for each in layers if _is_behind(cue, each[-1], rate)), None)
            if layer is None:
                layers.append(layer := [])
            layer.append(cue)
        tracks += [LineTrack(name=name, cues=tuple(layer)) for layer in layers]
    return tracks


def _is_behind(cue: Cue, last: Cue, rate: Fraction | None) -> bool:
    if rate is None:
        return cue.start >= (last.end or last.start)
    start, before, end = (round_half_up(time * rate) for time in (cue.start, last.start, last.end or last.start))
    return start >= max(end, before + 1)


def is_kept(names: Iterable[str], number: int, kept: Iterable[str]) -> bool:
    """Whether a track of sound is among those that stay on: by a name, or by its number, counted from 1."""
    wanted = {each.strip().casefold() for each in kept}
    return bool({*(name.strip().casefold() for name in names), str(number), f"a{number}"} & wanted)
