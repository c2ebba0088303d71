"""How far lips are seen to go when they are drawn is measured on the person and kept; new speech does not change it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from heygem_core.engines.mesh.engine import ENGINE
from heygem_core.engines.mesh.lip_calibration import (
    _TEST_MOUTHS,
    TYPICAL,
    _fitted_slope,
    _gain_for,
    _liveliest_stretch,
    _measure_drawn,
    _slope,
    _spread_over_poses,
    _test_shapes,
    calibrate_lips,
)
from heygem_core.engines.mesh.prepare import apply_gain
from heygem_core.face.mesh import INNER_LIP_PAIRS, Pose, lip_gap, lip_opening
from heygem_core.face.reasons import Reason
from heygem_core.media.probe import probe
from heygem_core.motion.model_choice import choose_motion_model
from heygem_core.planning.basis import tracks_of
from heygem_core.planning.person import Person, blend_shapes, person_of
from heygem_core.planning.plan import make_plan
from heygem_core.rendering.inputs import open_inputs
from heygem_core.shot import RenderSettings, Shot
from heygem_core.storage.cache import Cache

from ..actors import PORTRAITS, packaged

FRAMES = np.repeat([3, 9, 20, 31], len(_TEST_MOUTHS))


def reading(slope: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What was asked for and seen on four frames, each of which adds something of its own."""
    asked = np.tile([gap for gap, _ in _TEST_MOUTHS], 4)
    tremble = np.random.default_rng(seed).normal(0, 0.004, len(asked))
    return asked, slope * asked + 0.1 * np.cos(FRAMES) + tremble


@pytest.mark.parametrize("slope", [0.75, 1.0, 1.2])
def test_the_slope_of_seen_over_asked_is_found_whatever_each_frame_adds(slope: float) -> None:
    asked, seen = reading(slope)
    assert _slope(asked, seen, FRAMES) == pytest.approx(slope, abs=0.06)


def test_a_still_s_slope_is_found_from_one_frame_with_a_mouth_that_was_missed() -> None:
    asked = np.array([gap for gap, _ in _TEST_MOUTHS])
    seen = 0.7 * asked + 0.02
    seen[1] = np.nan
    assert _fitted_slope(asked, seen, np.zeros(6, int)) == pytest.approx(0.7)
    assert _fitted_slope(asked, np.full(6, np.nan), np.zeros(6, int)) is None


def test_a_face_that_was_missed_or_misread_hardly_changes_the_slope() -> None:
    asked, seen = reading(0.9)
    seen[2], seen[11] = np.nan, seen[11] + 0.3
    assert _slope(asked, seen, FRAMES) == pytest.approx(0.9, abs=0.08)


def test_where_no_face_is_seen_again_nothing_is_measured() -> None:
    asked, _ = reading(1.0)
    slope = _slope(asked, np.full(len(asked), np.nan), FRAMES)
    assert slope is None
    assert _gain_for(TYPICAL.down, slope) == TYPICAL.down


def test_lips_that_are_seen_to_go_too_far_are_drawn_less_far_within_limits() -> None:
    assert _gain_for(1.06, 1.0) == 1.06
    assert 0.9 < _gain_for(1.06, 1.1) < 1.06 < _gain_for(1.06, 0.9) < 1.35
    assert (_gain_for(1.06, 3.0), _gain_for(1.06, 0.1)) == (0.9, 1.35)


def speaker(openings: np.ndarray, usable: np.ndarray) -> Person:
    """A face of which only the lips are told apart."""
    shapes = np.zeros((len(openings), 478, 3), np.float32)
    shapes[:, (33, 263), 0] = -0.5, 0.5
    shapes[:, [lower for _, lower in INNER_LIP_PAIRS], 1] = openings[:, None]
    shapes[~usable] = np.nan
    count = len(openings)
    pose = Pose(np.ones(count), np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 3)))
    reasons = np.where(usable, Reason.USABLE, Reason.LOST).astype(np.uint8)
    scenes, neutral = np.zeros(count, np.int32), np.zeros((478, 3), np.float32)
    return Person(number=1, first_frame=0, shapes=shapes, pose=pose, reasons=reasons, scenes=scenes, neutral=neutral)


def test_it_is_measured_in_the_stretch_in_which_the_mouth_opens_furthest() -> None:
    """150 frames are six seconds: a clip of any length costs as much as these, and a single yawn does not draw them away."""
    openings = np.full(1000, 0.02)
    openings[600:650], openings[100] = 0.1, 0.5
    found = np.flatnonzero(_liveliest_stretch(speaker(openings, np.ones(1000, bool)), SimpleNamespace(mean_rate=Fraction(25))).usable)
    assert len(found) == 150
    assert np.isin(np.arange(600, 650), found).sum() >= 12


def test_a_face_that_is_seen_now_and_then_is_measured_where_it_is_seen_most() -> None:
    usable = np.zeros(1000, bool)
    usable[::120], usable[700:708] = True, True
    found = np.flatnonzero(_liveliest_stretch(speaker(np.full(1000, 0.05), usable), SimpleNamespace(mean_rate=Fraction(25))).usable)
    assert set(range(700, 708)) <= set(found.tolist())
    assert usable[found].all()


def test_a_frame_beside_one_that_passes_through_keeps_its_own_mouth() -> None:
    """The own mouth of such a frame was drawn 14 % wider than it is: it jumped where it should have gone over gently."""
    neutral = np.zeros((478, 3), np.float32)
    wanted = np.random.default_rng(1).normal(0, 0.05, (3, 478, 3)).astype(np.float32)
    share = np.array([0.0, 0.5, 1.0], np.float32)[:, None, None]
    drawn = apply_gain(wanted, neutral, (1.2, 1.1, 1.0), share)
    moved = np.abs(drawn / wanted - 1).max((1, 2))
    assert moved == pytest.approx([0, 0.1, 0.2], abs=1e-5)
    assert lip_opening(wanted).shape == (3,)


def test_a_mouth_that_the_clip_never_opens_is_tested_wide_open() -> None:
    """It was asked for a fraction of each gap, too little to tell a slope from, and drawn as far as everybody's: to two thirds."""
    person = speaker(np.full(50, 0.01), np.ones(50, bool))
    asked = lip_gap(_test_shapes(person, choose_motion_model("auto", None)))
    assert np.ptp(asked) > 0.1


def test_of_a_still_the_one_frame_is_measured() -> None:
    person = speaker(np.zeros(1), np.ones(1, bool))
    assert _spread_over_poses(person).tolist() == [0]


def test_a_drawn_mouth_is_seen_to_open_as_far_as_wanted(tmp_path: Path) -> None:
    """A photo's mouth was drawn as far as everybody's, whatever the tracker saw of it."""
    still = tmp_path / "still.png"
    portrait = PORTRAITS["hopper"]
    with Image.open(packaged(portrait.package, portrait.path)) as picture:
        picture.convert("RGB").crop((80, 28, 430, 378)).resize((640, 640), Image.Resampling.LANCZOS).save(still)
    settings, cache, model = RenderSettings(), Cache(tmp_path / "cache"), choose_motion_model("auto", None)
    info = probe(still)
    person = person_of(_made(tracks_of(info, 0, 1, settings, cache))[0], info, None)
    assert not person.shows_mouth_inside
    found = calibrate_lips(ENGINE, person, info, settings, model, cache)
    source = np.zeros(len(_TEST_MOUTHS), np.int64)
    wanted = blend_shapes(person.neutral, person.shapes[source], _test_shapes(person, model))
    assert list((tmp_path / "cache" / "lip_calibrations").iterdir()), "it was taken for everybody's"
    seen = _measure_drawn(ENGINE, person, info, source, wanted, settings, None, (found.across, found.down, 1.0))
    assert 0.9 <= _fitted_slope(lip_opening(wanted), seen[1], source) <= 1.1


@pytest.mark.full
def test_the_calibration_is_measured_once_a_clip_and_another_speech_has_the_same(clips: Path, tmp_path: Path) -> None:
    video = clips / "german_512x512_25fps.mp4"
    cache, settings = Cache(tmp_path / "cache"), RenderSettings(fit="hold", adaptation=False)
    shots = [Shot(video=str(video), speech=str(video), end_exclusive=16, speech_start=Fraction(k)) for k in (0, 3)]
    plans = [_made(make_plan(shot, settings, cache)) for shot in shots]
    found = [plan.facts.lip_calibration for plan in plans]
    assert found[0] == found[1]
    assert all(0.9 <= value <= 1.35 for value in (found[0].across, found[0].down))
    inputs = open_inputs(shots[0], settings)
    tracks, _ = _made(tracks_of(inputs.info, 0, 16, settings, cache))
    person, model = person_of(tracks, inputs.info, None), choose_motion_model("auto", None)
    again = calibrate_lips(ENGINE, person, inputs.info, settings, model, Cache(tmp_path / "other"))
    assert again == found[0]  # measured anew it is the same


def _made(work):
    """What a generator of events returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
