"""A microphone before a mouth is found in the clip: it stays whole, and the mouth moves behind it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.occlusion import EYES, MOUTH, thing_at, track
from heygem_core import RenderSettings, Shot, plan
from heygem_core.face import occlusion
from heygem_core.face.reasons import Reason
from heygem_core.media import kept_regions
from heygem_core.media.kept_regions import KeptRegions
from heygem_core.media.probe import probe
from heygem_core.planning.covered import find_cover, found_cover
from heygem_core.planning.known_person import find_tracks
from heygem_core.planning.person import person_of
from heygem_core.rendering.report import read_report
from heygem_core.shot import from_json
from heygem_core.storage.cache import Cache

from .making import make, notices, pictures, planes, write_clip


def test_a_microphone_before_the_mouth_stays_whole_and_the_mouth_moves_on(man: Path, sentence: Path, tmp_path: Path) -> None:
    frames = np.stack(pictures(man)[:60])
    points = track(frames)
    assert points is not None
    eye = float(np.linalg.norm(points[:, EYES[1]] - points[:, EYES[0]], axis=1).mean())
    drawn, masks = list(frames), np.zeros(frames.shape[:3], np.float32)
    for number in range(18, 39):
        x, y = (points[number, list(MOUTH)].mean(0) + 0.25 * eye).tolist()
        drawn[number], masks[number] = thing_at(frames[number], "microphone", x, y, 0.7 * eye, np.zeros(3, np.float32))
    source = write_clip(tmp_path / "clip.mp4", drawn)
    events = make(source, sentence, tmp_path / "take.mkv", fit="hold")
    report = read_report(tmp_path / "take.mkv")
    assert report is not None
    there = np.flatnonzero(masks.any((1, 2)))
    ((first, end),) = report.covered
    assert abs(first - there[0]) <= 1
    assert abs(end - 1 - there[-1]) <= 1
    assert not report.passed_through
    assert "Something lies before the mouth" in notices(events)
    before, after = planes(source), planes(tmp_path / "take.mkv")
    changed = [np.abs(a[0].astype(int) - b[0]) > 3 for a, b in zip(before, after, strict=True)]
    for number in there.tolist():
        assert changed[number][masks[number] > 0.9].mean() < 0.02, "the microphone survives"
        assert changed[number].any(), "the rest of the face still moves"
    settings: dict[str, Any] = {"device": "cpu", "fit": "hold", "motion": "mel", "occlusion": False}
    without = plan(Shot(video=str(source), speech=str(sentence)), RenderSettings(**settings))
    assert not without.array("covered").any(), "it is not looked for where that is forbidden"
    assert found_cover(without.folder) is None
    assert without.facts.key != report.plan.key


def test_looking_for_what_lies_before_a_mouth_decodes_no_frame_again(
    man: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was kept of a small picture that a face fills; of a large clip half was decoded again for a look at its hands."""
    info = probe(write_clip(tmp_path / "clip.mp4", pictures(man)[:60]))
    regions = KeptRegions(info)
    asked: list[int] = []
    read = kept_regions.read_scattered
    monkeypatch.setattr(kept_regions, "read_scattered", lambda info, numbers: asked.extend(numbers) or read(info, numbers))
    monkeypatch.setattr(occlusion, "may_be_covered", lambda strange, grid: np.ones(len(strange), bool))
    tracks, _ = ended(find_tracks(info, 0, 60, "mediapipe", Cache(tmp_path / "cache"), regions))
    person = person_of(tracks, info, None)
    cover = ended(find_cover(person, info, regions))
    assert not cover.packed.any()
    assert not cover.unsure.any()
    assert asked == []
    again = ended(find_cover(person, info, KeptRegions(info)))
    assert asked == [*range(0, 60, 2)] * 2, "of a clip whose faces were known: for the face, and for hands"
    np.testing.assert_array_equal(again.packed, cover.packed)


def test_what_the_first_and_last_look_saw_holds_to_the_ends_of_the_scene(
    man: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = probe(write_clip(tmp_path / "clip.mp4", pictures(man)[:61], rate=Fraction(60)))
    tracks, _ = ended(find_tracks(info, 0, 61, "mediapipe", Cache(tmp_path / "cache")))
    person = person_of(tracks, info, None)
    person = replace(person, reasons=np.where(np.arange(61) < 2, np.uint8(Reason.LOST), person.reasons))
    monkeypatch.setattr(occlusion, "FEWEST", 5)
    seen = np.zeros((15, occlusion.ROWS, occlusion.COLUMNS), bool)
    seen[0], seen[7] = True, True  # frames 4 and 32
    monkeypatch.setattr(occlusion, "covered_places", lambda strange, grid, behind: (seen, np.arange(len(strange)) == 14))  # frame 60
    cover = ended(find_cover(person, info, KeptRegions(info)))
    assert np.flatnonzero(cover.packed.any((1, 2))).tolist() == [*range(2, 8), *range(29, 36)]
    assert np.flatnonzero(cover.unsure).tolist() == [*range(57, 61)]


def test_a_job_that_says_nothing_looks_for_it_and_one_that_forbade_it_does_not() -> None:
    assert from_json("{}", RenderSettings).occlusion
    assert not from_json('{"occlusion": false}', RenderSettings).occlusion


def ended(steps: Generator[Any, None, Any]) -> Any:
    """What a step gives in the end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
