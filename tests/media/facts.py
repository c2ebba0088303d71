"""Facts of media without any file, for tests of numbers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from heygem_core.media.colour import ColourTags
from heygem_core.media.hdr import StaticHdr
from heygem_core.media.info import MediaInfo
from heygem_core.media.pixels import pixel_format


def info(**fields: Any) -> MediaInfo:
    """Ten frames at 25 a second of 96 × 64."""
    pixels = pixel_format("yuv420p")
    assert pixels is not None
    usual: dict[str, Any] = {
        "path": Path("clip.mp4"), "kind": "video", "container": "mov", "codec": "h264", "stream_index": 0,
        "coded_size": (96, 64),
        "sample_aspect": Fraction(1), "rotation": 0, "mirrored": False, "display_matrix": None, "pixels": pixels, "has_alpha": False,
        "colour": ColourTags(), "hdr": StaticHdr(), "rate": Fraction(25), "variable": False, "time_base": Fraction(1, 25),
        "frame_pts": np.arange(10), "last_duration": Fraction(1, 25), "keyframes": np.array([0]), "keyframe_dts": np.array([0]),
        "seekable": True, "missing_frames": 0, "start_timecode": None, "reel": None, "sound": None,
    }  # fmt: skip
    return MediaInfo(**usual | fields)


def form_of(name: str) -> Any:
    form = pixel_format(name)
    assert form is not None
    return form
