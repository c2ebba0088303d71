"""Faces on disk, stretch by stretch."""

from __future__ import annotations

from pathlib import Path

from heygem_core.face.detection_cache import DetectionChunk, load_chunk, save_chunk
from heygem_core.face.linking import FrameFaces


def test_a_stretch_in_which_nobody_is_seen_is_kept_too(tmp_path: Path) -> None:
    """A clip that began with a landscape ended as an internal error: no faces have no looks of any size."""
    frames = [FrameFaces(index=240 + k, scene=0, size=(64, 48), faces=[], appearances=[]) for k in range(5)]
    save_chunk(DetectionChunk(frames=frames, cut=True, damaged=[241]), tmp_path)
    kept = load_chunk(tmp_path)
    assert [(frame.index, frame.faces, frame.appearances) for frame in kept.frames] == [(240 + k, [], []) for k in range(5)]
    assert (kept.cut, kept.damaged) == (True, [241])
