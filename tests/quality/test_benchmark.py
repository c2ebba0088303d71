"""The benchmark's table and page: which value is better, what is marked, and that the page needs nothing but itself."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmarks.engines import FIGURES as SIDE_BY_SIDE
from benchmarks.quality.__main__ import main
from benchmarks.quality.figures import FIGURES, Figure, difference, flat, mean
from benchmarks.quality.plots import closed_runs, opening_plot
from heygem_core.quality.figures import Closures, CurveMatch, Quality, Trace
from tests.rendering.making import pictures, write_clip

RATIO = Figure("own", "sharpness", "sharpness", 1, 0.9, 1.15)


def test_nearer_to_the_ideal_is_better_on_either_side():
    assert RATIO.change(1.3, 1.1) == 1
    assert RATIO.change(0.98, 1.2) == -1
    assert RATIO.change(1.0, 1.004) == 0  # no more than the digits that are shown
    assert RATIO.change(None, 1.0) == 0
    assert difference(RATIO, 1.3, 1.1) == "−0.20 better"
    assert difference(RATIO, 1.0, 1.004) == "="


def test_the_worst_clip_is_the_furthest_from_the_ideal():
    assert RATIO.extremes([0.5, 1.02, 1.3, None]) == (1, 0)
    assert RATIO.extremes([1.0, None]) == (None, None)
    assert RATIO.extremes([1.001, 1.002]) == (None, None)


def test_targets_are_met_or_missed():
    assert (RATIO.meets(0.9), RATIO.meets(1.2)) == (True, False)
    assert Figure("own", "psnr", "psnr", 100).meets(3) is None
    assert RATIO.target == "0.9 to 1.15"


def test_every_row_of_the_table_is_a_figure_that_is_measured():
    """A renamed figure would show a dash for ever."""
    match = CurveMatch(r=1, r_best=1, lag_ms=0, amplitude=1)
    closed = Closures(threshold=0.02, wanted=1, recall=1, shown=1, precision=1)
    names = set(
        flat(
            Quality(
                frames=1, measured_frames=1, opening=match, width=match, point_error=None, sharpness=1, flicker=1, rim=1, teeth=1,
                closures=closed, real_opening=match, real_closures=closed, landmark_distance=0,
                trace=Trace(r=0, chance=1, size=0, opening_sd=0, opening_range=0),
            )
        )
    )  # fmt: skip
    made_here = {"donor_stretch"}
    pixels = {"likeness.psnr", "likeness.ssim", "likeness.seam", "likeness.ring_delta_e", "likeness.touched_outside"}
    assert {f.key for f in FIGURES} | set(SIDE_BY_SIDE) <= names | made_here | pixels


def test_means_leave_out_what_is_not_known():
    assert mean([1.0, None, 3.0]) == 2
    assert mean([None]) is None


def test_closed_lips_are_drawn_as_runs():
    assert closed_runs([0.1, 0.01, 0.0, 0.1, None, 0.01], 0.02) == [(1, 2), (5, 5)]


def test_a_curve_with_gaps_is_drawn_in_pieces():
    plot = opening_plot({"got": [0.1, 0.2, None, 0.1, 0.1], "got_gap": [0.1] * 5}, 25, 0.02, [1], 0.2)
    assert plot.count("<polyline") == 2
    assert "nan" not in plot.lower()


class _Links(HTMLParser):
    """Everything a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]


@pytest.fixture(scope="module")
def run(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short clip without sound, driven by silence alone, and the same again against the first run."""
    folder = tmp_path_factory.mktemp("benchmark")
    clip = write_clip(folder / "a clip.mkv", pictures(clips / "german_512x512_25fps.mp4", 30))
    once = [str(clip), "-o", str(folder / "once"), "--cache", str(folder / "cache")]
    with pytest.MonkeyPatch.context() as patch:
        for arguments in (once, [*once[:2], str(folder / "again"), *once[3:], "--baseline", str(folder / "once" / "quality.json")]):
            patch.setattr(sys, "argv", ["quality", *arguments])
            main()
    return folder


@pytest.mark.full
def test_the_page_stands_alone(run):
    page = (run / "again" / "quality.html").read_text(encoding="utf-8")
    links = _Links()
    links.feed(page)
    assert "script" not in links.tags
    assert all(link.startswith(("#", "data:image/jpeg;base64,")) for link in links.found)
    assert not re.search(r"url\(|@import|https?:", page)
    assert links.tags.count("img") >= 6
    assert "Compared with version" in page


@pytest.mark.full
def test_the_figures_are_written_down_with_what_made_them(run):
    written = json.loads((run / "once" / "quality.json").read_text(encoding="utf-8"))
    assert written["commit"]
    drive = written["clips"]["a clip"]["drives"]["silence"]
    assert len(drive["curves"]["got"]) == 30
    assert drive["figures"]["trace.opening_sd"] < 0.02
    assert drive["figures"]["likeness.touched_outside"] == 0


@pytest.mark.full
def test_the_same_version_measured_again_gives_the_same_figures(run):
    once, again = (json.loads((run / name / "quality.json").read_text(encoding="utf-8"))["clips"] for name in ("once", "again"))
    assert once == again
