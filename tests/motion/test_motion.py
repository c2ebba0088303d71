"""A motion read at any times: frame rates, ends, and what it looks like on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heygem_core.motion.motion import Motion

VERTICES = (13, 14)


def motion(gap: np.ndarray) -> Motion:
    """A motion whose only coefficient is the gap between two vertices."""
    basis = np.array([[[0, -0.5, 0], [0, 0.5, 0]]], np.float32)
    return Motion(vertices=VERTICES, coefficients=gap[:, None].astype(np.float32), basis=basis, speaking=gap > 0, model="test")


def gap_at(made: Motion, times: np.ndarray, **options: float) -> np.ndarray:
    deltas = made.at(times, **options)
    assert deltas.dtype == np.float32
    return deltas[:, 1, 1] - deltas[:, 0, 1]


@given(st.sampled_from([12, 23.976, 24, 25, 29.97, 50, 59.94, 100, 120]), st.floats(0.5, 4))
@settings(max_examples=60, deadline=None)
def test_a_slow_movement_reads_the_same_at_every_frame_rate(rate: float, movement_hz: float) -> None:
    truth = lambda t: 0.1 + 0.05 * np.sin(2 * np.pi * movement_hz * t)  # noqa: E731
    made = motion(truth(np.arange(300) / 100))
    times = np.arange(0.3, 2.7, 1 / rate)
    shutter_loss = 1 - np.sinc(movement_hz * 0.5 / rate)
    assert np.abs(gap_at(made, times) - truth(times)).max() < 0.05 * shutter_loss + 0.002


def test_before_the_beginning_and_after_the_end_the_mouth_rests() -> None:
    made = motion(np.full(100, 0.1))
    assert np.array_equal(made.at(np.array([-5.0, -0.5, 1.5, 100.0]), frame_s=0.04), np.zeros((4, 2, 3), np.float32))


def test_speech_that_is_cut_off_lets_the_mouth_come_to_rest_without_snapping() -> None:
    made = motion(np.full(300, 0.1))
    gaps = gap_at(made, np.arange(0, 3, 1 / 50), speech_range=(1.0, 2.0))
    assert gaps[50:100] == pytest.approx(np.full(50, 0.1), abs=1e-6)
    assert not gaps[:41].any()
    assert not gaps[109:].any()
    assert np.abs(np.diff(gaps)).max() < 0.025


def test_a_part_of_a_speech_reads_as_it_does_in_the_whole_and_shows_nothing_of_the_rest() -> None:
    curve = np.concatenate([np.full(100, 0.3), np.linspace(0.05, 0.1, 100), np.full(100, 0.3)])
    made, times = motion(curve), np.arange(1.0, 2.0, 0.04)
    inside = times[1:-1]
    assert np.array_equal(made.at(inside, frame_s=0.04, speech_range=(0.98, 2.02)), made.at(inside, frame_s=0.04))
    assert gap_at(made, np.arange(0, 3, 0.04), speech_range=(1.02, 1.98)).max() < 0.11


@pytest.mark.parametrize("rate", [12, 15, 23.976, 25, 30, 48, 60, 120])
@pytest.mark.parametrize("shift_s", [0.0, 0.01, 0.02, 0.03, 0.04, 0.06])
def test_lips_that_close_for_40_ms_are_seen_closed_at_every_frame_rate(rate: float, shift_s: float) -> None:
    """At 12 fps the lips of a p fell between two frames and stayed open."""
    curve = np.full(300, 0.08)
    for start in (70, 133, 201):
        begin = start + round(shift_s * 100)
        curve[begin - 3 : begin + 7] = [0.06, 0.04, 0.02, 0, 0, 0, 0, 0.02, 0.04, 0.06]
    gaps = gap_at(motion(curve), np.arange(0, 3, 1 / rate))
    closed = np.flatnonzero(gaps < 0.012)
    assert len(np.split(closed, np.flatnonzero(np.diff(closed) > 1) + 1)) == 3
    away = round(0.06 * rate) + 1
    assert all(gaps[k - away] > 0.03 and gaps[k + away] > 0.03 for k in closed)  # and the mouth opens again


def test_a_mouth_at_rest_is_no_closure_that_a_frame_has_to_show() -> None:
    curve = np.concatenate([np.zeros(100), np.full(100, 0.1), np.zeros(100)])
    moving = motion(np.convolve(curve, np.ones(11) / 11, "same"))
    plain = np.mean([moving._interpolate(np.arange(0, 3, 1 / 12) + s, None) for s in (-0.015, -0.005, 0.005, 0.015)], axis=0)
    assert np.abs(gap_at(moving, np.arange(0, 3, 1 / 12)) - plain[:, 0]).max() < 0.02


def test_intensity_scales_every_displacement_and_nothing_else() -> None:
    made, times = motion(np.linspace(0, 0.2, 100)), np.arange(5, 95) / 100
    assert np.allclose(made.at(times, intensity=0.5), made.at(times) * 0.5)
    assert not made.at(times, intensity=0).any()


def test_a_slow_frame_rate_does_not_turn_tremble_into_movement() -> None:
    tremble = motion(0.1 + 0.05 * np.sin(2 * np.pi * 12.5 * np.arange(400) / 100))
    still = gap_at(tremble, np.arange(0.5, 3.5, 1 / 12))
    assert still.std() < 0.75 * 0.05 / np.sqrt(2)


def test_frames_of_a_joined_range_equal_those_of_the_whole() -> None:
    made = motion(np.random.default_rng(0).random(300) * 0.2)
    times = np.arange(60) / 25
    whole = made.at(times, frame_s=1 / 25)
    pieces = [made.at(times[a : a + 13], frame_s=1 / 25) for a in range(0, 60, 13)]
    assert np.array_equal(whole, np.concatenate(pieces))


def test_what_was_saved_is_what_is_loaded(tmp_path: Path) -> None:
    made = motion(np.linspace(0, 0.2, 50))
    made.save(tmp_path / "motion.npz")
    again = Motion.load(tmp_path / "motion.npz")
    assert again.vertices == VERTICES
    assert again.model == "test"
    assert np.array_equal(again.at(np.arange(40) / 100), made.at(np.arange(40) / 100))


def test_a_file_that_is_no_motion_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(KeyError):
        Motion.load(tmp_path / "other.npz")
