"""Face tracks as a file, so that a video is tracked once for any number of speeches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .tracks import TRACKS_VERSION, FaceTrack, FaceTracks

_PER_PERSON = ("points", "scores", "reasons", "filled")


def save_tracks(tracks: FaceTracks, path: Path) -> None:
    """Writes an uncompressed .npz."""
    arrays = {f"{name}{track.number}": getattr(track, name) for track in tracks.people for name in _PER_PERSON}
    about: dict[str, Any] = {
        "version": TRACKS_VERSION,
        "first_frame": tracks.first_frame,
        "size": tracks.size,
        "scenes": tracks.scenes,
        "tracker": tracks.tracker,
    }
    np.savez(path, people=len(tracks.people), **about, **arrays)


def load_tracks(path: Path) -> FaceTracks | None:
    """What `save_tracks` wrote; None where another version wrote it."""
    with np.load(path) as kept:
        if int(kept["version"]) != TRACKS_VERSION:
            return None
        people = [
            FaceTrack(number=number, **{name: kept[f"{name}{number}"] for name in _PER_PERSON})
            for number in range(1, int(kept["people"]) + 1)
        ]
        width, height = kept["size"].tolist()
        return FaceTracks(
            first_frame=int(kept["first_frame"]),
            size=(width, height),
            scenes=kept["scenes"],
            people=tuple(people),
            tracker=str(kept["tracker"]),
        )
