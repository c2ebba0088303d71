"""The faces of a clip, detected in fixed chunks that are cached one by one, so that another in or out point finds most of
them there already.

A chunk does not depend on what was asked for: it begins at a multiple of `CHUNK_FRAMES` frames, and the tracker comes to it
from a few frames before. So the same frame has the same face whichever range it was wanted for first.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableMedia
from ..media.content import frames_content, read_content
from ..media.info import MediaInfo
from ..media.kept_regions import Edges, KeptRegions
from ..media.prefetch import prefetch
from ..media.upright import UprightView, upright_views
from ..progress_rate import ProgressRate
from ..shot import Event
from ..storage.arrays import load_arrays
from ..storage.cache import Cache, key_of
from .hands import near_mouth
from .seen_faces import FrameFaces, SeenFaces
from .tracker import Face, FaceTracker, face_of
from .tracker_registry import LazyTracker
from .tracks import TRACKS_VERSION, detect_faces

CHUNK_FRAMES = 240  # frames
LEAD_IN_FRAMES = 12  # frames before a chunk that the tracker and the search for cuts see first

_KIND = "faces"
_LOOKS_PER_S = 15  # of a clip's frames, for what lies before its faces: things do not come and go faster
_AROUND = 0.25  # of a face's size, that is kept on each side of it: what smoothing moves lies in it too
_SMOOTHED = 0.04  # of the square in which hands are looked for, by which smoothing moves it


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionChunk:
    """The faces of consecutive frames; `scene` counts within it."""

    frames: list[FrameFaces]
    cut: bool  # whether its first frame does not continue the one before
    damaged: list[int]  # numbers of frames that could not be decoded whole


def find_faces(
    info: MediaInfo, first: int, last: int, name: str, cache: Cache, regions: KeptRegions | None = None
) -> Generator[Event, None, tuple[SeenFaces, NDArray[np.int64], str]]:
    """The faces of frames [first, last), which of them are damaged, and the tracker's version; scenes count from 0. Tells the stage "track"
    only where it has to look at pictures; what lies around the faces in them is then kept in `regions`.

    Raises: InputError, SetupError, OutputError.
    """
    starts = range(first - first % CHUNK_FRAMES, last, CHUNK_FRAMES)
    seen, damaged, scene = SeenFaces(last - first), list[int](), 0
    with closing(LazyTracker(name)) as tracker:
        yield from read_content(info, *faces_seen_in(info, first, last), cache)
        keys = {start: _key(info, start, tracker, cache) for start in starts}
        missing = [start for start in starts if cache.entry(_KIND, keys[start]) is None]
        pace = ProgressRate("track", sum(min(CHUNK_FRAMES, info.frame_count - start) for start in missing))
        for start in starts:
            chunk = cache.read(_KIND, keys[start], load_chunk)
            if chunk is None:
                chunk = yield from _found_alone(info, start, keys[start], tracker, cache, pace, regions)
            scene += chunk.cut
            wanted = [frame for frame in chunk.frames if first <= frame.index < last]
            if not len(seen):
                scene = -wanted[0].scene
            for frame in wanted:
                seen.add(replace(frame, scene=scene + frame.scene))
            scene += chunk.frames[-1].scene
            damaged += [number for number in chunk.damaged if first <= number < last]
        version = tracker.version
    return seen, np.array(damaged, np.int64), version


def _found_alone(
    info: MediaInfo, start: int, key: str, tracker: LazyTracker, cache: Cache, pace: ProgressRate, regions: KeptRegions | None
) -> Generator[Event, None, DetectionChunk]:
    """A chunk that is not there, or that somebody else found meanwhile: several speeches for one clip, and one of them looks."""
    with cache.alone(_KIND, key):
        chunk = cache.read(_KIND, key, load_chunk)
        if chunk is None:
            chunk = yield from _detect_chunk(info, start, tracker.open(), pace, regions)
            if _key(info, start, tracker, cache) != key:
                raise UnreadableMedia("media.changed", file=info.path.name)
            with cache.making(_KIND, key) as made:
                save_chunk(chunk, made)
    return chunk


def faces_seen_in(info: MediaInfo, first: int, last: int) -> tuple[int, int]:
    """The frames [first, last) that decide the faces of these frames: whole chunks, and what the tracker sees before them."""
    begin, end = first - first % CHUNK_FRAMES - LEAD_IN_FRAMES, -(-last // CHUNK_FRAMES) * CHUNK_FRAMES
    return max(0, begin), min(info.frame_count, end)


def _key(info: MediaInfo, start: int, tracker: LazyTracker, cache: Cache) -> str:
    content = frames_content(info, *faces_seen_in(info, start, start + 1), cache)
    return key_of(TRACKS_VERSION, CHUNK_FRAMES, LEAD_IN_FRAMES, tracker.name, tracker.version, content, start)


def looks_every(info: MediaInfo) -> int:
    """Frames of the file whose numbers are multiples of it are looked at again, for what lies before their faces."""
    return max(1, round(float(info.mean_rate) / _LOOKS_PER_S))


def _parts_to_keep(face: Face, info: MediaInfo, again: bool) -> list[Edges]:
    """What may be looked at of a face: its mouth with the skin around it, and where its hands are looked for."""
    left, top, right, bottom = face.box
    wider = _AROUND * max(right - left, bottom - top)
    parts: list[Edges] = [(left - wider, top - wider, right + wider, bottom + wider)]
    if again:
        left, top, right, bottom = near_mouth(face.points, info.display_size)
        wider = _SMOOTHED * (right - left)
        parts.append((left - wider, top - wider, right + wider, bottom + wider))
    return parts


def _detect_chunk(
    info: MediaInfo, start: int, tracker: FaceTracker, pace: ProgressRate, regions: KeptRegions | None
) -> Generator[Event, None, DetectionChunk]:
    seen: list[FrameFaces] = []
    looked_at: list[UprightView] = []

    def noted(views: Iterator[tuple[int, UprightView]]) -> Iterator[tuple[int, UprightView]]:
        for index, view in views:
            looked_at[:] = [view]
            yield index, view

    damaged: list[int] = []
    tracker.reset()
    with prefetch(
        upright_views(info, max(0, start - LEAD_IN_FRAMES), min(info.frame_count, start + CHUNK_FRAMES), damaged=damaged), 4
    ) as pictures:
        for faces in detect_faces(noted(pictures), tracker):
            seen.append(faces)
            if faces.index >= start:
                if regions is not None and faces.index not in damaged:
                    again = faces.index % looks_every(info) == 0
                    parts = [part for face in faces.faces for part in _parts_to_keep(face, info, again)]
                    regions.keep(faces.index, looked_at[0].frame, parts, again=again)
                yield pace.tick()
    before = next((faces.scene for faces in reversed(seen) if faces.index == start - 1), None)
    frames = [faces for faces in seen if faces.index >= start]
    base = frames[0].scene
    return DetectionChunk(
        frames=[replace(faces, scene=faces.scene - base) for faces in frames],
        cut=before is not None and before != base,
        damaged=[number for number in damaged if number >= start],
    )


def save_chunk(chunk: DetectionChunk, folder: Path) -> None:
    """Writes one uncompressed .npz into a folder."""
    frames = chunk.frames
    faces = [face for frame in frames for face in frame.faces]
    appearances = [appearance for frame in frames for appearance in frame.appearances]
    np.savez(
        folder / "faces.npz",
        first=frames[0].index,
        size=frames[0].size,
        scenes=np.array([frame.scene for frame in frames], np.int32),
        counts=np.array([len(frame.faces) for frame in frames], np.int32),
        points=np.array([face.points for face in faces], np.float32).reshape(-1, 478, 3),
        scores=np.array([face.score for face in faces], np.float64),
        appearances=np.array(appearances, np.float32).reshape(len(faces), len(appearances[0]) if appearances else 0),
        cut=chunk.cut,
        damaged=np.array(chunk.damaged, np.int64),
    )


def load_chunk(folder: Path) -> DetectionChunk:
    """What `save_chunk` wrote. Raises: ValueError, KeyError, OSError — not such a file."""
    arrays = load_arrays(folder / "faces.npz")
    width, height = arrays["size"].tolist()
    frames, at = [], 0
    for number, (scene, count) in enumerate(zip(arrays["scenes"].tolist(), arrays["counts"].tolist(), strict=True)):
        part = slice(at, at + count)
        faces = [face_of(points, score) for points, score in zip(arrays["points"][part], arrays["scores"][part].tolist(), strict=True)]
        index = int(arrays["first"]) + number
        frames.append(
            FrameFaces(index=index, scene=scene, size=(width, height), faces=faces, appearances=list(arrays["appearances"][part]))
        )
        at += count
    return DetectionChunk(frames=frames, cut=bool(arrays["cut"]), damaged=arrays["damaged"].tolist())
