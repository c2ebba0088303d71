from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from heygem_core.face.cuts import CutDetector

from .pictures import Picture, pictures

NAMES = [
    "man_1080x1920_30fps.mp4",
    "beard_1080x1920_25fps.mp4",
    "glasses_512x512_25fps.mp4",
    "german_512x512_25fps.mp4",
    "silent_1280x720.mp4",
    "talking/talk08.mp4",
    "talking/talk10.mp4",
    "talking/talk11.mp4",
    "grid/lrwp9a.mpg",
    "grid/swiz3n.mpg",
]


def cuts(frames: list[Picture]) -> list[int]:
    is_cut = CutDetector()
    return [k for k, frame in enumerate(frames) if is_cut(frame)]


@pytest.fixture(scope="module")
def thumbnails(clips: Path) -> dict[str, list[Picture]]:
    """The clips, reduced as the detector reduces them: the tests below need hundreds of them at once."""
    return {name: pictures(clips / name, count=300, side=192) for name in NAMES}


@pytest.mark.full
def test_no_cut_is_seen_within_any_clip(thumbnails: dict[str, list[Picture]]) -> None:
    assert {name: cuts(frames) for name, frames in thumbnails.items()} == {name: [] for name in NAMES}


@pytest.mark.full
def test_every_cut_between_two_clips_is_seen_at_its_frame(thumbnails: dict[str, list[Picture]]) -> None:
    for a, b in itertools.permutations(NAMES, 2):
        assert cuts(thumbnails[a][-20:] + thumbnails[b][:10]) == [20], (a, b)


def test_cuts_are_seen_at_the_clips_own_sizes(clips: Path) -> None:
    a = pictures(clips / "man_1080x1920_30fps.mp4", count=5)
    b = pictures(clips / "beard_1080x1920_25fps.mp4", count=5)
    assert cuts(a + b) == [5]


def test_flashes_dips_and_lamps_are_no_cuts(thumbnails: dict[str, list[Picture]]) -> None:
    for name in ("man_1080x1920_30fps.mp4", "silent_1280x720.mp4", "talking/talk11.mp4"):
        plain = np.array(thumbnails[name][:40]).astype(np.float32)
        for what, gain in (("lamp", 1.5), ("flash", 1.8), ("dark", 0.5), ("white", np.inf), ("black", 0)):
            lit = plain.copy()
            lit[20:22] = 255 if gain == np.inf else gain * lit[20:22]
            assert cuts(list(np.clip(lit, 0, 255).astype(np.uint8))) == [], (name, what)


def test_a_dip_to_black_between_two_shots_is_one_cut(thumbnails: dict[str, list[Picture]]) -> None:
    a, b = thumbnails[NAMES[0]][:10], thumbnails[NAMES[1]][:10]
    assert cuts([*a, np.zeros_like(a[0]), *b]) == [11]


def test_a_pan_is_no_cut(thumbnails: dict[str, list[Picture]]) -> None:
    for name in NAMES[:5]:
        panned = [np.roll(frame, 5 * k, axis=1) for k, frame in enumerate(thumbnails[name][:40])]
        assert cuts(panned) == [], name
