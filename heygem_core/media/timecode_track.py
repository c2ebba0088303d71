"""Reads how many frames a second a QuickTime file's timecode track counts, which FFmpeg does not hand over.

Cameras write 59.94 pictures a second beside a timecode that counts 30: then two pictures share each of its numbers.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import IO

_MOST_BYTES = 1 << 28  # of a file's directory
# A timecode sample description (QuickTime File Format, "Timecode Sample Description"): after its size and name six zero bytes and the
# number of its data reference, four reserved bytes, flags, time scale, duration of a frame, frames per second.
_DESCRIPTION = struct.Struct(">6xHIIIIB")


def counting_rate(path: Path) -> Fraction | None:
    """Frames per second that the timecode of a MOV or MP4 counts; None = it has none, or says nothing sensible."""
    with path.open("rb") as file:
        movie = _movie(file)
    place = movie.find(b"tmcd")
    while 0 <= place <= len(movie) - 4 - _DESCRIPTION.size:
        reference, reserved, _flags, scale, duration, frames = _DESCRIPTION.unpack_from(movie, place + 4)
        if reference and not reserved and frames and scale and duration and round(scale / duration) == frames:
            return Fraction(scale, duration)
        place = movie.find(b"tmcd", place + 4)
    return None


def _movie(file: IO[bytes]) -> bytes:
    """The contents of the atom "moov"; nothing where there is none."""
    while len(header := file.read(8)) == 8:
        size, kind, read = int.from_bytes(header[:4], "big"), header[4:], 8
        if size == 1:
            size, read = int.from_bytes(file.read(8), "big"), 16
        if kind == b"moov":
            return file.read(min(size - read, _MOST_BYTES)) if size >= read else b""
        if size < read:
            return b""
        file.seek(size - read, 1)
    return b""
