"""Finds hands in a small picture with the hand model that lies in MediaPipe's wheel, and says what they cover.

Paper: Zhang et al. 2020, "MediaPipe Hands: On-device Real-time Hand Tracking".
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .mediapipe_mesh import graph_of
from .mesh import OUTER_LIPS, eye_distance
from .native_logs import suppress_stderr

Floats = NDArray[np.float32]

SIDE = 224  # pixels of the picture that is looked at: its network works on 192
AROUND = 4.4  # eye distances: side of the square around a mouth in which hands are looked for
MOST = 2  # hands of a picture

_GRAPH = f"""
input_stream: "image"
output_stream: "landmarks"
node {{ calculator: "ConstantSidePacketCalculator"
  output_side_packet: "PACKET:0:hands" output_side_packet: "PACKET:1:complexity" output_side_packet: "PACKET:2:follows"
  options {{ [mediapipe.ConstantSidePacketCalculatorOptions.ext] {{
    packet {{ int_value: {MOST} }} packet {{ int_value: 0 }} packet {{ bool_value: false }} }} }} }}
node {{ calculator: "HandLandmarkTrackingCpu" input_stream: "IMAGE:image" input_side_packet: "NUM_HANDS:hands"
  input_side_packet: "MODEL_COMPLEXITY:complexity" input_side_packet: "USE_PREV_LANDMARKS:follows" output_stream: "LANDMARKS:landmarks" }}
"""
_LANDMARKS = """
input_stream: "image"
input_stream: "region"
output_stream: "landmarks"
node { calculator: "HandLandmarkCpu" input_stream: "IMAGE:image" input_stream: "ROI:region" output_stream: "LANDMARKS:landmarks" }
"""
_FINGERS = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
_PALM = (0, 1, 2, 5, 9, 13, 17)
_WIDTH = 0.26  # of a finger, of the palm's length


class HandFinder:
    """One graph; to be closed."""

    def __init__(self) -> None:
        with suppress_stderr():  # as the mesh's; what the second network has to say it says once, to whoever runs it first
            self._graph = graph_of(_GRAPH, ["landmarks"])
            grey = np.full((SIDE, SIDE, 3), 128, np.uint8)
            self.find(grey)
            _say_once(grey)

    def find(self, rgb: NDArray[np.uint8]) -> list[Floats]:
        """(21, 2) landmarks of each hand in a picture (h, w, 3), in its pixels."""
        scale = SIDE / max(rgb.shape)
        size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        seen = self._graph.process({"image": np.ascontiguousarray(small)}).landmarks or []
        whole = np.array(rgb.shape[1::-1], np.float32)
        return [np.array([(p.x, p.y) for p in hand.landmark], np.float32) * whole for hand in seen]

    def close(self) -> None:
        self._graph.close()


def near_mouth(points: Floats, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom edge of the square around a face's mouth in which its hands are looked for, within (width, height)."""
    half = AROUND / 2 * eye_distance(points)
    middle = points[list(OUTER_LIPS), :2].mean(0)
    low = np.clip(np.floor(middle - half), 0, np.array(size) - 1).astype(int)
    high = np.clip(np.ceil(middle + half), low + 1, size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def hands_near(finder: HandFinder, rgb: NDArray[np.uint8], points: Floats) -> list[Floats]:
    """(21, 2) the hands around a face's mouth, in the pixels of the picture (h, w, 3), as are the face's points (478, 2+)."""
    left, top, right, bottom = near_mouth(points, (rgb.shape[1], rgb.shape[0]))
    return [hand + np.array([left, top], np.float32) for hand in finder.find(rgb[top:bottom, left:right])]


def _say_once(rgb: NDArray[np.uint8]) -> None:
    from mediapipe.framework.formats.rect_pb2 import NormalizedRect

    graph = graph_of(_LANDMARKS, ["landmarks"])
    graph.process({"image": rgb, "region": NormalizedRect(x_center=0.5, y_center=0.5, width=1, height=1)})
    graph.close()


def draw_hand(mask: NDArray[np.uint8], hand: Floats) -> None:
    """Fills what a hand (21, 2) covers of a mask (h, w) with 1: the palm, and fingers of a width that follows from its size."""
    width = max(2, round(_WIDTH * palm_length(hand)))
    points = hand.round().astype(np.int32)
    palm = cv2.convexHull(points[list(_PALM)])
    cv2.fillConvexPoly(mask, palm, [1])
    cv2.polylines(mask, [palm], True, [1], width // 2 + 1)
    cv2.polylines(mask, [points[list(finger)] for finger in _FINGERS], False, [1], width)


def palm_length(hand: Floats) -> float:
    """Of a hand (21, 2), in its pixels; foreshortened palms are as long as they are broad at least."""
    return float(max(np.linalg.norm(hand[9] - hand[0]), 1.1 * np.linalg.norm(hand[17] - hand[5]), 1.5 * np.linalg.norm(hand[5] - hand[6])))
