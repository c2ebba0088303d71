"""Weak frames: found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np

from heygem_core.quality.weak_frames import APART, LOST, weak_ranges


def _curves(frames: int = 100) -> tuple[np.ndarray, np.ndarray]:
    wanted = 0.1 + 0.05 * np.sin(np.arange(frames) / 4)
    return wanted, wanted.copy()


def test_a_take_that_shows_what_was_wanted_has_none() -> None:
    assert weak_ranges(*_curves(), fps=25) == ()


def test_lips_that_do_not_follow_and_a_lost_face_are_told_with_their_frames() -> None:
    wanted, seen = _curves()
    seen[30:38] += 0.1
    seen[60:70] = np.nan
    assert weak_ranges(wanted, seen, fps=25) == ((30, 38, APART), (60, 70, LOST))


def test_a_single_frame_is_not_worth_a_look_and_near_stretches_are_one() -> None:
    wanted, seen = _curves()
    seen[10] += 0.1
    seen[40:44] += 0.1
    seen[45:48] += 0.1
    assert weak_ranges(wanted, seen, fps=25) == ((40, 48, APART),)


def test_frames_that_pass_through_are_not_judged() -> None:
    wanted, seen = _curves()
    wanted[20:30] = np.nan
    seen[20:30] = 0.9
    assert weak_ranges(wanted, seen, fps=25) == ()
