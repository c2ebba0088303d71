"""`heygem measure` as people read it: words for every figure, and a reason for every one that is missing."""

from __future__ import annotations

from benchmarks.quality.figures import flat
from heygem_core.quality.figures import Closures, CurveMatch, Likeness, OwnSpeech, Quality, SyncScore, Trace
from heygem_server.commands.columns import width
from heygem_server.commands.measure import table

MATCH = CurveMatch(r=0.5, r_best=0.6, lag_ms=-20.0, amplitude=1.1)
CLOSED = Closures(threshold=0.02, wanted=7, recall=0.5, shown=6, precision=None)
NOTHING = Quality(
    frames=2, measured_frames=1, opening=None, width=None, point_error=None, sharpness=None, flicker=None, rim=None, teeth=None
)
EVERYTHING = Quality(
    frames=20,
    measured_frames=19,
    opening=MATCH,
    width=MATCH,
    point_error=0.01,
    sharpness=1.0,
    flicker=1.0,
    rim=1.0,
    teeth=1.0,
    closures=CLOSED,
    real_opening=MATCH,
    real_closures=CLOSED,
    landmark_distance=0.02,
    trace=Trace(r=0.1, chance=0.4, size=0.001, opening_sd=0.002, opening_range=0.01),
    likeness=Likeness(frames=20, psnr=30.0, ssim=0.9, seam=1.0, ring_delta_e=0.1, touched_outside=0),
    own_speech=OwnSpeech(frames=18, opening=MATCH, chance=0.01, closures=CLOSED),
    syncnet=SyncScore(lse_c=7.5, lse_d=7.0, offset_ms=40.0, windows=15),
)


def test_every_figure_has_a_line_of_its_own():
    lines = table(EVERYTHING).splitlines()
    labels = [line.rsplit("  ", 1)[0].strip() for line in lines]
    assert len(labels) == len(set(labels)) == len(flat(EVERYTHING))
    assert sum(line.endswith("–") for line in lines) == 3  # the three precisions that are not known


def test_what_is_missing_says_why():
    lines = table(NOTHING).splitlines()
    for words in ("needs the report", "says what its source says", "in the cache", "--syncnet"):
        assert any(words in line for line in lines)


def test_the_table_speaks_the_language_of_the_terminal(monkeypatch):
    english = table(EVERYTHING).splitlines()
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    lines = table(EVERYTHING).splitlines()
    assert [line.rsplit("  ", 1)[1] for line in lines] == [line.rsplit("  ", 1)[1] for line in english]
    assert all(any(letter >= "\u4e00" for letter in line) for line in lines)
    assert len({width(line.rsplit("  ", 1)[0]) for line in lines}) == 1, "the figures stand below one another"
    assert "需要素材" in table(NOTHING)
