"""Renders a clip with a speech, losslessly, measures the take, and keeps figures, curves and stills of moments worth a look."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from heygem_core.engines.mesh.vertices import rows
from heygem_core.errors import NoSound
from heygem_core.face.mesh import INNER_LIP_PAIRS, OUTER_LIPS, eye_distance
from heygem_core.media.info import MediaInfo
from heygem_core.media.probe import probe
from heygem_core.media.sound import SPEECH_RATE, read_speech
from heygem_core.media.upright import upright_pictures
from heygem_core.planning.plan import Plan, open_plan
from heygem_core.quality.measure import TakeMeasurement, examine_take
from heygem_core.quality.observe import Observation
from heygem_core.rendering.render import render
from heygem_core.rendering.report import read_report
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_core.storage.cache import Cache

from .figures import flat

_OPEN = 0.05  # eye distances: openings from which a stretch is seen
_REACH = 0.62  # eye distances from the middle of the lips to a still's edge
_LEAST_PX = 300  # stills of small faces are enlarged to that

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One moment: the source's frame, and the take's below it."""

    why: str
    frame: int
    before: Picture  # (h, w, 3) RGB
    after: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One take of a clip, with its measures."""

    speech: str  # what it says, a file's name
    fps: float
    figures: dict[str, float | None]
    curves: dict[str, list[float | None]]  # per frame: wanted, got, source (openings); wanted_gap, got_gap, source_gap; loudness 0 … 1
    stills: list[Still]


def drive(clip: Path, speech: Path, frames: int, footage: Observation, folder: Path, cache: Path | None, syncnet: Path | None) -> Drive:
    """Renders the first frames of a clip with a speech and measures the take. Raises: HeygemError."""
    shot = Shot(video=str(clip), speech=str(speech), end_exclusive=frames)
    settings = RenderSettings(fit="hold", format="ffv1", sound="none" if syncnet is None else "speech")
    take = folder / "take.mkv"
    with closing(render(RenderTask(shot=shot, settings=settings, output=str(take), cache=str(cache) if cache else None))) as events:
        for _ in events:
            pass
    measurement = examine_take(take, cache=cache, footage=footage, syncnet=syncnet)
    info = probe(take)
    fps = float(info.rate or 25)
    return Drive(
        speech=speech.name,
        fps=fps,
        figures=flat(measurement.quality) | {"donor_stretch": donor_stretch(open_plan_of(take, cache))},
        curves=_curves(measurement, speech, fps),
        stills=_stills(measurement, clip, info),
    )


def open_plan_of(take: Path, cache: Path | None) -> Plan:
    """The plan that a take was just made from."""
    report = read_report(take)
    folder = Cache(cache).entry("plans", report.plan.key) if report else None
    assert report is not None
    assert folder is not None
    return open_plan(folder, probe(report.plan.shot.video))


def donor_stretch(plan: Plan) -> float | None:
    """How much further open than it was a lent mouth is shown: 95th percentile over the open frames; None where none is lent.

    Seen from the front only down the picture. Teeth of a mouth that is opened much further than it was look long.
    """
    donor, eye = plan.array("donor"), plan.array("eye")
    upper, lower = (rows(side) for side in zip(*INNER_LIP_PAIRS, strict=True))

    def gaps(points: NDArray) -> NDArray[np.float64]:
        return np.linalg.norm(points[:, lower] - points[:, upper], axis=-1).mean(1)

    used = np.flatnonzero((donor >= 0) & (gaps(plan.array("target")) > _OPEN * eye))
    if not len(used):
        return None
    own = gaps(plan.array("patch_points")[donor[used]]) / _donor_eyes(plan)[donor[used]]
    return float(np.percentile(gaps(plan.array("target")[used]) / eye[used] / np.maximum(own, 0.01), 95))


def _donor_eyes(plan: Plan) -> NDArray[np.float64]:
    """(D,) inter-ocular distance of each donor in its own pixels: the length of the skull's ruler across."""
    return np.linalg.norm(plan.array("patch_skull")[:, 1], axis=-1)


def write_silence(path: Path, seconds: float) -> Path:
    """Writes a silent sound file."""
    with av.open(str(path), "w") as box:
        stream = box.add_stream("pcm_s16le", rate=SPEECH_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, round(seconds * SPEECH_RATE)), np.int16), format="s16", layout="mono")
        frame.sample_rate = SPEECH_RATE
        box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return path


def _curves(measurement: TakeMeasurement, speech: Path, fps: float) -> dict[str, list[float | None]]:
    seen, source, under, wanted = measurement.seen, measurement.source, measurement.under, measurement.wanted
    curves: dict[str, NDArray] = {"got": seen.opening, "got_gap": seen.gap, "loudness": _loudness(speech, len(seen.opening), fps)}
    if wanted is not None:
        curves["wanted"] = wanted.opening
    if source is not None and under is not None:
        curves |= {"source": source.opening[under], "source_gap": source.gap[under]}
    if wanted is not None and wanted.gap is not None:
        curves["wanted_gap"] = wanted.gap
    return {name: [None if not np.isfinite(v) else round(float(v), 4) for v in curve] for name, curve in curves.items()}


def _loudness(speech: Path, frames: int, fps: float) -> NDArray[np.float64]:
    """(frames,) root mean square per frame over the loudest frame's."""
    try:
        samples = read_speech(speech).samples
    except NoSound:
        samples = np.zeros(0, np.float32)
    edges = [int(k * SPEECH_RATE / fps) for k in range(frames + 1)]
    level = np.array([np.sqrt(np.mean(samples[a:b] ** 2)) if len(samples[a:b]) else 0.0 for a, b in pairwise(edges)])
    return np.asarray(level / max(float(level.max()), 1e-3))


def moments(measurement: TakeMeasurement) -> list[tuple[str, int]]:
    """(why, frame of the take) of up to eight telling frames, in the order of time."""
    got, gap = measurement.seen.opening, measurement.seen.gap
    known = np.flatnonzero(np.isfinite(got))
    picks = {
        "widest open": known[np.argmax(got[known])],
        "most closed": known[np.argmin(gap[known])],
        "widest lips": known[np.nanargmax(measurement.seen.width[known])],
        "narrowest lips": known[np.nanargmin(measurement.seen.width[known])],
    }
    if measurement.wanted is not None and np.isfinite(off := np.abs(measurement.wanted.opening - got)).any():
        picks["furthest off"] = np.nanargmax(off)
    if measurement.source is not None and measurement.under is not None:
        old = measurement.source.opening[measurement.under]
        if np.isfinite(apart := np.abs(old - got)).any():
            picks["unlike the source"] = np.nanargmax(apart)
    if np.isfinite(measurement.seen.flicker).any():
        picks["most flicker"] = np.nanargmax(measurement.seen.flicker)
    if np.isfinite(measurement.seen.rim).any():
        picks["hardest rim"] = np.nanargmax(measurement.seen.rim)
    named: dict[int, list[str]] = {}
    for why, frame in picks.items():
        named.setdefault(int(frame), []).append(why)
    return [(", ".join(why), frame) for frame, why in sorted(named.items())]


def _stills(measurement: TakeMeasurement, clip: Path, take: MediaInfo) -> list[Still]:
    chosen, source = moments(measurement), probe(clip)
    numbers = [frame for _, frame in chosen]
    below = [int(measurement.under[k]) if measurement.under is not None else k for k in numbers]
    after, before = upright_pictures(take, numbers), upright_pictures(source, sorted(set(below)))
    stills = []
    for (why, k), number in zip(chosen, below, strict=True):
        points = measurement.seen.points[k]
        stills.append(Still(why=why, frame=k, before=_mouth(before[number], points), after=_mouth(after[k], points)))
    return stills


def _mouth(rgb: Picture, points: NDArray[np.float32]) -> Picture:
    """The mouth and what surrounds it, at the file's own size, enlarged by whole factors where it is small."""
    middle, reach = points[list(OUTER_LIPS), :2].mean(0), _REACH * float(eye_distance(points))
    factor = max(1, -(-_LEAST_PX // max(1, int(2 * reach))))
    size = int(2 * reach) * factor
    affine = np.array([[factor, 0, size / 2 - factor * middle[0]], [0, factor, size / 2 - factor * middle[1]]], np.float32)
    return np.asarray(cv2.warpAffine(rgb, affine, (size, size), flags=cv2.INTER_CUBIC), np.uint8)


def sheet(stills: list[Still]) -> Picture:
    """All stills of a drive side by side, before above after."""
    return np.vstack([np.hstack([getattr(s, row) for s in _alike(stills)]) for row in ("before", "after")])


def _alike(stills: list[Still]) -> list[Still]:
    """Brings pictures to one size, so that they can be put side by side."""
    size = max(s.after.shape[0] for s in stills)

    def sized(picture: Picture) -> Picture:
        return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)

    return [Still(why=s.why, frame=s.frame, before=sized(s.before), after=sized(s.after)) for s in stills]
