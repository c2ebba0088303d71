"""A timeline of many clips costs in proportion to their number. Calls are counted, so a busy machine changes nothing."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Conformed, Cue, FinishedTake
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.registry import FORMATS
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.locate import Locator
from heygem_server.timeline.publish import publish

from . import long_timelines as long

FEW, MANY = 40, 240
_MOST_CALLS = 1_200  # for reading and conforming one clip: 10,000 of them take about 3 s


class Anywhere(Locator):
    def locate(self, path: str) -> Path:
        return Path(path)


def conformed(data: bytes, name: str) -> Conformed:
    timeline = read_timeline(data, name, rate=long.RATE).timeline
    return conform(timeline, long.SELECTION, facts=long.facts, locator=Anywhere())


def calls(do: Callable[[], Any]) -> int:
    profile = cProfile.Profile()
    profile.runcall(do)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def more(small: Callable[[], Any], large: Callable[[], Any]) -> float:
    """How many times as many calls."""
    small(), large()  # what is imported and remembered once
    return calls(large) / calls(small)


@pytest.mark.parametrize("name", long.FORMATS)
def test_reading_and_conforming_grow_with_the_number_of_clips(name: str) -> None:
    few, many = (long.FORMATS[name](count) for count in (FEW, MANY))
    found = conformed(many, name)
    assert sum(row.shot is not None for row in found.shots) == MANY
    ratio = more(lambda: conformed(few, name), lambda: conformed(many, name))
    assert ratio < MANY / FEW * 1.05
    assert calls(lambda: conformed(many, name)) / MANY < _MOST_CALLS


@pytest.mark.parametrize("name", long.FORMATS)
def test_adding_takes_and_lines_grows_with_their_number(name: str) -> None:
    """Every clip has a take, and two lines lie under it."""

    def published(count: int) -> Callable[[], Any]:
        data, row = long.FORMATS[name](count), FORMATS.get(name)
        takes = [
            FinishedTake(shot=shot, path=f"/t/{number}.mov", take=f"t{number}", frames=long.LENGTH, rate=long.RATE)
            for number, shot in enumerate(conformed(data, name).shots)
        ]
        cues = [
            Cue(number=str(number), start=Fraction(number * 10, 25), end=Fraction(number * 10 + 9, 25), file=f"/l/{number % 50}.wav")
            for number in range(count * 2)
        ]

        def do() -> None:
            if row.graft is not None and row.lay is not None:
                row.lay(row.graft(data, takes, "track", long.RATE)[0], cues, (), long.RATE)
            else:
                as_text(publish(read_timeline(data, name).timeline, takes, "track")[0], name)

        return do

    assert more(published(FEW), published(MANY)) < MANY / FEW * 1.05
