"""The face trackers, by name.

Another package adds one as an entry point of the group `heygem.trackers`: a `tracker.TrackerKind`. It is imported when it is used, not when
trackers are listed: trackers bring their own large packages.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError

from ..errors import SetupError
from ..registry import Registry
from .tracker import FaceTracker, TrackerKind
from .tracker_names import TRACKER_NAMES

TRACKERS: Registry[TrackerKind] = Registry.of(TRACKER_NAMES, kind=TrackerKind)


def open_tracker(name: str = "mediapipe", device: str = "cpu") -> FaceTracker:
    """The tracker of that name, ready for its first frame.

    device: "cpu", "cuda" or "mps"; not every tracker uses it.
    Raises: SetupError — with what to install or fetch. SpecError — an unknown name.
    """
    return TRACKERS.get(name).open(device)


class LazyTracker:
    """A tracker that is opened when it has to look: what was found before is known by its version, and importing one takes a second."""

    def __init__(self, name: str = "mediapipe", device: str = "cpu") -> None:
        self.name = name
        self._device = device
        self._opened: FaceTracker | None = None

    def open(self) -> FaceTracker:
        """Raises: as `open_tracker`."""
        if self._opened is None:
            self._opened = open_tracker(self.name, self._device)
        return self._opened

    @cached_property
    def version(self) -> str:
        """As `FaceTracker.version`. Raises: as `open_tracker`, where the tracker has to be asked."""
        told = TRACKERS.get(self.name).version
        with suppress(PackageNotFoundError):
            if told is not None:
                return told()
        return self.open().version

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def offered_trackers() -> tuple[str, ...]:
    """Those that have what they need on this machine. Their modules are imported, so a process of its own asks this."""
    found = []
    for name in TRACKERS.names():
        with suppress(SetupError):
            if TRACKERS.get(name).is_here:
                found.append(name)
    return tuple(found)
