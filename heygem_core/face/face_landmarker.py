"""MediaPipe's current API as a tracker, for those who have its model file: the way to Pythons without mediapipe 0.10.21.

The file `face_landmarker.task` is not part of any package; it is looked for where HEYGEM_FACE_LANDMARKER says, else in this
user's data folder. The landmarker follows up to five faces; with one it would smooth the points with a filter that lags,
which is why more are always asked for.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from ..errors import MissingPackage, MissingWeights
from .native_logs import imported_apart, suppress_stderr
from .tracker import MAX_FACES, Face, TrackerKind, face_of

VARIABLE = "HEYGEM_FACE_LANDMARKER"
FILE_NAME = "face_landmarker.task"
STEP_MS = 40  # between frames, as far as the landmarker knows: it only wants times that rise


def default_path() -> Path:
    """Where the file is looked for when the variable is not set."""
    return Path(platformdirs.user_data_dir("heygem-bridge", appauthor=False)) / FILE_NAME


def _file() -> Path:
    return Path(os.environ.get(VARIABLE) or default_path())


class FaceLandmarker:
    """See `tracker.FaceTracker`. Raises: MissingWeights — no such file, or not one; MissingPackage — no mediapipe."""

    name = "face-landmarker"

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or _file()
        if not self._path.is_file():
            raise MissingWeights("tracker.needs-landmarker-file", file=FILE_NAME, path=self._path, variable=VARIABLE)
        self._open()
        import mediapipe

        digest = hashlib.sha256(self._path.read_bytes()).hexdigest()[:12]
        self.version = f"face-landmarker-{mediapipe.__version__}-{digest}-1"

    def _open(self) -> None:
        try:
            with suppress_stderr():
                imported_apart(_mediapipe)
                from mediapipe.tasks.python import BaseOptions
                from mediapipe.tasks.python.vision import FaceLandmarker, FaceLandmarkerOptions, RunningMode
        except ImportError as error:
            raise MissingPackage("tracker.landmarker-needs-mediapipe") from error
        options = FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._path)), running_mode=RunningMode.VIDEO, num_faces=MAX_FACES
        )
        try:
            with suppress_stderr():
                self._landmarker: Any = FaceLandmarker.create_from_options(options)
                self._time_ms = 0
                self._see(np.zeros((64, 64, 3), np.uint8))
        except (RuntimeError, ValueError) as error:
            raise MissingWeights("tracker.landmarker-unreadable", path=self._path, file=FILE_NAME) from error

    def detect(self, rgb: npt.NDArray[np.uint8], *, first: bool) -> list[Face]:
        if first:
            self.reset()
        height, width = rgb.shape[:2]
        flat = [np.array([(p.x, p.y, p.z) for p in face], np.float64) for face in self._see(rgb).face_landmarks]
        faces = [face_of((points * (width, height, width)).astype(np.float32), 1.0) for points in flat]
        return sorted(faces, key=lambda face: face.box[2] - face.box[0], reverse=True)

    def reset(self) -> None:
        """The landmarker has no way to forget but to be opened anew (some 20 ms)."""
        if self._time_ms > STEP_MS:
            self.close()
            self._open()

    def close(self) -> None:
        self._landmarker.close()

    def _see(self, rgb: npt.NDArray[np.uint8]) -> Any:
        from mediapipe import Image, ImageFormat

        self._time_ms += STEP_MS
        return self._landmarker.detect_for_video(Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(rgb)), self._time_ms)


def _mediapipe() -> None:
    import mediapipe.tasks.python.vision  # noqa: F401


TRACKER = TrackerKind(name="face-landmarker", open=lambda device: FaceLandmarker(), module="mediapipe", has_files=lambda: _file().is_file())
