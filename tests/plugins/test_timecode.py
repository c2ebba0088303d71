"""Timecode and exact rates are computed in several places, since some run where the others cannot: all give the same answers."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest

from heygem_core.media import timecode as core
from heygem_host import timecode as host
from heygem_server.timeline.exact_time import exact_rate
from tests.plugins.node import REPOSITORY, run_node

RATES = [Fraction(n * 1000, d) for n in (24, 30, 48, 60, 120) for d in (1000, 1001)] + [Fraction(25), Fraction(50)]
NOTATIONS = [(rate, drop) for rate in RATES for drop in (False, True) if not drop or core.may_drop(rate)]

PAGE = """
import { readFileSync } from "node:fs";
import { frameToTimecode, parseRate, timecodeToFrame } from "%s";
const asked = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(([frame, rate, drop, label]) =>
  [frameToTimecode(frame, parseRate(rate), drop), timecodeToFrame(label, parseRate(rate), drop)])));
"""


def frames_of(rate: Fraction, drop: bool) -> list[int]:
    """Around every border there is, and anywhere in two days."""
    day, fps = core.frames_per_day(rate, drop=drop), core.nominal(rate)
    borders = [core.parse(f"00:{minute:02}:59{';' if drop else ':'}{fps - 1:02}", rate) for minute in range(21)]
    anywhere = random.Random(f"{rate}{drop}").sample(range(2 * day), 200)
    return [frame for at in (1, day, *borders) for frame in (at - 1, at, at + 1)] + anywhere


def test_core_page_and_editors_scripts_write_and_read_the_same_timecode() -> None:
    cases = [(frame, rate, drop) for rate, drop in NOTATIONS for frame in frames_of(rate, drop)]
    labels = [core.format(frame, rate, drop=drop) for frame, rate, drop in cases]
    assert [host.timecode(frame, rate, drop) for frame, rate, drop in cases] == labels
    asked = [(frame, str(rate), drop, label) for (frame, rate, drop), label in zip(cases, labels, strict=True)]
    script = PAGE % (REPOSITORY / "server" / "web" / "time.js").as_uri()
    ran = run_node("--input-type=module", "-e", script, stdin=json.dumps(asked))
    assert ran.returncode == 0, ran.stderr
    read = [core.parse(label, rate) for label, (_, rate, _) in zip(labels, cases, strict=True)]
    assert json.loads(ran.stdout) == [list(pair) for pair in zip(labels, read, strict=True)]


SPELLINGS = "23.976 23.98 23.976024627685547 24 25 29.97 30 47.952 50 59.94 60 71.93 95.9 119.88 120 12.5"


@pytest.mark.parametrize("spelling", SPELLINGS.split())
def test_server_and_both_panels_mean_the_same_rate_by_a_rounded_one(spelling: str) -> None:
    javascript = run_node("-e", f"console.log(require('./plugins/shared/ticks.js').exactRate({spelling}))").stdout.strip()
    assert host.written(host.exact(spelling)) == javascript
    assert host.exact(spelling) == exact_rate(float(spelling))
