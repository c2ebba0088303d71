"""A take's weak frames as markers on the timeline, as the page makes them (`web/views/place.js`)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

_HALF = Fraction(1, 2)


def of_take(take: dict[str, Any], placement: dict[str, Any]) -> list[dict[str, Any]]:
    """TakeView and Placement → Markers. What lies in the handles is not seen and gets none."""
    scale = Fraction(placement["rate"]) / Fraction(take["rate"]) if take.get("rate") else Fraction(1)
    handles, length = placement.get("handles") or 0, placement["record_duration"]
    found = []
    for weak in take.get("weak") or ():
        start = max(0, _rounded((weak["start"] - handles) * scale))
        end = min(length, max(start + 1, _rounded((weak["end_exclusive"] - handles) * scale)))
        if weak["end_exclusive"] <= handles or start >= end:
            continue
        place = {"record_start": placement["record_start"] + start, "record_duration": end - start}
        found.append({**place, "name": weak["reason"], "comment": take["name"]})
    return found


def _rounded(frames: Fraction) -> int:
    """Halves up, as JavaScript does."""
    return (frames + _HALF).__floor__()
