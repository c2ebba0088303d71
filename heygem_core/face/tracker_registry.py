"""The face trackers, by name.

Another package adds one as an entry point of the group `heygem.trackers`: a `tracker.TrackerKind`. It is imported when it is used, not when
trackers are listed: trackers bring their own large packages.
"""

from __future__ import annotations

from contextlib import suppress

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


def offered_trackers() -> tuple[str, ...]:
    """Those that have what they need on this machine. Their modules are imported, so a process of its own asks this."""
    found = []
    for name in TRACKERS.names():
        with suppress(SetupError):
            if TRACKERS.get(name).is_here:
                found.append(name)
    return tuple(found)
