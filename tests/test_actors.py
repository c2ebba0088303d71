"""The made people are what they are said to be: their files, their sound, and mouths that a tracker sees go as they were told."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from heygem_core.face.mediapipe_mesh import MediaPipeMesh
from heygem_core.face.mesh import lip_opening
from heygem_core.media.probe import probe
from heygem_core.media.sound import read_speech

from . import actors


def parted(path: Path, count: int) -> np.ndarray:
    """(count,) How far the lips of the first frames are seen to stand apart, in distances of the eyes."""
    tracker = MediaPipeMesh()
    try:
        with av.open(str(path)) as file:
            pictures = (frame.to_ndarray(format="rgb24") for frame in file.decode(video=0))
            faces = [tracker.detect(picture, first=not k) for k, picture in enumerate(itertools.islice(pictures, count))]
    finally:
        tracker.close()
    return np.asarray(lip_opening(np.stack([face.points for (face,) in faces])))


def test_every_clip_has_the_size_rate_length_and_sound_that_it_should(people: Path) -> None:
    for clip in actors.CAST:
        info = probe(people / clip.name)
        assert (info.display_size, info.rate, info.frame_count) == (clip.size, clip.rate, clip.seconds * clip.rate), clip.name
        assert len(actors.opening(people / clip.name)) == info.frame_count
        heard = read_speech(people / clip.name)
        assert abs(heard.duration - clip.seconds) < 0.15, clip.name
        assert (np.abs(heard.samples).max() > 0.05) != clip.silent, clip.name


@pytest.mark.parametrize("name", ["german_512x512_25fps.mp4", "talking/talk05.mp4", "grid/bbaf2n.mpg"])
def test_a_tracker_sees_the_mouths_go_as_they_were_told(people: Path, name: str) -> None:
    told = actors.opening(people / name)[:75]
    assert told.max() - told.min() > 0.1
    assert np.corrcoef(told, parted(people / name, 75))[0, 1] > 0.85


def test_who_keeps_silent_keeps_the_lips_still(people: Path) -> None:
    assert parted(people / "silent_1280x720.mp4", 40).std() < 0.01
