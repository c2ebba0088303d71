"""Says which figures are shown, which values are on target, and which of two values is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

DRIVES = {"own": "its own speech", "other": "another's speech", "silence": "silence"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    drive: str  # key of DRIVES
    key: str  # path within Quality, parts joined by dots
    words: str
    ideal: float  # the nearer the better
    low: float | None = None  # target
    high: float | None = None
    digits: int = 2

    @property
    def name(self) -> str:
        return f"{self.drive}.{self.key}"

    @property
    def target(self) -> str:
        """The target in words; empty where there is none."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}".replace("-", "−")
        if self.low is not None:
            return f"≥ {self.low:g}"
        return "" if self.high is None else f"≤ {self.high:g}"

    def meets(self, value: float) -> bool | None:
        """Whether a value is on target; None where there is none."""
        if self.low is None and self.high is None:
            return None
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def text(self, value: float | None) -> str:
        if value is None:
            return "–"
        return f"{round(value, self.digits) + 0.0:.{self.digits}f}".replace("-", "−")  # + 0.0: no "−0"

    def change(self, old: float | None, new: float | None) -> int:
        """1 = better than before, −1 = worse, 0 = the same to the digits that are shown."""
        if old is None or new is None or abs(new - old) < 10**-self.digits:
            return 0
        return 1 if abs(new - self.ideal) < abs(old - self.ideal) else -1

    def extremes(self, values: Sequence[float | None]) -> tuple[int | None, int | None]:
        """Positions of the best and the worst value; None where there is no such one, or several look the same."""
        ranked = sorted((abs(v - self.ideal), k) for k, v in enumerate(values) if v is not None)
        shown = [self.text(distance) for distance, _ in ranked]
        best, worst = (ranked[end][1] if shown.count(shown[end]) == 1 else None for end in (0, -1)) if len(ranked) > 1 else (None, None)
        return best, worst


def _both(drive: str) -> list[Figure]:
    """The figures of every drive with speech."""
    return [
        Figure(drive, "opening.r_best", "lip opening follows the wanted curve, r at best lag", 1, low=0.95),
        Figure(drive, "opening.lag_ms", "its lag, ms (+ late)", 0, -20, 20, 0),
        Figure(drive, "opening.amplitude", "its size, 1 as wanted", 1, 0.8, 1.2),
        Figure(drive, "width.r_best", "lip width follows, r at best lag", 1, low=0.9),
        Figure(drive, "width.amplitude", "its size, 1 as wanted", 1, 0.8, 1.2),
        Figure(drive, "closures.recall", "closed lips: wanted ones shown", 1, low=0.7),
        Figure(drive, "closures.precision", "closed lips: shown ones wanted", 1, low=0.7),
        Figure(drive, "sharpness", "sharpness of the mouth, over the source's", 1, 0.9, 1.15),
        Figure(drive, "flicker", "flicker, over the source's", 1, high=1.1),
        Figure(drive, "rim", "gradient along the inner lips, over the source's", 1, high=1.0),
        Figure(drive, "teeth", "movement of the teeth, over the source's", 1, high=1.2),
        Figure(drive, "donor_stretch", "lent mouths are opened further by, 95 % of the frames", 1, high=1.5),
        Figure(drive, "likeness.seam", "edge where the matte ends, 1 = none added", 1, high=1.1),
        Figure(drive, "likeness.ring_delta_e", "colour off in the matte's ring, ΔE", 0, high=1.0),
        Figure(drive, "likeness.touched_outside", "samples changed outside the matte", 0, high=0, digits=0),
    ]


def _trace(drive: str) -> list[Figure]:
    return [
        Figure(drive, "trace.r", "old mouth left in the take, partial r", 0),
        Figure(drive, "trace.chance", "… that is by chance", 1, low=0.05),
        Figure(drive, "trace.size", "… how far it moves the lips, eye distances (sd)", 0, high=0.01, digits=4),
    ]


FIGURES = (
    *_both("own"),
    Figure("own", "real_opening.r_best", "lip opening against the real mouth, r at best lag", 1, low=0.5),
    Figure("own", "real_opening.lag_ms", "its lag, ms (footage may carry its own)", 0, digits=0),
    Figure("own", "real_opening.amplitude", "its size, 1 as real", 1, 0.8, 1.2),
    Figure("own", "real_closures.recall", "closed lips: real ones shown", 1, low=0.7),
    Figure("own", "real_closures.precision", "closed lips: shown ones real", 1, low=0.7),
    Figure("own", "landmark_distance", "lip points off the real ones, eye distances", 0, digits=3),
    Figure("own", "likeness.psnr", "mouth against the real picture, PSNR dB", 100, digits=1),
    Figure("own", "likeness.ssim", "mouth against the real picture, SSIM", 1),
    *_both("other"),
    *_trace("other"),
    Figure("silence", "trace.opening_sd", "opening varies by, eye distances (sd)", 0, high=0.02, digits=4),
    Figure("silence", "trace.opening_range", "opening moves by, 5 % to 95 %", 0, digits=4),
    *_trace("silence"),
    Figure("silence", "sharpness", "sharpness of the mouth, over the source's", 1, 0.9, 1.15),
    Figure("silence", "flicker", "flicker, over the source's", 1, high=1.1),
    Figure("silence", "likeness.seam", "edge where the matte ends, 1 = none added", 1, high=1.1),
)


def flat(figures: Any, before: str = "") -> dict[str, float | None]:
    """Every number of a struct under its dotted path."""
    result: dict[str, float | None] = {}
    for name, value in msgspec.structs.asdict(figures).items():
        if isinstance(value, msgspec.Struct):
            result |= flat(value, f"{before}{name}.")
        else:
            result[before + name] = value
    return result


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of the values that are known."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def text_table(clips: dict[str, dict], old: dict[str, dict]) -> str:
    """Plain text: a line per figure, a column per clip, the mean, the worst clip by name, and the change of the mean."""
    names = list(clips)
    label = max(len(f.words) for f in FIGURES)
    heads = [name[:14] for name in names] + ["mean"] + (["change"] if old else [])
    lines = [f"{'':{label}}{'target':>14}" + "".join(f"{h:>16}" for h in heads) + "   worst"]
    drive = ""
    for figure in FIGURES:
        if figure.drive != drive:
            drive = figure.drive
            lines.append(f"\n{DRIVES[drive]}")
        values = [value_of(clips[name], figure) for name in names]
        cells = [figure.text(v) for v in (*values, mean(values))]
        if old:
            pairs = [(value_of(old[n], figure), v) for n, v in zip(names, values, strict=True) if n in old]
            cells.append(difference(figure, mean([a for a, b in pairs if b is not None]), mean([b for a, b in pairs if a is not None])))
        worst = figure.extremes(values)[1]
        row = f"{figure.words:{label}}{figure.target:>14}" + "".join(f"{c:>16}" for c in cells)
        lines.append(row if worst is None else f"{row}   {names[worst]}")
    return "\n".join(lines)


def difference(figure: Figure, old: float | None, new: float | None) -> str:
    """Signed change, with a word on whether it is for the better; empty where nothing changed or nothing is known."""
    if old is None or new is None:
        return ""
    how = {1: " better", -1: " worse", 0: ""}[figure.change(old, new)]
    return f"{new - old:+.{figure.digits}f}{how}".replace("-", "−") if how else "="


def value_of(clip: dict, figure: Figure) -> float | None:
    """A figure of one clip's drives; None where that drive was not made."""
    drive = clip["drives"].get(figure.drive)
    return drive["figures"].get(figure.key) if drive else None
