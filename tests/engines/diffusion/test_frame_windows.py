"""Windows lie at absolute frames, never mix scenes, are always full, and run into one another."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.engines.diffusion.frame_windows import FrameWindow, phases_at, rows_of, runs_of, shares_of


@pytest.mark.parametrize(
    ("fps", "phases"), [(12, 1), (24, 1), (25, 1), (29.97, 1), (30, 1), (48, 2), (50, 2), (59.94, 2), (60, 2), (90, 3), (120, 4)]
)
def test_fast_pictures_are_drawn_as_several_sequences(fps: float, phases: int):
    assert phases_at(fps) == phases


def test_frames_share_windows_over_four_frames():
    run = (0, 100)
    shares = {row: {window.number: share for window, share in shares_of(row, run, 1)} for row in range(9, 16)}
    assert shares[9] == {0: 1}
    assert [shares[row].get(1, 0) for row in range(9, 16)] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1, 1])
    assert all(sum(each.values()) == pytest.approx(1) for each in shares.values())


def test_a_window_lies_where_it_lies_whatever_is_drawn():
    assert rows_of(FrameWindow(0, 3), (0, 1000), 1).tolist() == list(range(34, 50))
    assert rows_of(FrameWindow(1, 1), (0, 1000), 2).tolist() == list(range(21, 53, 2))


@pytest.mark.parametrize("phases", [1, 2, 3])
def test_no_window_reaches_over_the_end_of_a_run_and_all_have_sixteen_frames(phases: int):
    for run in ((0, 5), (3, 40), (17, 18), (11, 13), (40, 41 + phases)):
        for row in range(*run):
            given = shares_of(row, run, phases)
            assert sum(share for _, share in given) == pytest.approx(1)
            for window, _ in given:
                rows = rows_of(window, run, phases)
                assert len(rows) == 16
                assert (np.diff(rows) >= 0).all()
                assert row in rows
                assert set(rows.tolist()) <= {each for each in range(*run) if each % phases == row % phases}


def test_a_run_costs_no_window_for_nothing_but_shared_frames():
    drawn = {window for row in range(24) for window, _ in shares_of(row, (0, 24), 1)}
    assert {window.number for window in drawn} == {0, 1}


def test_runs_end_at_cuts_at_gaps_and_where_the_clip_jumps():
    frames = np.array([0, 1, 2, 3, 4, 5, 6, 7, 40, 41, 41, 42])
    scenes = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    usable = np.array([1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1], bool)
    assert runs_of(frames, scenes, usable).tolist() == [0, 0, 0, 3, 3, -1, 6, 6, 8, 8, 8, 8]


def test_a_still_and_a_clip_played_fast_or_backwards_are_one_run():
    same = np.zeros(20, int)
    for frames in (same, np.arange(20) * 5, np.arange(20)[::-1]):
        assert (runs_of(frames, same, np.ones(20, bool)) == 0).all()


def test_a_single_frame_is_a_run():
    assert runs_of(np.array([7]), np.array([0]), np.array([True])).tolist() == [0]
    assert runs_of(np.array([7]), np.array([0]), np.array([False])).tolist() == [-1]
