"""Finds the people of a clip, numbered as reports number them. Their face tracks stay in the cache for the render that may follow."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ..face.tracks import FaceTrack, FaceTracks
from ..media.probe import probe
from ..planning.basis import tracks_of
from ..planning.frame_map import end_of
from ..shot import Event, Progress, RenderSettings
from ..storage.cache import Cache
from ..tasks.specs import FaceFound, FacesFound, FacesTask


def find_people(task: FacesTask) -> Generator[Event, None, FacesFound]:
    """Finds the faces of a range. Raises: InputError, BadRange, SetupError, OutputError — the cache cannot be written."""
    yield Progress(stage="probe", done=0)
    info = probe(task.path)
    end = end_of(info, task.start, task.end_exclusive)
    tracks, _ = yield from tracks_of(info, task.start, end, RenderSettings(), Cache(task.cache))
    width, height = tracks.size
    return FacesFound(faces=tuple(_found(person, tracks) for person in tracks.people), width=width, height=height)


def _found(person: FaceTrack, tracks: FaceTracks) -> FaceFound:
    """The frame in which a face is largest, of those in which it is usable, else of those in which it is seen; and its box there."""
    low, high = np.nanmin(person.points[..., :2], axis=1, initial=np.inf), np.nanmax(person.points[..., :2], axis=1, initial=-np.inf)
    areas = np.where(np.isfinite(low).all(-1) & np.isfinite(high).all(-1), (high - low).clip(0).prod(-1), 0.0)
    if person.usable.any():
        areas = np.where(person.usable, areas, 0.0)
    best = int(areas.argmax())
    box = np.concatenate([low[best], high[best]]) / np.tile(tracks.size, 2)
    left, top, right, bottom = (round(float(value), 5) for value in box.clip(0, 1))
    return FaceFound(
        number=person.number,
        frame=tracks.first_frame + best,
        box=(left, top, right, bottom),
        usable_share=round(float(person.usable.mean()), 4),
    )
