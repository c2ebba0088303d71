"""The faces of a clip, found in fixed stretches that are cached one by one, so that another in or out point finds most of
them there already.

A stretch does not depend on what was asked for: it begins at a multiple of `STRETCH` frames, and the tracker comes to it
from a few frames before. So the same frame has the same face whichever range it was wanted for first.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..cache import Cache, fingerprint, key_of
from ..media.info import MediaInfo
from ..media.upright import upright_frames
from ..prefetch import prefetch
from ..progress_rate import ProgressRate
from ..shot import Event, TrackerName
from .linking import FrameFaces
from .tracker import FaceTracker, face_of
from .tracker_registry import open_tracker
from .tracks import TRACKS_VERSION, follow_faces

STRETCH = 240  # frames
LEAD = 12  # frames before a stretch that the tracker and the search for cuts see first

_KIND = "faces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The faces of consecutive frames; `scene` counts within it."""

    frames: list[FrameFaces]
    cut: bool  # whether its first frame does not continue the one before
    damaged: list[int]  # numbers of frames that could not be decoded whole


def find_faces(
    info: MediaInfo, first: int, last: int, name: TrackerName, cache: Cache
) -> Generator[Event, None, tuple[list[FrameFaces], NDArray[np.int64], str]]:
    """The faces of frames [first, last), which of them are damaged, and the tracker's version. Tells the stage "track" only where it
    has to look at pictures. Raises: InputError, SetupError, OutputError.
    """
    starts = range(first - first % STRETCH, last, STRETCH)
    with closing(open_tracker(name, "cpu")) as tracker:
        keys = {start: _key(info, start, tracker) for start in starts}
        found = {start: cache.read(_KIND, keys[start], load_stretch) for start in starts}
        missing = [start for start in starts if found[start] is None]
        pace = ProgressRate("track", sum(min(STRETCH, info.frame_count - start) for start in missing))
        for start in missing:
            with cache.alone(_KIND, keys[start]):  # several speeches for one clip: one of them looks
                stretch = cache.read(_KIND, keys[start], load_stretch)
                if stretch is None:
                    stretch = yield from _follow(info, start, tracker, pace)
                    with cache.making(_KIND, keys[start]) as made:
                        save_stretch(stretch, made)
            found[start] = stretch
        version = tracker.version
    stretches = [stretch for start in starts if (stretch := found[start]) is not None]
    damaged = [number for stretch in stretches for number in stretch.damaged if first <= number < last]
    return _joined(stretches, first, last), np.array(damaged, np.int64), version


def _key(info: MediaInfo, start: int, tracker: FaceTracker) -> str:
    return key_of(TRACKS_VERSION, STRETCH, LEAD, tracker.name, tracker.version, fingerprint(info.path), start)


def _follow(info: MediaInfo, start: int, tracker: FaceTracker, pace: ProgressRate) -> Generator[Event, None, Stretch]:
    seen: list[FrameFaces] = []
    damaged: list[int] = []
    tracker.reset()
    with prefetch(upright_frames(info, max(0, start - LEAD), min(info.frame_count, start + STRETCH), damaged=damaged), 4) as pictures:
        for faces in follow_faces(pictures, tracker):
            seen.append(faces)
            if faces.index >= start:
                yield pace.tick()
    before = next((faces.scene for faces in reversed(seen) if faces.index == start - 1), None)
    frames = [faces for faces in seen if faces.index >= start]
    base = frames[0].scene
    return Stretch(
        frames=[replace(faces, scene=faces.scene - base) for faces in frames],
        cut=before is not None and before != base,
        damaged=[number for number in damaged if number >= start],
    )


def _joined(stretches: list[Stretch], first: int, last: int) -> list[FrameFaces]:
    """The frames [first, last) with scenes counted from 0 through all stretches."""
    frames: list[FrameFaces] = []
    scene = 0
    for stretch in stretches:
        scene += stretch.cut
        frames += [replace(faces, scene=faces.scene + scene) for faces in stretch.frames]
        scene = frames[-1].scene
    wanted = [faces for faces in frames if first <= faces.index < last]
    return [replace(faces, scene=faces.scene - wanted[0].scene) for faces in wanted]


def save_stretch(stretch: Stretch, folder: Path) -> None:
    """Writes one uncompressed .npz into a folder."""
    frames = stretch.frames
    faces = [face for frame in frames for face in frame.faces]
    looks = [look for frame in frames for look in frame.looks]
    np.savez(
        folder / "faces.npz",
        first=frames[0].index,
        size=frames[0].size,
        scenes=np.array([frame.scene for frame in frames], np.int32),
        counts=np.array([len(frame.faces) for frame in frames], np.int32),
        points=np.array([face.points for face in faces], np.float32).reshape(-1, 478, 3),
        scores=np.array([face.score for face in faces], np.float64),
        looks=np.array(looks, np.float32).reshape(len(faces), len(looks[0]) if looks else 0),
        cut=stretch.cut,
        damaged=np.array(stretch.damaged, np.int64),
    )


def load_stretch(folder: Path) -> Stretch:
    """What `save_stretch` wrote. Raises: ValueError, KeyError, OSError — not such a file."""
    with np.load(folder / "faces.npz", allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    width, height = arrays["size"].tolist()
    frames, at = [], 0
    for number, (scene, count) in enumerate(zip(arrays["scenes"].tolist(), arrays["counts"].tolist(), strict=True)):
        part = slice(at, at + count)
        faces = [face_of(points, score) for points, score in zip(arrays["points"][part], arrays["scores"][part].tolist(), strict=True)]
        index = int(arrays["first"]) + number
        frames.append(FrameFaces(index=index, scene=scene, size=(width, height), faces=faces, looks=list(arrays["looks"][part])))
        at += count
    return Stretch(frames=frames, cut=bool(arrays["cut"]), damaged=arrays["damaged"].tolist())
