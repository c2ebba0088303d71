"""Measures how far this person's lips are seen to move when they are drawn, once a clip, with the face tracker.

The skin around drawn lips does not wrinkle with them, and donors keep something of their own shape, so lips appear to move less far than
they are drawn on one person and further on another. While the first shot of a clip is planned, a few of its frames are drawn with mouths
that a motion model would ask for (open, closed, wide, narrow) and tracked again. The shot's speech plays no part in it: new speech leaves
the figures, and with them every second that it does not change, as they were.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import UnreadableMedia
from ...face.detection_cache import faces_seen_in
from ...face.mesh import LIP_CORNERS, head_angles, lip_opening, lip_width
from ...face.reasons import Reason
from ...face.tracker import look
from ...face.tracker_registry import open_tracker
from ...face.tracks import TRACKS_VERSION
from ...media.content import frames_content
from ...media.upright import Upright, UprightView
from ...motion.model_choice import model_identity
from ...motion.motion import lip_gap_per_component
from ...motion.motion_model import MotionModel
from ...planning.person import Person, blend_shapes, covered_digest
from ...shot import RenderSettings, from_json, to_json
from ...storage.cache import Cache, key_of
from ..base import Engine, LipCalibration, StoredArrays
from ..compositing import draw_range
from .prepare import TYPICAL_GAIN, prepare_engine_inputs, widest_opening

if TYPE_CHECKING:
    from ...face.tracker import Face
    from ...media.info import MediaInfo
    from ...media.kept_regions import KeptRegions

Floats = NDArray[np.float32]

CALIBRATION_VERSION = 4  # raise it whenever the same clip would give another calibration
_FRAMES = 4  # of the clip that are drawn, from the head turned furthest left to furthest right
_TEST_MOUTHS = ((0.02, 0.02), (0.05, -0.06), (0.06, 0.03), (0.10, -0.03), (0.10, 0.05), (0.15, 0.0))  # gap, and width more than at rest
_WIDEST = 0.15  # a clip that never shows a mouth so far open is asked for less of each gap
_TRUST = 0.6  # of what is measured: a few frames tremble, and each speech asks for other mouths
_LEAST, _MOST = 0.9, 1.35
_TRUST_DRAWN, _MOST_DRAWN = 0.8, 1.4  # the same where the inside is drawn: nothing that was lent keeps a shape of its own
_APART = 0.02  # eye distances: mouths nearer to one another say little about a slope
_STRETCH_S = 6  # of the clip: frames that lie apart are decoded with all between them, so a whole clip would cost as much as tracking it
_FEWEST = 12  # frames of a clip from which measuring is worth while; a drawn mouth is measured on a single one, as of a still


TYPICAL = LipCalibration(across=TYPICAL_GAIN[0], down=TYPICAL_GAIN[1])  # of everybody on whom it was not measured


def calibrate_lips(
    engine: Engine,
    person: Person,
    info: MediaInfo,
    settings: RenderSettings,
    model: MotionModel,
    cache: Cache,
    regions: KeptRegions | None = None,
) -> LipCalibration:
    """The calibration of a person, from the cache or measured by drawing with `engine`; `TYPICAL` where there is too little to measure."""
    left_out = covered_digest(person)
    person = replace(person, reasons=np.where(person.learnable | ~person.usable, person.reasons, np.uint8(Reason.UNSURE)))
    if int(person.usable.sum()) < (_FEWEST if person.shows_mouth_inside else 1):
        return TYPICAL
    seen = (settings.tracker, person.number, person.first_frame, len(person.shapes), *left_out)
    clip = faces_seen_in(info, person.first_frame, person.first_frame + len(person.shapes))
    content = frames_content(info, *clip, cache)
    key = key_of(CALIBRATION_VERSION, TRACKS_VERSION, model_identity(model), content, seen)
    kept = cache.read("lip_calibrations", key, _read)
    if kept is not None:
        return kept
    calibration = measure_lips(engine, person, info, settings, model, regions)
    if frames_content(info, *clip, cache) != content:
        raise UnreadableMedia("media.changed", file=info.path.name)
    with cache.making("lip_calibrations", key) as made:
        (made / "calibration.json").write_bytes(to_json(calibration))
    return calibration


def _read(folder: Path) -> LipCalibration:
    return from_json((folder / "calibration.json").read_bytes(), LipCalibration)


def measure_lips(
    engine: Engine, person: Person, info: MediaInfo, settings: RenderSettings, model: MotionModel, regions: KeptRegions | None = None
) -> LipCalibration:
    """Draws some frames with known mouths and compares what the tracker sees with what was wanted."""
    person = _liveliest_stretch(person, info)
    base = _spread_over_poses(person)
    source = np.repeat(base, len(_TEST_MOUTHS))
    wanted = np.tile(_test_shapes(person, model), (len(base), 1, 1))
    wanted = blend_shapes(person.neutral, person.shapes[source], wanted)
    asked = np.stack([lip_width(wanted), lip_opening(wanted)])
    seen = _measure_drawn(engine, person, info, source + person.first_frame, wanted, settings, regions)
    if not person.shows_mouth_inside:
        # How wide the tracker sees test mouths with a drawn inside says little about how wide it sees those of a speech.
        return LipCalibration(
            across=TYPICAL.across, down=_gain_for(TYPICAL.down, _fitted_slope(asked[1], seen[1], source), _TRUST_DRAWN, _MOST_DRAWN)
        )
    across, down = (_gain_for(common, _slope(asked[k], seen[k], source)) for k, common in enumerate(TYPICAL_GAIN[:2]))
    return LipCalibration(across=across, down=down)


def _liveliest_stretch(person: Person, info: MediaInfo) -> Person:
    """The person with only those frames usable that lie in the stretch of `_STRETCH_S` in which the mouth opens furthest."""
    count, length = len(person.usable), max(_FEWEST, round(_STRETCH_S * info.mean_rate))
    opening = np.where(person.usable, lip_opening(person.shapes), -1)

    def liveliness(first: int) -> tuple[int, float]:
        widest = np.sort(opening[first : first + length])[-_FEWEST:]
        return int((widest >= 0).sum()), float(widest[0])  # enough frames first; one look at an open mouth is not liveliness

    best = max(range(0, max(1, count - length + 1), max(1, length // 4)), key=liveliness)
    at = np.arange(count)
    within = (at >= best) & (at < best + length)
    return replace(person, reasons=np.where(within | ~person.usable, person.reasons, np.uint8(Reason.NONE)))


def _spread_over_poses(person: Person) -> NDArray[np.int64]:
    """Positions (_FRAMES,) of usable frames, ascending, evenly spread over the ways the head is turned; fewer where there are fewer."""
    usable = np.flatnonzero(person.usable)
    turned = usable[np.argsort(head_angles(person.pose.rotation[usable])[:, 0], kind="stable")]
    return np.asarray(np.unique(turned[((np.arange(_FRAMES) + 0.5) / _FRAMES * len(turned)).astype(int)]))


def _test_shapes(person: Person, model: MotionModel) -> Floats:
    """This person's shapes (len(_TEST_MOUTHS), 478, 3) with the gaps and widths of `_TEST_MOUTHS`, each the likeliest of the model's."""
    left, right = (model.vertices.index(corner) for corner in LIP_CORNERS)
    per_component = np.stack([lip_gap_per_component(model.basis, model.vertices), model.basis[:, right, 0] - model.basis[:, left, 0]])
    least = np.linalg.pinv(per_component)  # components are in standard deviations: the shortest is the likeliest
    # No donor limits how far a drawn mouth opens, however closed the clip's own stays.
    room = min(1.0, widest_opening(person) / _WIDEST) if person.shows_mouth_inside else 1.0
    shapes = np.repeat(person.neutral[None], len(_TEST_MOUTHS), 0)
    asked = np.array([(gap * room, wider) for gap, wider in _TEST_MOUTHS])
    shapes[:, list(model.vertices)] += np.tensordot(asked @ least.T, model.basis, 1).astype(np.float32)
    return shapes


def _measure_drawn(
    engine: Engine,
    person: Person,
    info: MediaInfo,
    frames: NDArray[np.int64],
    wanted: Floats,
    settings: RenderSettings,
    regions: KeptRegions | None,
    gain: tuple[float, float, float] = TYPICAL_GAIN,
) -> NDArray[np.float64]:
    """Width and opening (2, n) that the tracker sees where frames (n,) of the file were drawn as wanted; NaN where it sees no face."""
    seen = np.full((2, len(frames)), np.nan)
    upright, before = Upright(info), -1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, closing(open_tracker(settings.tracker)) as eyes:
        prepare_engine_inputs(info, person, frames, wanted.copy(), 1.0, Path(scratch), gain=gain, regions=regions)
        np.save(Path(scratch) / "frames.npy", frames)
        np.save(Path(scratch) / "reasons.npy", np.full(len(frames), Reason.USABLE, np.uint8))
        plan = StoredArrays(info=info, folder=Path(scratch))
        # On the processor whatever draws the take: every machine then finds the same figures.
        for drawn in draw_range(engine, plan, 0, len(frames), torch.device("cpu")):
            faces = look(eyes, UprightView(drawn.picture, upright), first=frames[drawn.number] != before)
            before = frames[drawn.number]
            where = _same_face(person, before - person.first_frame, faces)
            if where is not None:
                seen[:, drawn.number] = lip_width(where), lip_opening(where)
    return seen


def _same_face(person: Person, at: int, faces: list[Face]) -> NDArray[np.float32] | None:
    """The points (478, 3) of the face that stands where this person's does in frame `at` of the clip."""
    middle, reach = person.pose.shift[at, :2], person.pose.scale[at]
    for face in faces:
        if np.linalg.norm(face.points[[33, 263], :2].mean(0) - middle) < 0.5 * reach:
            return np.asarray(face.points)
    return None


def _slope(asked: Floats, seen: NDArray[np.float64], frame: NDArray[np.int64]) -> float | None:
    """How much further `seen` (n,) goes where `asked` (n,) goes by one: the median over pairs of the same frame, each weighing as much
    as its two differ (P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968). None without pairs.
    """
    pairs = [(i, j) for i, j in combinations(range(len(asked)), 2) if frame[i] == frame[j] and abs(asked[i] - asked[j]) > _APART]
    slopes = np.array([(seen[j] - seen[i]) / (asked[j] - asked[i]) for i, j in pairs])
    weight = np.array([abs(asked[j] - asked[i]) for i, j in pairs])
    known = np.isfinite(slopes)
    if known.sum() < len(_TEST_MOUTHS):
        return None
    order = np.argsort(slopes[known], kind="stable")
    total = weight[known][order].cumsum()
    return float(slopes[known][order][np.searchsorted(total, total[-1] / 2)])


def _fitted_slope(asked: Floats, seen: NDArray[np.float64], frame: NDArray[np.int64]) -> float | None:
    """The same by least squares: of one still there are too few pairs for their median to keep still."""
    along = across = 0.0
    for number in np.unique(frame):
        known = (frame == number) & np.isfinite(seen)
        if known.sum() > len(_TEST_MOUTHS) // 2:
            off = asked[known] - asked[known].mean()
            along, across = along + float(off @ seen[known]), across + float(off @ off)
    return along / across if across else None


def _gain_for(common: float, slope: float | None, trust: float = _TRUST, most: float = _MOST) -> float:
    """The gain that makes up for a slope, rounded to hundredths so that the last bits of a drawing do not matter."""
    if slope is None:
        return common
    return round(float(np.clip(common / max(1 + trust * (slope - 1), 0.1), _LEAST, most)), 2)
