"""What a face tracker is: pictures in, faces as 478 mesh points out. One file per tracker; `tracker_registry` opens them by name.

A tracker sees the frames of a clip in order and may use the previous frame to find a face again. It knows nothing of
who is who: that is decided in `tracks`. Trackers hold native resources: close them, or use `with contextlib.closing(...)`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..media.upright import thinned

Pixels = npt.NDArray[np.uint8]  # (height, width, 3)

MAX_FACES = 5
"""Faces followed at once; the largest ones where a picture shows more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face in one picture, in display space (pixels, x right, y down, z away from the camera on the scale of x)."""

    points: npt.NDArray[np.float32]  # (478, 3): MediaPipe's face mesh with irises
    score: float  # 0–1: how sure the tracker is that this is a face
    box: tuple[float, float, float, float]  # left, top, right, bottom of the points


class View(Protocol):
    """One picture of which only what is asked for is there: (…, 3) uint8 R, G, B, upright, square pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole."""

    @property
    def whole(self) -> Pixels:
        """All of it."""

    def part(self, left: int, top: int, right: int, bottom: int) -> Pixels:
        """`whole[top:bottom, left:right]`, the same pixels, of edges within the picture."""

    def thinned(self, step: int) -> Pixels:
        """Every `step`-th pixel of every `step`-th row, within a level or two."""


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture that is there already, as a `View`."""

    whole: Pixels

    @property
    def size(self) -> tuple[int, int]:
        return self.whole.shape[1], self.whole.shape[0]

    def part(self, left: int, top: int, right: int, bottom: int) -> Pixels:
        return self.whole[top:bottom, left:right]

    def thinned(self, step: int) -> Pixels:
        return thinned(self.whole, step)


def view_of(picture: Pixels | View) -> View:
    """A picture or a view as a view."""
    return PictureView(picture) if isinstance(picture, np.ndarray) else picture


class FaceTracker(Protocol):
    """The contract of every tracker: the same frames in the same order give the same points.

    One that looks at small parts of a picture says so by a method `detect_in(view, *, first)`, which does what `detect` does: large
    pictures are then converted only where it looks.
    """

    name: str  # as `TrackerKind.name`
    version: str  # changes whenever the points would: part of cache keys

    def detect(self, rgb: npt.NDArray[np.uint8], *, first: bool) -> list[Face]:
        """The faces in `rgb`: (height, width, 3) uint8 0–255 R, G, B, upright, square pixels.

        first: this frame does not continue the one before (start of the clip, or a cut).
        """

    def reset(self) -> None:
        """Forgets the frames seen so far."""

    def close(self) -> None:
        """Frees what the tracker holds; it cannot be used again."""


def look(tracker: FaceTracker, view: View, *, first: bool) -> list[Face]:
    """The faces in a view, by `detect_in` where the tracker has it; `first` as of `FaceTracker.detect`."""
    detect_in: Callable[..., list[Face]] | None = getattr(tracker, "detect_in", None)
    return tracker.detect(view.whole, first=first) if detect_in is None else detect_in(view, first=first)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerKind:
    """What the registry holds of a tracker."""

    name: str  # as in `--tracker`
    open: Callable[[str], FaceTracker]  # on a device: "cpu", "cuda" or "mps". Raises: MissingPackage, MissingWeights — it cannot run here
    version: Callable[[], str] | None = None  # of what `open` gives, told without opening it. Raises: as importlib.metadata; None = ask it
    downloads_mb: int = 0  # weights that opening it may fetch: `heygem doctor` does not open such a one
    module: str | None = None  # that it needs, of a package that is not always installed
    has_files: Callable[[], bool] = lambda: True  # whether the files are here that do not come with its package, told without opening it

    @property
    def is_here(self) -> bool:
        """Whether it is worth offering on this machine."""
        return (self.module is None or importlib.util.find_spec(self.module) is not None) and self.has_files()


def face_of(points: npt.NDArray[np.float32], score: float) -> Face:
    """A Face from its points (478, 3), with the box they fill."""
    left, top = points[:, :2].min(axis=0).tolist()
    right, bottom = points[:, :2].max(axis=0).tolist()
    return Face(points=points, score=score, box=(left, top, right, bottom))
