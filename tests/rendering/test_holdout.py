"""What a matte of the user's says to lie before the face stays the source's own, and the mouth moves behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import UnreadableMedia
from heygem_core.media.holdout import open_holdout
from heygem_core.media.probe import probe
from heygem_core.rendering.report import read_report

from .making import Picture, make, notices, pictures, planes, write_clip

BAR = (slice(150, 288), slice(120, 190))  # rows and columns: before a part of the chin and of the mouth


def bars(shape: tuple[int, ...], shown: list[bool]) -> list[Picture]:
    """Black pictures, in some of them a white bar."""
    made = []
    for white in shown:
        picture = np.zeros(shape, np.uint8)
        if white:
            picture[BAR] = 255
        made.append(picture)
    return made


@pytest.fixture(scope="module")
def matte(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bar is there in the last eight of sixteen frames."""
    frames = bars(pictures(short)[0].shape, [k >= 8 for k in range(16)])
    return write_clip(tmp_path_factory.mktemp("matte") / "matte.mkv", frames, codec="ffv1")


def test_what_lies_in_front_stays_bit_for_bit_and_the_rest_is_drawn(short: Path, sentence: Path, matte: Path, tmp_path: Path) -> None:
    events = make(short, sentence, tmp_path / "take.mkv", holdout=str(matte), matte=tmp_path / "changed.mkv")
    make(short, sentence, tmp_path / "plain.mkv")
    source, take, plain, changed = (
        planes(path) for path in (short, tmp_path / "take.mkv", tmp_path / "plain.mkv", tmp_path / "changed.mkv")
    )
    for frame in range(8, 16):
        np.testing.assert_array_equal(take[frame][0][BAR], source[frame][0][BAR])
        assert not changed[frame][0][BAR].any(), "it is no part of the matte either"
        assert (plain[frame][0][BAR] != source[frame][0][BAR]).any(), "without a matte the bar's place is drawn over"
        assert (take[frame][0] != source[frame][0]).any(), "the rest of the mouth moves"
    report = read_report(tmp_path / "take.mkv")
    assert report is not None
    assert report.covered == ((8, 16),)
    assert "before the mouth in 8 of 16 frames" in notices(events)
    assert read_report(tmp_path / "plain.mkv").covered == ()  # type: ignore[union-attr]


def test_covered_frames_lend_no_mouth(short: Path, sentence: Path, matte: Path, tmp_path: Path) -> None:
    from heygem_core import RenderSettings, Shot, plan

    settings: dict[str, Any] = {"device": "cpu", "fit": "trim", "motion": "mel"}
    made = plan(Shot(video=str(short), speech=str(sentence)), RenderSettings(holdout=str(matte), **settings))
    other = plan(Shot(video=str(short), speech=str(sentence)), RenderSettings(**settings))
    assert made.facts.key != other.facts.key
    assert (made.array("covered")[8:] > 0.02).all()
    assert not made.array("covered")[:8].any()
    assert len(made.array("patches")) <= 8, "the other eight show a bar"


def test_a_picture_holds_for_all_frames_and_a_smaller_one_is_scaled(short: Path, tmp_path: Path) -> None:
    from PIL import Image

    picture = bars(pictures(short)[0].shape, [True])[0][..., 0]
    Image.fromarray(picture).resize((180, 144), Image.Resampling.NEAREST).save(tmp_path / "matte.png")
    holdout = open_holdout(str(tmp_path / "matte.png"), probe(short), 0, 16)
    (level,) = {level.tobytes(): level for level in holdout.levels(np.array([0, 5, 15]))}.values()
    assert level.shape == (288, 360)
    assert np.abs(level - picture / 255).mean() < 0.01


def test_transparency_is_a_matte_too(short: Path, tmp_path: Path) -> None:
    from PIL import Image

    picture = np.zeros((288, 360, 4), np.uint8)
    picture[BAR] = (0, 0, 0, 255)
    Image.fromarray(picture).save(tmp_path / "matte.png")
    (level,) = open_holdout(str(tmp_path / "matte.png"), probe(short), 0, 16).levels(np.array([3]))
    assert level[BAR].min() == 1
    assert level.sum() == picture[..., 3].astype(bool).sum()


def test_a_matte_of_the_range_begins_at_the_range(short: Path, tmp_path: Path) -> None:
    frames = bars(pictures(short)[0].shape, [True, False, False, True])
    path = write_clip(tmp_path / "matte.mkv", frames, codec="ffv1")
    holdout = open_holdout(str(path), probe(short), 6, 10)
    assert [bool(level.any()) for level in holdout.levels(np.arange(4, 12))] == [False, False, True, False, False, True, False, False]


@pytest.mark.parametrize(("size", "count", "told"), [((288, 360), 5, "5 frames, the clip has 16"), ((288, 300), 16, "clip's shape")])
def test_a_matte_that_does_not_fit_is_refused(short: Path, tmp_path: Path, size: tuple[int, int], count: int, told: str) -> None:
    path = write_clip(tmp_path / "matte.mkv", [np.zeros((*size, 3), np.uint8)] * count, codec="ffv1")
    with pytest.raises(UnreadableMedia, match=told):
        open_holdout(str(path), probe(short), 0, 16)
