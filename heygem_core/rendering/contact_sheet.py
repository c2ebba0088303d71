"""Makes a contact sheet: the face in frames of the source, and below them the same frames of the take."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from ..face.mesh import OUTER_LIPS, eye_distance
from ..face.tracker import Face
from ..face.tracker_registry import open_tracker
from ..media.info import MediaInfo
from ..media.probe import probe
from ..media.upright import upright_pictures
from ..planning.frame_map import frames_under
from ..storage.os_errors import why
from .report import TakeReport, read_report

_TILE = 256  # pixels

Picture = NDArray[np.uint8]


def write_contact_sheet(source: str | Path, take: str | Path, path: Path, columns: int = 8) -> Path:
    """A PNG of `columns` frames spread over the take. Raises: InputError, OutputError — the PNG cannot be written."""
    before, after = (probe(path, deinterlace=True) for path in (source, take))
    picks = np.unique(np.linspace(0, after.frame_count - 1, columns + 2).astype(int)[1:-1])
    numbers = _frames_under(read_report(take), before, after.frame_count)[picks].tolist()
    takes, sources = upright_pictures(after, picks.tolist()), upright_pictures(before, sorted(set(numbers)))
    with closing(open_tracker()) as tracker:
        faces = [next(iter(tracker.detect(takes[k], first=True)), None) for k in picks.tolist()]
    rows = [[_mouth(sources[n], face) for n, face in zip(numbers, faces, strict=True)]]
    rows.append([_mouth(takes[k], face) for k, face in zip(picks.tolist(), faces, strict=True)])
    sheet = np.vstack([np.hstack(row) for row in rows])
    done, data = cv2.imencode(".png", sheet[..., ::-1])
    try:
        path.write_bytes(data.tobytes() if done else b"")
    except OSError as error:
        raise OutputError("sheet.not-written", path=path, why=why(error, path.parent)) from error
    return path


def _frames_under(report: TakeReport | None, info: MediaInfo, count: int) -> NDArray[np.int64]:
    """(count,) the source frame under each frame of a take. Of a video without a report it is the one of the same number."""
    if report is None:
        return np.minimum(np.arange(count), info.frame_count - 1)
    shot = report.plan.shot
    whole = frames_under(info, shot.start, shot.end_exclusive, report.plan.settings.fit, shot.speed, report.plan.frames, shot.shows)
    return whole[report.start : report.end_exclusive]


def _mouth(rgb: Picture, face: Face | None) -> Picture:
    """The lower face, or the whole picture where no face was found, as a square tile."""
    height, width = rgb.shape[:2]
    middle, reach = np.array([width / 2, height / 2]), min(width, height) / 2
    if face is not None:
        middle, reach = face.points[list(OUTER_LIPS), :2].mean(0), float(eye_distance(face.points))
    affine = np.array([[1, 0, 0], [0, 1, 0]], np.float32) * np.float32(_TILE / 2 / reach)
    affine[:, 2] = _TILE / 2 - affine[:, :2] @ middle
    tile = cv2.warpAffine(rgb, affine, (_TILE, _TILE), flags=cv2.INTER_AREA if reach > _TILE else cv2.INTER_CUBIC)
    return tile.astype(np.uint8, copy=False)
