"""With `occlusion` a microphone before a mouth is found in the clip: it stays whole, and the mouth moves behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.occlusion import EYES, MOUTH, thing_at, track
from heygem_core import RenderSettings, Shot, plan
from heygem_core.planning.covered import found_cover
from heygem_core.rendering.report import read_report

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
    events = make(source, sentence, tmp_path / "take.mkv", fit="hold", occlusion=True)
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
    settings: dict[str, Any] = {"device": "cpu", "fit": "hold", "motion": "mel"}
    without = plan(Shot(video=str(source), speech=str(sentence)), RenderSettings(**settings))
    assert not without.array("covered").any(), "it is not looked for unless it is asked for"
    assert found_cover(without.folder) is None
    assert without.facts.key != report.plan.key
