"""Finds faces with MediaPipe's attention mesh, run on one region per face: the default tracker, whose weights lie in the wheel.

MediaPipe's ready-made FaceMesh looks for new faces in every frame while fewer than `max_num_faces` are tracked, copies the
whole picture for each call, and misses faces that are small in the frame. Here its two networks are run as two graphs:
the detector now and then on a reduced picture (in tiles where the whole shows nobody), and the mesh on a crop around each
face where the frame before had it. A face costs the same at any resolution, and several faces cost a multiple of one.

Paper: Grishchenko et al. 2020, "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import MissingPackage
from ..media.upright import thinned
from .mesh import LIPS, eye_distance
from .native_logs import imported_apart, suppress_stderr
from .tracker import MAX_FACES, Face, PictureView, Pixels, TrackerKind, View, face_of

DETECT_EVERY = 4
"""Frames from one look for more faces to the next; while nobody is tracked, every frame is looked at."""
THOROUGH_DETECT_EVERY = 12
"""Frames from one thorough search to the next while nobody is tracked: it costs ten times a plain look."""
DETECTOR_SIDE = 256  # pixels of the longer side of the picture that the detector sees; its network works on 192
MIN_PRESENCE = 0.5  # the mesh's own score below which a region shows no face
MIN_DETECTION = 0.5
MARGIN = 1.5  # side of a region over the longer side of the points' box, the margin the mesh was trained with

_CONVERTED = 1.2  # of a region's side, that is converted of a large picture
VIEW_VARIATION = 0.04  # how much smaller and turned (radians), then larger and turned back, the two views of a region are

HALF_SCORE_DISAGREEMENT = 0.028
"""Mean distance between the lips of the two views, in inter-ocular distances, at which the score falls to a half: 0.006–0.018
on uncovered faces, 0.02–0.08 behind hands, microphones and other things."""

_MESH = """
input_stream: "image"
input_stream: "region"
output_stream: "landmarks"
node { calculator: "ConstantSidePacketCalculator" output_side_packet: "PACKET:attention"
  options { [mediapipe.ConstantSidePacketCalculatorOptions.ext] { packet { bool_value: true } } } }
node { calculator: "FaceLandmarkCpu" input_stream: "IMAGE:image" input_stream: "ROI:region"
  input_side_packet: "WITH_ATTENTION:attention" output_stream: "LANDMARKS:landmarks" }
"""
_PRESENCE = "facelandmarkcpu__face_presence_score"  # a stream inside FaceLandmarkCpu
_DETECTOR = """
input_stream: "image"
output_stream: "detections"
node { calculator: "FaceDetectionFullRangeCpu" input_stream: "IMAGE:image" output_stream: "DETECTIONS:detections" }
"""


@dataclass(frozen=True, slots=True)
class Region:
    """A turned square of the picture, in pixels."""

    x: float  # centre
    y: float
    side: float
    angle: float  # radians, clockwise on screen, of the line through the eyes


class MediaPipeMesh:
    """The tracker `mediapipe`; members as of `tracker.FaceTracker`."""

    name = "mediapipe"

    def __init__(self) -> None:
        # The graphs open their networks in threads of their own, which write to stderr at any time until the first answer is there.
        with suppress_stderr():
            self._mesh = graph_of(_MESH, ["landmarks", _PRESENCE])
            self._detector = graph_of(_DETECTOR, ["detections"])
            grey = np.full((64, 64, 3), 128, np.uint8)
            self._find(grey)
            self._landmarks(PictureView(grey), Region(32, 32, 64, 0))
        self.version = _version()
        self._regions: list[Region] = []
        self._frame = 0  # since the last reset

    def detect(self, rgb: Pixels, *, first: bool) -> list[Face]:
        return self.detect_in(PictureView(rgb), first=first)

    def detect_in(self, view: View, *, first: bool) -> list[Face]:
        """As `detect`."""
        if first:
            self.reset()
        faces: list[Face] = []
        for region in self._regions:
            self._add(faces, self._landmarks(view, region))
        lost = len(faces) < len(self._regions)
        if lost or not faces or (self._frame % DETECT_EVERY == 0 and self._sees_more(view, faces)):
            self._detect_new(view, faces, thorough=self._frame % THOROUGH_DETECT_EVERY == 0)
        self._frame += 1
        faces = sorted(faces, key=lambda face: face.box[2] - face.box[0], reverse=True)[:MAX_FACES]
        self._regions = [region_of(face.points) for face in faces]
        return faces

    def reset(self) -> None:
        self._regions = []
        self._frame = 0

    def close(self) -> None:
        for graph in (self._mesh, self._detector):
            graph.close()

    def _sees_more(self, view: View, faces: list[Face]) -> bool:
        """Whether a cheap look shows a face beside those that are tracked, so that the whole picture is worth looking at."""
        thin = view.thinned(_step(*view.size))
        return any(not any(_inside(region, face) for face in faces) for region in self._found(_brought_down(thin, view.size), view.size))

    def _detect_new(self, view: View, faces: list[Face], thorough: bool) -> None:
        """Adds faces that are not tracked yet; a new one is meshed twice, since the detector's region is a rough one."""
        rgb = view.whole
        for stage in _detector_views(rgb, thorough):
            for region in [region for picture, x, y in stage for region in self._find(picture, x, y)]:
                if any(_inside(region, face) for face in faces):
                    continue
                rough = self._landmarks(view, region)
                self._add(faces, self._landmarks(view, region_of(rough.points)) if rough else None)
            if faces:
                return

    @staticmethod
    def _add(faces: list[Face], face: Face | None) -> None:
        """Adds a face unless another one lies there already: two regions may have moved onto one face, and the first keeps it."""
        if face and not any(_inside(region_of(face.points), other) for other in faces):
            faces.append(face)

    def _find(self, rgb: npt.NDArray[np.uint8], x: int = 0, y: int = 0) -> list[Region]:
        """Regions of faces in a picture whose top left corner lies at x, y of the frame."""
        size = rgb.shape[1], rgb.shape[0]
        return self._found(_brought_down(thinned(rgb, _step(*size)), size), size, x, y)

    def _found(self, reduced: Pixels, size: tuple[int, int], x: int = 0, y: int = 0) -> list[Region]:
        """The same in a picture of `size` (width, height) that was reduced already."""
        width, height = size
        found = self._detector.process(reduced).detections or []
        regions = []
        for one in found:
            if one.score[0] < MIN_DETECTION:
                continue
            box, eyes = one.location_data.relative_bounding_box, one.location_data.relative_keypoints
            angle = math.atan2((eyes[1].y - eyes[0].y) * height, (eyes[1].x - eyes[0].x) * width)
            side = MARGIN * max(box.width * width, box.height * height)
            regions.append(Region(x + (box.xmin + box.width / 2) * width, y + (box.ymin + box.height / 2) * height, side, angle))
        return regions

    def _landmarks(self, view: View, region: Region) -> Face | None:
        """The mean of two views of one region: their errors differ, so the mean trembles a quarter less.

        The network is sure of a face behind a hand, too; but there the two views disagree about the lips, and the score says so.
        """
        view.part(*_edges(region, _CONVERTED, view.size))  # at once what both views and the look at the face's appearance need
        a, b = (
            self._view(view, Region(region.x, region.y, region.side * (1 + k), region.angle - k)) for k in (-VIEW_VARIATION, VIEW_VARIATION)
        )
        if a is None or b is None:
            return None
        apart = np.linalg.norm((a.points - b.points)[list(LIPS), :2], axis=-1).mean() / eye_distance(a.points)
        return face_of((a.points + b.points) / 2, min(a.score, b.score) / (1 + float(apart / HALF_SCORE_DISAGREEMENT) ** 2))

    def _view(self, view: View, region: Region) -> Face | None:
        """The mesh within a region, from a crop that holds the turned square (beyond the picture it sees black)."""
        from mediapipe.framework.formats.rect_pb2 import NormalizedRect

        left, top, right, bottom = _edges(region, 1, view.size)
        crop = np.ascontiguousarray(view.part(left, top, right, bottom))
        height, width = crop.shape[:2]
        if min(height, width) < 8:
            return None
        where = NormalizedRect(
            x_center=(region.x - left) / width,
            y_center=(region.y - top) / height,
            width=region.side / width,
            height=region.side / height,
            rotation=region.angle,
        )
        seen = self._mesh.process({"image": crop, "region": where})
        score = getattr(seen, _PRESENCE)
        if seen.landmarks is None or score is None or score < MIN_PRESENCE:
            return None
        flat = np.array([(p.x, p.y, p.z) for p in seen.landmarks.landmark], np.float64)
        points = flat * (width, height, width) + (left, top, 0)
        return face_of(points.astype(np.float32), float(score))


def _edges(region: Region, larger: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom edge of what holds a turned square, that many times as large, within a picture of (width, height)."""
    half = larger * region.side / 2 * (abs(math.cos(region.angle)) + abs(math.sin(region.angle))) + 2
    left, top = max(0, math.floor(region.x - half)), max(0, math.floor(region.y - half))
    return left, top, min(size[0], math.ceil(region.x + half)), min(size[1], math.ceil(region.y + half))


def region_of(points: npt.NDArray[np.float32]) -> Region:
    """The square in which the mesh looks for a face next: around its points (478, 3), turned as its eyes."""
    across = points[263] - points[33]
    (left, top), (right, bottom) = points[:, :2].min(axis=0).tolist(), points[:, :2].max(axis=0).tolist()
    side = MARGIN * max(right - left, bottom - top)
    return Region((left + right) / 2, (top + bottom) / 2, side, math.atan2(float(across[1]), float(across[0])))


def _inside(region: Region, face: Face) -> bool:
    """Whether a region's centre lies in a face's box: the same face seen twice."""
    left, top, right, bottom = face.box
    return left < region.x < right and top < region.y < bottom


def _step(width: int, height: int) -> int:
    """Which of the pixels of a picture the detector is shown: leaving out some first keeps a 4K frame cheap."""
    return max(1, max(height, width) // (3 * DETECTOR_SIDE))


def _brought_down(thin: Pixels, size: tuple[int, int]) -> Pixels:
    """A picture of `size` (width, height), some pixels left out, at the detector's scale."""
    k = min(1.0, DETECTOR_SIDE / max(size))
    return np.asarray(cv2.resize(thin, (max(1, round(size[0] * k)), max(1, round(size[1] * k))), interpolation=cv2.INTER_AREA), np.uint8)


def _detector_views(rgb: npt.NDArray[np.uint8], thorough: bool) -> Iterator[list[tuple[npt.NDArray[np.uint8], int, int]]]:
    """What the detector looks at until a face is found, each with the place of its top left corner in the frame.

    The whole frame; in a thorough search then the frame within a border, where a face that fills it has the size of a face;
    then overlapping squares of half its shorter side, where a small one has.
    """
    yield [(rgb, 0, 0)]
    if not thorough:
        return
    height, width = rgb.shape[:2]
    border = max(height, width) // 3
    yield [(_bordered(rgb, border), -border, -border)]
    side = min(height, width) // 2
    if side >= DETECTOR_SIDE // 2:
        yield [(rgb[y : y + side, x : x + side], x, y) for y in _starts(height, side) for x in _starts(width, side)]


def _bordered(rgb: npt.NDArray[np.uint8], border: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.copyMakeBorder(rgb, border, border, border, border, cv2.BORDER_CONSTANT), np.uint8)


def _starts(length: int, side: int) -> list[int]:
    count = math.ceil((length - side) / (side * 0.6)) + 1
    return [round(k * (length - side) / (count - 1)) for k in range(count)]


def graph_of(text: str, outputs: list[str]) -> Any:
    """A graph of MediaPipe's. Raises: MissingPackage."""
    try:
        graph_config, solution = imported_apart(_mediapipe)
    except ImportError as error:
        raise MissingPackage("tracker.needs-mediapipe") from error
    from google.protobuf import text_format  # type: ignore[import-untyped]

    return solution(graph_config=text_format.Parse(text, graph_config()), outputs=outputs)


def _mediapipe() -> tuple[Any, Any]:
    from mediapipe.calculators.core import constant_side_packet_calculator_pb2  # noqa: F401 - its options appear in the text
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    from mediapipe.python.solution_base import SolutionBase

    return CalculatorGraphConfig, SolutionBase


def _version() -> str:
    return f"mediapipe-{version('mediapipe')}-attention-3"


TRACKER = TrackerKind(name="mediapipe", open=lambda device: MediaPipeMesh(), version=_version, module="mediapipe")
