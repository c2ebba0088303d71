"""The face-alignment package (FAN: Bulat and Tzimiropoulos 2017) as a tracker: 68 points on a GPU, fitted to the mesh.

It is for machines whose Python has no mediapipe 0.10.21. Its detector (S3FD) is the slow part, some seconds a frame on a
CPU, so it looks only where nothing is tracked and every so many frames, at a reduced picture; in between a face is searched
where it was. Its weights are models of the catalogue (`weights`); what lies in torch's hub folder, where the package itself puts them, is
used too. Nothing is downloaded here.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import MissingPackage, MissingWeights
from ..weights.catalogue import model
from ..weights.installed import where
from ..weights.loading import read_tensors
from .mesh_from_68 import mesh_from_68
from .tracker import MAX_FACES, Face, TrackerKind, face_of

DETECT_EVERY = 25
"""Frames from one look for more faces to the next; as many while nobody is tracked, since a look takes seconds without a GPU."""
DETECTOR_SIDE = 640  # pixels of the longer side of the picture that the detector sees
SMALLEST_SIDE = 64  # … of the picture that it can look at: its layers halve it again and again
FULL_SCORE = 0.6
"""Mean height of the 68 heat maps' peaks that counts as sure (with the mirrored picture's added, they reach about 1)."""
MIN_SCORE = 0.2
MODELS = ("s3fd", "fan-3d")  # the detector, the points
INSTALL = 'pip install "heygem-bridge[face-alignment]"'

Box = tuple[float, float, float, float]  # left, top, right, bottom


class FaceAlignment68:
    """See `tracker.FaceTracker`. Raises: MissingPackage, MissingWeights."""

    name = "face-alignment"

    def __init__(self, device: str = "cpu") -> None:
        try:
            import face_alignment
        except ImportError as error:
            raise MissingPackage("tracker.needs-face-alignment", install=INSTALL) from error
        self._net = _load(face_alignment, device)
        self.version = _version()
        self._boxes: list[Box] = []  # where the faces of the last frame were
        self._frame = 0  # since the last look for a lost face

    def detect(self, rgb: npt.NDArray[np.uint8], *, first: bool) -> list[Face]:
        if first:
            self.reset()
        boxes = self._boxes
        if self._frame % DETECT_EVERY == 0:
            boxes = boxes + [box for box in self._find(rgb) if not any(_overlap(box, other) > 0.3 for other in boxes)]
        self._frame += 1
        faces = self._faces(rgb, boxes[:MAX_FACES])
        if len(faces) < len(self._boxes):
            self._frame = 0  # a face was lost: look for it in the next frame
        self._boxes = [_box_around(face) for face in faces]
        return sorted(faces, key=lambda face: face.box[2] - face.box[0], reverse=True)

    def reset(self) -> None:
        self._boxes = []
        self._frame = 0

    def close(self) -> None:
        self._net = None

    def _find(self, rgb: npt.NDArray[np.uint8]) -> list[Box]:
        height, width = rgb.shape[:2]
        k = min(1.0, DETECTOR_SIDE / max(height, width))
        small = cv2.resize(rgb, (max(1, round(width * k)), max(1, round(height * k))), interpolation=cv2.INTER_AREA)
        below, beside = (max(0, SMALLEST_SIDE - side) for side in small.shape[:2])
        found = self._net.face_detector.detect_from_image(cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_REPLICATE))
        boxes = [(float(b[0]) / k, float(b[1]) / k, float(b[2]) / k, float(b[3]) / k) for b in found]
        return sorted(boxes, key=lambda box: box[2] - box[0], reverse=True)[:MAX_FACES]

    def _faces(self, rgb: npt.NDArray[np.uint8], boxes: list[Box]) -> list[Face]:
        if not boxes:
            return []
        sixty_eights, peaks, _ = self._net.get_landmarks_from_image(rgb, detected_faces=list(boxes), return_landmark_score=True)
        scores = [min(1.0, float(np.mean(peak)) / FULL_SCORE) for peak in peaks]
        return [
            face_of(mesh_from_68(points[:, :2]), score)
            for points, score in zip(sixty_eights, scores, strict=True)
            if score >= MIN_SCORE and np.ptp(points[:, :2], axis=0).min() > 1
        ]


def _load(package: Any, device: str) -> Any:
    """The networks on their device. Raises: MissingWeights — they are not here, or cannot be read."""
    import torch

    benchmark = torch.backends.cudnn.benchmark
    try:
        with _weights_from_here():
            net = package.FaceAlignment(package.LandmarksType.TWO_HALF_D, device=device, face_detector="sfd", compile=False)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError) as error:
        raise MissingWeights("tracker.weights-unreadable", error=error, folder=torch.hub.get_dir()) from error
    torch.backends.cudnn.benchmark = benchmark  # the package turns it on, which makes results depend on timing
    return net


@contextmanager
def _weights_from_here() -> Iterator[None]:
    """The package knows its weights by address alone and would fetch them: in here they are read from this machine's disk instead."""
    import torch
    from face_alignment import api
    from face_alignment.detection.sfd import sfd_detector

    def file_of(address: str) -> Any:
        """What torch loads the weights at an address from."""
        name = address.rsplit("/", 1)[-1]
        installed = next((where(model(each)) for each in MODELS if any(file.name == name for file in model(each).files)), None)
        if installed is not None:
            file = io.BytesIO()
            torch.save(read_tensors(installed), file)
            file.seek(0)
            return file
        kept = Path(torch.hub.get_dir(), "checkpoints", name)
        if not os.path.isfile(kept):
            raise MissingWeights("tracker.weights-not-here", commands=[f"`{model(each).command}`" for each in MODELS])
        return kept

    def state_of(address: str) -> Any:
        return torch.load(file_of(address), map_location="cpu", weights_only=True)

    before = api.load_file_from_url, sfd_detector.load_state_dict_from_url
    api.load_file_from_url, sfd_detector.load_state_dict_from_url = file_of, state_of
    try:
        yield
    finally:
        api.load_file_from_url, sfd_detector.load_state_dict_from_url = before


def s3fd_network() -> Any:
    """The detector's network without weights. Raises: MissingPackage."""
    try:
        from face_alignment.detection.sfd.net_s3fd import s3fd
    except ImportError as error:
        raise MissingPackage("tracker.needs-face-alignment", install=INSTALL) from error
    return s3fd()


def fan_network() -> Any:
    """The points' network without weights. Raises: MissingPackage."""
    try:
        from face_alignment.models import FAN
    except ImportError as error:
        raise MissingPackage("tracker.needs-face-alignment", install=INSTALL) from error
    return FAN(4)


def _box_around(face: Face) -> Box:
    """The box that S3FD would give for a face that is already known: from above the brows to the chin."""
    left, top, right, bottom = face.box
    return left, top + 0.12 * (bottom - top), right, bottom


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    both = max(0.0, across) * max(0.0, down)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _version() -> str:
    return f"face-alignment-{importlib.metadata.version('face-alignment')}-1"


TRACKER = TrackerKind(
    name="face-alignment",
    open=FaceAlignment68,
    version=_version,
    module="face_alignment",
    has_files=lambda: all(where(model(name)) is not None for name in MODELS),
)
