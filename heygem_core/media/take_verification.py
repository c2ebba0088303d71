"""Compares a finished file with what the take must be (the conform contract of editors) before the file gets its name:
frame count, rate or frame times, start timecode, size, pixel aspect, rotation and colour tags. A container that quietly
cannot hold something makes an error, never a wrong take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import OutputError
from ..messages import tell
from .pixels import is_full_range
from .probe import MediaInfo, probe
from .take_timing import TakeTiming, same_timecode

if TYPE_CHECKING:
    from .colour import ColourTags
    from .deliverables import Deliverable
    from .pixels import PixelFormat


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedTake:
    """What the file of a take must hold."""

    row: Deliverable
    info: MediaInfo  # of the source
    timing: TakeTiming
    pixels: PixelFormat
    tags: ColourTags

    def check(self, path: Path) -> None:
        """Raises: OutputError — the file is not as it must be."""
        written, info, timing = probe(path), self.info, self.timing
        compared = [
            ("fact.frame-count", timing.frame_count, written.frame_count),
            ("fact.frame-rate", None if timing.variable else timing.rate, None if timing.variable else written.rate),
            ("fact.size", info.coded_size, written.coded_size),
            ("fact.pixel-aspect", info.sample_aspect, written.sample_aspect),
            ("fact.rotation", (info.rotation, info.mirrored), (written.rotation, written.mirrored)),
            ("fact.colour-tags", _codes(self.tags), _codes(written.colour)),
            ("fact.range-of-levels", is_full_range(self.pixels, self.tags), written.full_range),
        ]
        for what, wanted, got in compared:
            if wanted != got:
                raise OutputError("take.not-kept", format=self.row.title, what=tell(what), wanted=str(wanted), got=str(got))
        if not same_timecode(timing.start_timecode, written.start_timecode, timing.rate):
            raise OutputError("take.timecode-lost", format=self.row.title, wanted=timing.start_timecode, got=written.start_timecode)
        self._check_times(written)

    def _check_times(self, written: MediaInfo) -> None:
        tick = written.time_base  # finer than a frame: the timing's own may be a whole frame long
        wanted = self.timing.pts[:-1] * float(self.timing.time_base)
        got = (written.frame_pts - written.frame_pts[0]) * float(written.time_base)
        worst = float(np.abs(wanted - got).max())
        if worst > 1.01 * tick:
            raise OutputError("take.frames-moved", format=self.row.title, ms=f"{worst * 1000:.1f}")


def _codes(tags: ColourTags) -> tuple[int | None, ...]:
    return tags.primaries, tags.transfer, tags.matrix
