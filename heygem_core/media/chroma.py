"""Resamples chroma between its own grid and the luma grid, along one axis at a time, without loss.

Going up is linear interpolation at the right siting; going down is the biorthogonal partner of that, so `down(up(c)) == c`
and a picture that was only looked at goes back unchanged: along a co-sited axis the pair is the LeGall 5/3 wavelet's
(Le Gall and Tabatabai, 1988), along a centred axis its even-length relative.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from .pixels import Codes

Floats = npt.NDArray[np.float32]
Siting = Literal["first", "centre"]
"""Where a chroma sample lies among the luma samples it covers: on the first one, or midway."""

MARGIN = 1  # chroma samples on each side that `up` gives and `down` needs beyond the wanted ones
REACH = 2  # chroma samples on each side that `up` reads


def up(chroma: Floats, axis: int, shift: int, siting: Siting) -> Floats:
    """n + 2·REACH samples along `axis` → (n + 2·MARGIN) · 2 at luma spacing; `shift` other than 1 has no margins: n → n · 2^shift."""
    if shift != 1:
        return chroma if shift == 0 else np.repeat(chroma, 1 << shift, axis)
    middle = _part(chroma, axis, 1, -1)
    result = np.empty(_with_length(chroma.shape, axis, 2 * middle.shape[axis]), np.float32)
    even, odd = _stride(result, axis, 0), _stride(result, axis, 1)
    if siting == "first":
        even[...] = middle
        np.add(middle, _part(chroma, axis, 2, None), out=odd)
        odd *= 0.5
    else:
        near = middle * np.float32(0.75)
        quarter = chroma * np.float32(0.25)
        np.add(near, _part(quarter, axis, 0, -2), out=even)
        np.add(near, _part(quarter, axis, 2, None), out=odd)
    return result


def down(luma_spaced: Floats, axis: int, shift: int, siting: Siting) -> Floats:
    """The inverse of `up`: (n + 2·MARGIN) · 2 → n along `axis`, or n · 2^shift → n without margins."""
    if shift != 1:
        return covered_mean(luma_spaced, axis, shift)
    count = luma_spaced.shape[axis] // 2 - 2 * MARGIN
    even, odd = _stride(luma_spaced, axis, 0), _stride(luma_spaced, axis, 1)

    def tap(samples: Floats, first: int) -> Floats:
        return _part(samples, axis, first, first + count)

    if siting == "first":
        inner = tap(odd, 0) + tap(odd, 1)
        inner *= np.float32(0.25)
        inner += np.float32(0.75) * tap(even, 1)
        inner -= np.float32(0.125) * (tap(even, 0) + tap(even, 2))
        return inner
    inner = tap(even, 1) + tap(odd, 1)
    inner *= np.float32(0.75)
    inner -= np.float32(0.25) * (tap(odd, 0) + tap(even, 2))
    return inner


def covered_mean(luma_spaced: Floats, axis: int, shift: int) -> Floats:
    """The mean of the luma samples that each chroma sample covers; the length must be a multiple of 2^shift."""
    if shift == 0:
        return luma_spaced
    parts = [_stride(luma_spaced, axis, place, 1 << shift) for place in range(1 << shift)]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    total *= np.float32(1 / (1 << shift))
    return total


def edge_block(plane: Codes, top: int, bottom: int, left: int, right: int) -> Codes:
    """plane[top:bottom, left:right] as a copy, with the edge samples repeated where that lies outside."""
    rows, columns = plane.shape
    inner = plane[max(top, 0) : min(bottom, rows), max(left, 0) : min(right, columns)]
    if inner.shape == (bottom - top, right - left):
        return inner
    around = ((max(0, -top), max(0, bottom - rows)), (max(0, -left), max(0, right - columns)))
    return np.pad(inner, around, mode="edge")


def _part(samples: Floats, axis: int, start: int, stop: int | None) -> Floats:
    return samples[start:stop] if axis == 0 else samples[:, start:stop]


def _stride(samples: Floats, axis: int, start: int, step: int = 2) -> Floats:
    return samples[start::step] if axis == 0 else samples[:, start::step]


def _with_length(shape: tuple[int, ...], axis: int, length: int) -> tuple[int, int]:
    return (length, shape[1]) if axis == 0 else (shape[0], length)
