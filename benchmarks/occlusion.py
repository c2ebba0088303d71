"""Draws things before the mouths of clips, whose outlines are then known, and measures how well they are found and kept.

    python -m benchmarks.occlusion ../shared/clips [--hands ../shared/clips/man_1080x1920_30fps.mp4] [--half tune|report] [--frames 96]
        [--sheet FOLDER]

Things are a microphone, a cup, a drawn hand, a flat shape of this person's own colour that looks like no hand ("palm"), and with --hands a
closed and an open hand that are cut out of a clip in which somebody gestures; they go with the head, come up from below, or cross the
face, and are there for about a third of the frames. Every second frame is looked at, about as often as a render looks. Faces are tracked
in the pictures with the things in them. IoU and the share of a thing's pixels that survive count what lies on the face; a frame that passes
through keeps all of it. Clean clips tell the false alarms.
Clips are split in two by their names: thresholds are chosen on one half, figures told of the other.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from heygem_core.face import occlusion
from heygem_core.face.hands import HandFinder, hands_near, palm_length
from heygem_core.face.tracker_registry import open_tracker
from heygem_core.media.probe import probe
from heygem_core.media.upright import upright_frames

from .laid_hands import CutHand, cut_hands, drawn_hand

KINDS = ("microphone", "hand", "palm", "cup")
PHOTOGRAPHED = ("closed hand", "open hand")
WAYS = ("with the head", "from below", "across")
CHEEKS, MOUTH, EYES = (50, 280), (13, 14), (33, 263)
EVERY = 2
LONGEST_SIDE = 360  # pixels: what is found depends on the grid, not on the size
PALM, TILT = 0.85, 0.25  # length in eye distances (of the outer corners); radians
TARGET_FALSE_ALARMS = 0.005

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Outcome(NamedTuple):
    """Of one clip with one thing."""

    iou: float
    kept: float  # share of the thing's pixels on the face that survive
    missed: int  # frames in which it is large and nothing was found
    unsure: int  # frames that pass through
    frames: int  # in which it is large


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="*")
    parser.add_argument("--half", choices=("tune", "report"))
    parser.add_argument("--hands", type=Path, metavar="CLIP")
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--sheet", type=Path, help="folder for a strip of frames of each thing")
    options = parser.parse_args()
    files = [file for given in options.clips for file in (given.rglob("*") if given.is_dir() else [given])]
    paths = sorted(file for file in files if file.suffix in (".mp4", ".mpg"))
    halves = {"tune": paths[::2], "report": paths[1::2], None: paths}
    cut = None if options.hands is None else cut_hands(options.hands)
    hands: dict[str, CutHand] = {} if cut is None else dict(zip(PHOTOGRAPHED, cut, strict=True))
    alarms = suspected = looked = 0
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    with closing(HandFinder()) as finder:
        for path in halves[options.half]:
            pictures = read(path, options.frames, EVERY)
            points = track(pictures)
            if points is None or len(pictures) < occlusion.FEWEST:
                continue
            covered, unsure, _ = find(pictures, points, finder)
            alarms, suspected, looked = alarms + int(covered.any((1, 2)).sum()), suspected + int(unsure.sum()), looked + len(pictures)
            print(
                f"{path.stem:28} clean: {int(covered.any((1, 2)).sum())} covered, {int(unsure.sum())} unsure of {len(pictures)}", flush=True
            )
            for kind, way in product((*KINDS, *hands), WAYS):
                sheet = None if options.sheet is None else options.sheet / f"{path.stem}-{kind}-{way}.png"
                outcome = judge(pictures, points, kind, way, finder, hands.get(kind), sheet)
                if outcome is not None:
                    outcomes.setdefault((kind, way), []).append(outcome)
    print(f"\n{'':28}{'clips':>6}{'IoU':>8}{'kept':>8}{'missed':>8}{'passed':>8}{'frames':>8}")
    for (kind, way), found in outcomes.items():
        iou, kept = (np.mean([getattr(each, name) for each in found]) for name in ("iou", "kept"))
        counts = "".join(f"{sum(getattr(each, name) for each in found):8}" for name in ("missed", "unsure", "frames"))
        print(f"{kind + ' ' + way:28}{len(found):6}{iou:8.2f}{kept:8.3f}{counts}")
    share = (alarms + suspected) / max(looked, 1)
    print(f"false alarms: {alarms} covered and {suspected} unsure of {looked} frames = {share:.2%}   target ≤ {TARGET_FALSE_ALARMS:.1%}")


def read(path: Path, count: int, every: int = 1) -> Pictures:
    """(n, h, w, 3) some of the first frames, made smaller."""
    info = probe(path)
    frames = [picture for number, picture in upright_frames(info, 0, min(count, info.frame_count)) if number % every == 0]
    scale = min(1.0, LONGEST_SIDE / max(frames[0].shape[:2]) * (2 if max(frames[0].shape[:2]) > 1000 else 1))
    size = (round(frames[0].shape[1] * scale), round(frames[0].shape[0] * scale))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])


def track(pictures: Pictures) -> Floats | None:
    """(n, 478, 2) of the best face; where it is not seen, as in the frame before. None = it is never seen."""
    points: list[Floats] = []
    with closing(open_tracker("mediapipe")) as tracker:
        for number, picture in enumerate(pictures):
            faces = tracker.detect(np.ascontiguousarray(picture), first=number == 0)
            if faces:
                points.append(max(faces, key=lambda face: face.score).points[:, :2])
            elif points:
                points.append(points[-1])
    return np.stack([points[0]] * (len(pictures) - len(points)) + points) if points else None


def find(pictures: Pictures, points: Floats, finder: HandFinder) -> tuple[NDArray[np.bool_], NDArray[np.bool_], occlusion.FaceGrid]:
    """Covered places, unsure frames and the grid."""
    grid, follows = occlusion.face_grid(points), occlusion.habits(points)
    textures = np.stack([occlusion.face_texture(picture, at, grid) for picture, at in zip(pictures, points, strict=True)])
    strange = occlusion.strangeness(textures, follows, grid)
    wanted = occlusion.may_be_covered(strange, grid)
    behind = occlusion.behind_hands(
        wanted, lambda rows: [(hands_near(finder, pictures[row], points[row]), points[row]) for row in rows], grid
    )
    if behind.any():
        strange = occlusion.strangeness(textures, follows, grid, behind)
    return *occlusion.covered_places(strange, grid, behind), grid


def judge(
    pictures: Pictures, clean: Floats, kind: str, way: str, finder: HandFinder, hand: CutHand | None = None, sheet: Path | None = None
) -> Outcome | None:
    """Draws a thing, finds it and compares."""
    drawn, masks = zip(*with_thing(pictures, clean, kind, way, hand), strict=True)
    points = track(np.stack(drawn))
    if points is None:
        return None
    covered, unsure, grid = find(np.stack(drawn), points, finder)
    both = either = kept = whole = 0.0
    missed = frames = 0
    strip = []
    for number, (picture, mask) in enumerate(zip(drawn, masks, strict=True)):
        face = np.zeros(mask.shape, np.uint8)
        places = grid.positions(clean[number])
        cv2.fillConvexPoly(face, cv2.convexHull(places[occlusion.UPPER_ROWS :][grid.face[occlusion.UPPER_ROWS :]].astype(np.int32)), [1])
        thing = (mask > 0.5) & (face > 0)
        large = thing.sum() > 0.05 * face.sum()
        frames += large
        if unsure[number]:
            kept, whole = kept + thing.sum(), whole + thing.sum()
            continue
        level = np.zeros(mask.shape, np.float32)
        if covered[number].any():
            luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
            level = occlusion.cover_in_picture(luma, covered[number], grid.positions(points[number]) - 0.5) * face
        found = level > 0.5
        both, either = both + (found & thing).sum(), either + (found | thing).sum()
        kept, whole = kept + (level * thing).sum(), whole + thing.sum()
        missed += large and not covered[number].any()
        if large and len(strip) < 8:
            strip.append((picture * (1 - 0.6 * level[..., None]) + level[..., None] * [0, 153, 0]).astype(np.uint8))
    if sheet is not None and strip:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(sheet), np.concatenate(strip, 1)[..., ::-1])
    return Outcome(both / max(either, 1), kept / max(whole, 1), missed, int(unsure.sum()), frames) if whole else None


def with_thing(
    pictures: Pictures, points: Floats, kind: str, way: str, hand: CutHand | None = None
) -> Iterator[tuple[NDArray[np.uint8], Floats]]:
    """Each picture with the thing in it, and (h, w) 0 … 1 where it lies."""
    first, last = round(0.3 * len(pictures)), round(0.65 * len(pictures))
    eye = float(np.linalg.norm(points[:, EYES[1]] - points[:, EYES[0]], axis=1).mean())
    mouth, middle = points[:, list(MOUTH)].mean(1), points[len(points) // 2]
    spots = [middle[vertex].astype(int) for vertex in CHEEKS]
    skin = np.median(np.concatenate([pictures[len(points) // 2][y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3) for x, y in spots]), 0)
    for number, picture in enumerate(pictures):
        if not first <= number < last:
            yield picture, np.zeros(picture.shape[:2], np.float32)
            continue
        share = (number - first) / (last - first - 1)
        at = {
            "with the head": mouth[number] + 0.12 * eye,
            "from below": mouth.mean(0) + [-0.1 * eye, (1.1 - np.sin(np.pi * share)) * 1.3 * eye],
            "across": mouth.mean(0) + [(share - 0.5) * 2.2 * eye, 0.1 * eye],
        }[way]
        if kind == "hand" and hand is None:
            hand = drawn_hand()
        if hand is None:
            yield thing_at(picture, kind, float(at[0]), float(at[1]), eye, skin)
        else:
            yield hand_at(picture, hand, at, eye, skin)


def thing_at(picture: NDArray[np.uint8], kind: str, x: float, y: float, eye: float, skin: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """The picture with a shaded thing at a place, sized by the distance of the eyes, and its mask."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    colour = {"microphone": np.array([38, 38, 42]), "cup": np.array([205, 60, 50]), "palm": skin}[kind]
    if kind == "microphone":
        cv2.ellipse(mask, ((x, y), (0.42 * eye, 0.55 * eye), 0), [255], -1)
        cv2.rectangle(mask, (int(x - 0.14 * eye), int(y)), (int(x + 0.14 * eye), height), [255], -1)
    elif kind == "cup":
        corners = np.array([(-0.4, -0.2), (0.4, -0.2), (0.32, 0.9), (-0.32, 0.9)]) * eye + [x, y]
        cv2.fillPoly(mask, [corners.astype(np.int32)], [255])
    else:
        for finger in range(4):
            place = (x + (0.24 * finger - 0.36) * eye, y + 0.1 * eye * abs(finger - 1.5))
            cv2.ellipse(mask, (place, (0.21 * eye, 0.9 * eye), 8 * (finger - 1.5)), [255], -1)
        cv2.ellipse(mask, ((x, y + 0.6 * eye), (0.9 * eye, 0.7 * eye), 0), [255], -1)
    across = (np.arange(width) - x) / eye
    shade = (1 - 0.15 * across + 0.08 * np.sin(14 * np.arange(width) / eye))[None, :, None]
    alpha = cv2.GaussianBlur(mask, (0, 0), max(0.7, 0.012 * eye)).astype(np.float32) / 255
    laid = np.clip(colour[None, None] * shade, 0, 255)
    return (picture * (1 - alpha[..., None]) + laid * alpha[..., None]).round().astype(np.uint8), alpha


def hand_at(picture: NDArray[np.uint8], hand: CutHand, at: Floats, eye: float, skin: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """The picture with a photographed hand that comes up to a place, in the colour of this person's skin, and its mask."""
    up = hand.landmarks[9] - hand.landmarks[0]
    scale = PALM * eye / palm_length(hand.landmarks)
    turn = np.arctan2(up[0], -up[1]) + TILT
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    to_picture = np.array([[cos, sin, 0], [-sin, cos, 0]])
    to_picture[:, 2] = at - to_picture[:, :2] @ hand.landmarks.mean(0)
    size = picture.shape[1], picture.shape[0]
    alpha = np.asarray(cv2.warpAffine(hand.alpha, to_picture, size, flags=cv2.INTER_AREA), np.float32)
    rgb = cv2.warpAffine(cv2.GaussianBlur(hand.rgb, (0, 0), max(0.3, 0.4 / scale)), to_picture, size, borderMode=cv2.BORDER_REPLICATE)
    middle = np.median(hand.rgb[hand.alpha > 0.9], 0)
    laid = np.clip(rgb * (0.95 * skin / np.maximum(middle, 1)), 0, 255)
    return (picture * (1 - alpha[..., None]) + laid * alpha[..., None]).round().astype(np.uint8), alpha


if __name__ == "__main__":
    main()
