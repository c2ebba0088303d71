"""Draws curves over time as inline SVG, a few kilobytes each."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

WIDTH, HEIGHT = 960, 230
_LEFT, _RIGHT, _TOP = 48, 12, 18
LINES = {  # curve → (words, colour, width)
    "source": ("source", "#9a9a9a", 1.4),
    "wanted": ("wanted", "#d97706", 2.0),
    "got": ("take", "#1d4ed8", 1.8),
}
_MARKS = {"source_gap": ("real", "#9a9a9a"), "wanted_gap": ("wanted", "#d97706"), "got_gap": ("take", "#1d4ed8")}

Curve = Sequence[float | None]


def opening_plot(curves: dict[str, list[float | None]], fps: float, closed_gap: float, stills: Sequence[int], highest: float) -> str:
    """Lip openings (eye distances, from 0 to at least `highest`), closures as bars below, loudness as a grey area, stills as ticks."""
    n = len(curves["got"])
    bars = [name for name in _MARKS if name in curves]
    base = HEIGHT - 30 - 9 * len(bars)
    top = 0.04 * ceil(highest / 0.04)
    span = WIDTH - _LEFT - _RIGHT

    def x(frame: float) -> float:
        return _LEFT + span * frame / max(n - 1, 1)

    def y(value: float) -> float:
        return base - (base - _TOP) * min(max(value / top, 0), 1)

    parts = [_grid(n, fps, top, base, x, y)]
    if any(curves.get("loudness", [])):
        points = " ".join(f"{x(k):.1f},{base - (v or 0) * 0.3 * (base - _TOP):.1f}" for k, v in enumerate(curves["loudness"]))
        parts.append(f'<polygon points="{_LEFT},{base} {points} {x(n - 1):.1f},{base}" fill="#0001"/>')
    labelled = -float(WIDTH)
    for frame in sorted(stills):
        parts.append(f'<line x1="{x(frame):.1f}" x2="{x(frame):.1f}" y1="{_TOP}" y2="{base}" stroke="#0003" stroke-dasharray="2 3"/>')
        if x(frame) - labelled > 18:
            parts.append(f'<text x="{x(frame):.1f}" y="{_TOP - 6}" text-anchor="middle">{frame}</text>')
            labelled = x(frame)
    for name, (_, colour, width) in LINES.items():
        for run in _runs(curves.get(name, [])):
            points = " ".join(f"{x(k):.1f},{y(v):.1f}" for k, v in run)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
    for row, name in enumerate(bars):
        words, colour = _MARKS[name]
        level = base + 12 + 9 * row
        parts.append(f'<text x="{_LEFT - 4}" y="{level + 3}" text-anchor="end">{words}</text>')
        for first, last in closed_runs(curves[name], closed_gap):
            left, right = max(x(first - 0.45), _LEFT), min(x(last + 0.45), WIDTH - _RIGHT)
            parts.append(f'<rect x="{left:.1f}" y="{level - 3}" width="{right - left:.1f}" height="6" fill="{colour}"/>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def closed_runs(gap: Curve, threshold: float) -> list[tuple[int, int]]:
    """(first, last) frames of the runs in which the lips are closed."""
    runs: list[tuple[int, int]] = []
    for k, value in enumerate(gap):
        if value is None or value >= threshold:
            continue
        if runs and runs[-1][1] == k - 1:
            runs[-1] = (runs[-1][0], k)
        else:
            runs.append((k, k))
    return runs


def _grid(n: int, fps: float, top: float, base: float, x, y) -> str:
    parts = []
    for share in (0.0, 0.5, 1.0):
        level = y(top * share)
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{level:.1f}" y2="{level:.1f}" stroke="#0002"/>')
        parts.append(f'<text x="{_LEFT - 4}" y="{level + 3:.1f}" text-anchor="end">{top * share:.2f}</text>')
    step = next(s for s in (0.5, 1, 2, 5, 10, 30, 60) if n / fps / s <= 12 or s == 60)
    for k in range(int(n / fps / step) + 1):
        at = x(k * step * fps)
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - 4}" text-anchor="middle">{k * step:g} s</text>')
    return "".join(parts) + f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{base}" y2="{base}" stroke="#0004"/>'


def _runs(curve: Curve) -> list[list[tuple[int, float]]]:
    """The runs of known values, each as a list of (frame, value)."""
    runs: list[list[tuple[int, float]]] = [[]]
    for k, value in enumerate(curve):
        if value is not None:
            runs[-1].append((k, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
