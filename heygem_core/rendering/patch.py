"""Makes the patch take: only what changed, with a soft edge as alpha, to lie above the original in an editor.

Alpha is 1 wherever the take differs from the original in any code, and falls to 0 over a ramp that lies entirely where
both are equal. So it does not matter how an editor mixes: in light or in gamma, straight or premultiplied, patch over
original is the full take. Beyond the ramp the picture goes on a little, so that scaling finds no edge, and then is black.

A patch shows the original's own colours. A grade on the clip itself does not reach the layer above it: patches suit
timelines without a grade, or with one on an adjustment layer above both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from ..media.colour import assumed_matrix, code_scale, sws_colorspace, write_tags
from ..media.convert import Converter
from ..media.formats import format_for, take_tags
from ..media.pixels import alpha_view, component_views, is_full_range, pixel_format
from ..smoothstep import smoothstep

if TYPE_CHECKING:
    from ..engines.compositing import Drawn
    from ..media.deliverables import Deliverable
    from ..media.info import MediaInfo
    from ..media.planes import Box
    from ..shot import RenderSettings

RAMP_SHARE = 1 / 16  # of the height of the changed region …
LEAST_RAMP = 6.0  # … but at least so many pixels
BEYOND = 16.0  # pixels that the picture goes on beyond the ramp: two blocks of the codec
_FORM = "yuva444p10le"  # full chroma, so that alpha and colour share one grid; as deep as the encoder goes


def deliverable_of(output: str | Path, settings: RenderSettings, info: MediaInfo) -> tuple[Deliverable, MediaInfo]:
    """The format of a take, and its source as the writer is to see it. Raises: OutputError."""
    if settings.kind == "full":
        return format_for(output, settings.format, info), info
    wanted = settings.format
    if wanted in (None, "prores") and Path(output).suffix.lower() == ".mov":
        wanted = "prores4444"
    row = format_for(output, wanted, info)
    if not row.carries_alpha:
        raise OutputError("patch.no-transparency", format=row.title)
    if info.has_alpha:
        raise OutputError("patch.of-transparent", file=info.path.name)
    form = pixel_format(_FORM)
    assert form is not None
    row = replace(row, pixels=lambda _: _FORM)
    return row, replace(info, pixels=form, has_alpha=True, colour=take_tags(row, info, form))


@dataclass(frozen=True, slots=True)
class Patcher:
    """Makes patches of frames of one source. One object per take: it holds the scaler."""

    info: MediaInfo  # the source
    written: MediaInfo  # as `deliverable_of` gave it
    converter: Converter

    @staticmethod
    def of(info: MediaInfo, written: MediaInfo) -> Patcher:
        """`written`: as `deliverable_of` gave it for `info`."""
        matrix = written.colour.matrix if info.pixels.family == "rgb" and written.colour.matrix else None
        return Patcher(
            info,
            written,
            Converter(
                source=info.pixels,
                target=written.pixels,
                colorspace=sws_colorspace(matrix or assumed_matrix(info.colour, *info.coded_size)),
                siting=info.siting,
                source_full=info.full_range,
                target_full=is_full_range(written.pixels, written.colour),
            ),
        )

    def patch(self, drawn: Drawn) -> av.VideoFrame:
        """One frame of the patch take, in the format of `written`."""
        from scipy.ndimage import distance_transform_edt

        result = self._black()
        if drawn.box is None or drawn.matte is None:
            return result
        new, old = self.converter.convert(drawn.picture), self.converter.convert(drawn.source)
        ramp = max(LEAST_RAMP, RAMP_SHARE * drawn.box.height)
        across, down = self._around(drawn.box, ramp)
        window = (down, across)
        pairs = list(zip(component_views(new), component_views(old), strict=True))
        core = np.logical_or.reduce([a[window] != b[window] for a, b in pairs])
        core |= self._inside(drawn, window)
        away = distance_transform_edt(~core) if core.any() else np.full(core.shape, np.inf)
        shown = away < ramp + BEYOND
        for target, (picture, _) in zip(component_views(result), pairs, strict=True):
            np.copyto(target[window], picture[window], where=shown)
        alpha = alpha_view(result)
        assert alpha is not None
        alpha[window] = np.rint(alpha_ramp(away, ramp) * self.written.pixels.maximum)
        return result

    def _black(self) -> av.VideoFrame:
        frame = av.VideoFrame(*self.info.coded_size, self.written.pixels.name)
        black, _, neutral, _ = code_scale(self.written.pixels.bits, full=is_full_range(self.written.pixels, self.written.colour))
        for place, view in enumerate(component_views(frame)):
            view[...] = round(neutral if place else black)
        alpha = alpha_view(frame)
        assert alpha is not None
        alpha[...] = 0
        write_tags(frame, self.written.colour)
        return frame

    def _around(self, box: Box, ramp: float) -> tuple[slice, slice]:
        """Columns and rows of the box with room for the ramp and what is shown beyond it."""
        room = int(ramp + BEYOND) + 8
        width, height = self.info.coded_size
        return slice(max(0, box.left - room), min(width, box.right + room)), slice(max(0, box.top - room), min(height, box.bottom + room))

    def _inside(self, drawn: Drawn, window: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Where the matte reaches, which is closed where the changed codes have holes."""
        assert drawn.box is not None
        assert drawn.matte is not None
        box, (down, across) = drawn.box, window
        inside = np.zeros((down.stop - down.start, across.stop - across.start), bool)
        inside[box.top - down.start :, box.left - across.start :][: box.height, : box.width] = drawn.matte.numpy() > 0
        return inside


def alpha_ramp(away: NDArray[np.float64], ramp: float) -> NDArray[np.float64]:
    """Alpha 0 … 1 at a distance (pixels) from what changed: 1 up to it, 0 from `ramp` on, smooth at both ends."""
    return smoothstep(1 - away / ramp, 0, 1)
