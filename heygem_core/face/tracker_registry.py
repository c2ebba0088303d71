"""The trackers by name. Each is imported only when it is asked for: they bring their own large packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SpecError

if TYPE_CHECKING:
    from ..shot import TrackerName
    from .tracker import FaceTracker


def open_tracker(name: TrackerName = "mediapipe", device: str = "cpu") -> FaceTracker:
    """The tracker of that name, ready for its first frame.

    device: "cpu", "cuda" or "mps"; only face-alignment uses it.
    Raises: MissingPackage, MissingWeights — with what to install or fetch. SpecError — an unknown name.
    """
    if name == "mediapipe":
        from .mediapipe_mesh import MediaPipeMesh

        return MediaPipeMesh()
    if name == "face-landmarker":
        from .face_landmarker import FaceLandmarker

        return FaceLandmarker()
    if name == "face-alignment":
        from .face_alignment_68 import FaceAlignment68

        return FaceAlignment68(device)
    raise SpecError("tracker.unknown", name=repr(name))
