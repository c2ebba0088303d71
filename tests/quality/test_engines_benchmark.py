"""The page that puts engines side by side: one row each, and whose pictures mean nothing."""

from __future__ import annotations

from benchmarks.engines import COST, page_of, row_of


def test_rows_of_made_up_weights_say_that_their_pictures_mean_nothing() -> None:
    cost = dict.fromkeys(COST, 2.0)
    known = {"made up": False, "cost": cost, "figures": {"sharpness": 0.98}, "stills": ["data:,a"]}
    made = {"made up": True, "cost": cost, "figures": {"sharpness": 7.0}, "stills": ["data:,b"]}
    page = page_of([{"clip": "a & b.mp4", "engines": {"mesh": known, "wav2lip": made}, "stills": ["data:,s"]}])
    assert (page.count("made-up weights"), page.count("<img"), "a &amp; b.mp4" in page) == (1, 3, True)
    assert "made-up weights" in row_of("a.mp4", "wav2lip", made)
    assert "made-up weights" not in row_of("a.mp4", "mesh", known)
