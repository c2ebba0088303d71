"""Pictures of a clip in the order in which a take plays them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heygem_core.media.playback import read_played
from heygem_core.media.probe import MediaInfo, probe

from . import make


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> MediaInfo:
    """Sixty numbered pictures."""
    return probe(make.video(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=60))


@pytest.mark.parametrize(
    "numbers",
    [
        range(5, 12),
        range(50, 3, -1),  # more than are decoded at a time
        range(0, 60, 7),
        [3, 3, 4, 4, 5],
        [5, 4, 4, 3],
        [8, 9, 10, 9, 8, 9, 10],
        [7] * 5,
        [12],
    ],
)
def test_every_order_shows_the_frames_that_it_names(clip: MediaInfo, numbers: list[int]) -> None:
    assert [make.number_of(picture) for picture in read_played(clip, np.array(numbers))] == list(numbers)


def test_a_still_is_shown_as_often_as_asked(tmp_path: Path) -> None:
    still = probe(make.still(tmp_path / "still.png"))
    assert len(list(read_played(still, np.zeros(7, np.int64)))) == 7
