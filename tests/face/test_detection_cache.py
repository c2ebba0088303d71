"""Faces on disk, stretch by stretch."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from heygem_core.errors import MissingPackage
from heygem_core.face import tracker_registry
from heygem_core.face.detection_cache import DetectionChunk, find_faces, load_chunk, save_chunk
from heygem_core.face.seen_faces import FrameFaces
from heygem_core.face.tracker_registry import open_tracker
from heygem_core.media.probe import probe
from heygem_core.storage.cache import Cache


def test_a_stretch_in_which_nobody_is_seen_is_kept_too(tmp_path: Path) -> None:
    """A clip that began with a landscape ended as an internal error: no faces have no looks of any size."""
    frames = [FrameFaces(index=240 + k, scene=0, size=(64, 48), faces=[], appearances=[]) for k in range(5)]
    save_chunk(DetectionChunk(frames=frames, cut=True, damaged=[241]), tmp_path)
    kept = load_chunk(tmp_path)
    assert [(frame.index, frame.faces, frame.appearances) for frame in kept.frames] == [(240 + k, [], []) for k in range(5)]
    assert (kept.cut, kept.damaged) == (True, [241])


def finished(steps: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_tracker_is_opened_only_to_look_at_pictures(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening one takes a second; new speech for a known clip needs none."""
    info, cache = probe(clips / "grid" / "bbaf2n.mpg"), Cache(tmp_path)
    first, _, version = finished(find_faces(info, 0, 5, "mediapipe", cache))

    def absent(*_: Any) -> Any:
        raise MissingPackage("tracker.needs-mediapipe")

    monkeypatch.setattr(tracker_registry, "open_tracker", absent)
    again, _, known = finished(find_faces(info, 0, 5, "mediapipe", cache))
    assert (len(again), known) == (len(first), version)
    with pytest.raises(MissingPackage):
        finished(find_faces(info, 0, 5, "mediapipe", Cache(tmp_path / "other")))


def test_a_tracker_tells_its_version_as_it_does_when_it_is_open() -> None:
    told = tracker_registry.TRACKERS.get("mediapipe").version
    assert told is not None
    tracker = open_tracker("mediapipe")
    tracker.close()
    assert told() == tracker.version
