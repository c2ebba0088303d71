"""Shows the frame that was just drawn to whoever watches a render: small JPEGs, twice a second at most, or nothing at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import VideoFrame

    from ..media.upright import Upright

LONGEST_SIDE = 480  # pixels
_QUALITY = 70
_EVERY_S = 0.5

Watcher = Callable[[int, int, int, bytes], None]
"""Gets the frame's number in the take, width, height and a JPEG."""

_watcher: Watcher | None = None
_next = 0.0


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Inside the block, `watcher` sees what is drawn in this process, at most twice a second."""
    global _watcher
    _watcher = watcher
    try:
        yield
    finally:
        _watcher = None


def offer(number: int, picture: VideoFrame, upright: Upright) -> None:
    """Shows a frame of the take if somebody watches and the last one was long enough ago; `upright` is that of the whole take."""
    global _next
    if _watcher is None or time.monotonic() < _next:
        return
    import cv2

    rgb = upright.picture(picture, max_side=LONGEST_SIDE)
    done, jpeg = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if done:
        _watcher(number, rgb.shape[1], rgb.shape[0], jpeg.tobytes())
    _next = time.monotonic() + _EVERY_S
