"""Turns the floats of timelines into exact times: every rate becomes a Fraction, every time a Fraction of seconds.

23.976 is written as 24000/1001, 23.976, 23.98 and 23.976024627685547; all of them mean the first.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

import opentimelineio as otio

from .errors import BadTime, UnreadableTimeline

_HALF = Fraction(1, 2)
_SPELLINGS = 2e-4  # relative distance within which a rate is a spelling of 24000/1001 and its kin
_PULLED_DOWN = (72, 96, 120)  # rates whose spellings OTIO does not know
_FINEST = 10_000  # denominators of times and speeds; finer than any editor's, coarser than the noise of floats
LARGEST_RATE = 10_000_000


LARGEST_NUMBER = 2**53  # written in a file: of frames, seconds or samples. Floats count no further
_NUMBER = re.compile(r"[+-]?(?:\d+(?:/(?P<below>\d+))?|(?:\d+\.?\d*|\.\d+)(?:[eE](?P<power>[+-]?\d+))?)", re.ASCII)
_LONGEST_NUMBER, _LONGEST_POWER = 60, 2  # letters
_FINEST_WRITTEN = 10**9  # denominators of numbers in a file
_LONGEST_S = 10**9  # 31 years: frames of any number of such clips still fit into 64 bits
_FINEST_SUM = 10**18  # denominators of sums: rates of all editors together need less, and foreign ones must not grow without end


@lru_cache(maxsize=65_536)
def bounded_number(text: str) -> Fraction | None:
    """The number in a text; None where it is none. Raises: UnreadableTimeline — one so large that no program writes it."""
    if len(text) > _LONGEST_NUMBER:
        if text.strip("0123456789+-./eE"):
            return None
    else:
        found = _NUMBER.fullmatch(text)
        if found is None or not int(found["below"] or 1):
            return None
        if len((found["power"] or "").lstrip("+-")) <= _LONGEST_POWER and abs(value := Fraction(text)) <= LARGEST_NUMBER:
            return value.limit_denominator(_FINEST_WRITTEN)
    raise UnreadableTimeline("timeline.absurd-number", number=text[:40])


def tidy(total: Fraction) -> Fraction:
    """A sum of times, its denominator bounded: clips at thousands of foreign rates would give it as many digits. Nothing that an editor
    counts is changed."""
    return total if total.denominator <= _FINEST_SUM else total.limit_denominator(_FINEST_SUM)


@lru_cache(maxsize=1024)
def exact_rate(rate: float) -> Fraction:
    """Units per second. Raises: BadTime — not above 0, not finite, or absurd."""
    if not math.isfinite(rate) or not 0.01 <= rate <= LARGEST_RATE:
        raise BadTime("clip.no-rate", rate=rate)
    if abs(rate - round(rate)) < 1e-9:
        return Fraction(round(rate))
    known = otio.opentime.RationalTime.nearest_smpte_timecode_rate(rate)
    if abs(known - rate) <= _SPELLINGS * rate and abs(known - round(known)) > 1e-6:
        return Fraction(round(known * 1.001) * 1000, 1001)
    thousandths = round(rate * 1.001)
    if thousandths and abs(thousandths / 1.001 - rate) <= (_SPELLINGS if thousandths in _PULLED_DOWN else 1e-6) * rate:
        return Fraction(thousandths * 1000, 1001)
    return Fraction(rate).limit_denominator(1001)


def exact_seconds(time: Any) -> Fraction:
    """Seconds of an OTIO RationalTime. Raises: BadTime."""
    return _exact_seconds(time.value, time.rate)


@lru_cache(maxsize=65_536)
def _exact_seconds(value: float, rate: float) -> Fraction:
    seconds = exact_value(value) / exact_rate(rate)
    if abs(seconds) > _LONGEST_S:
        raise BadTime("clip.no-time", time=f"{float(seconds):.3g} s")
    return seconds


@lru_cache(maxsize=65_536)
def exact_value(value: float) -> Fraction:
    """A count of frames, or a speed, without the noise of floats. Raises: BadTime."""
    if not math.isfinite(value) or abs(value) > 2**53:
        raise BadTime("clip.no-time", time=value)
    return Fraction(value).limit_denominator(_FINEST)


def rational_time(seconds: Fraction, rate: Fraction) -> Any:
    """The OTIO time of exact seconds, in units of `rate`."""
    above, below = seconds.numerator * rate.numerator, seconds.denominator * rate.denominator  # in whole numbers: there are many of them
    whole, rest = divmod(above, below)
    return otio.opentime.RationalTime(above / below if rest else whole, rate.numerator / rate.denominator)


def time_range(start: Fraction, duration: Fraction, rate: Fraction) -> Any:
    """The OTIO range of exact seconds, in units of `rate`."""
    return otio.opentime.TimeRange(rational_time(start, rate), rational_time(duration, rate))


def round_half_up(value: Fraction) -> int:
    """The nearest whole number; halves go up, so that neighbouring edges round alike."""
    return value.numerator if value.denominator == 1 else math.floor(value + _HALF)
