"""Measures how well predicted mouths follow real ones, on people who were not in the training, and prints one table.

    python -m benchmarks.motion ../shared/clips [--model mel] [--cache FOLDER] [--json FILE]

Only usable frames inside utterances count. Every figure stands beside baselines that know no words: the training
speaker's mean curve, the smoothed loudness, and the model fed another clip's speech. Intervals are 95 % bootstraps over clips.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from heygem_core.face.mesh import lower_lip_gap
from heygem_core.motion.adaptation import adapt
from heygem_core.motion.footage import Footage, read_footage
from heygem_core.motion.measures import MotionMetrics, best_lag, bootstrap, compare_motion
from heygem_core.motion.motion_model import MotionModel, load_motion_model
from heygem_core.motion.predict import predict_with
from heygem_core.motion.training.augment import music, over
from heygem_core.quality.curves import CLOSED_GAP
from heygem_core.speech.features import FRAME_RATE
from heygem_core.speech.voice_activity import loudness_db, speaking

SHORTEST_SPEECH_S = 3.0  # clips with less speech are single words
SHORTEST_ADAPTED_S = 9.9
GRID_FOLDER = "grid"  # clips below it are of the training corpus (other speakers) and reported apart
LOUDNESS_SMOOTHING_S = 0.04


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("clips", type=Path, nargs="?", default=Path(__file__).parents[2] / "shared" / "clips")
    options.add_argument("--model", default="mel", help="a shipped model's name or the path of a .safetensors file")
    options.add_argument("--cache", type=Path, help="folder that keeps the tracked clips for the next run")
    options.add_argument("--json", type=Path, help="write every figure there")
    chosen = options.parse_args()
    model = load_motion_model(chosen.model)
    clips = list(footages(chosen.clips, chosen.cache))
    groups = {
        "connected speech": [c for path, c in clips if GRID_FOLDER not in path.parts and speech_duration_s(c) >= SHORTEST_SPEECH_S],
        "GRID, other speakers": [c for path, c in clips if GRID_FOLDER in path.parts],
    }
    tables = {name: judge(model, group) for name, group in groups.items() if group}
    for name, rows in tables.items():
        print(table(name, rows))
    talks = groups["connected speech"]
    figures = {
        "adaptation": adaptation(model, [c for c in talks if c.times[-1] > SHORTEST_ADAPTED_S]),
        "r under other sounds": disturbances(model, talks),
        "opening in silence": silence(model, [c for path, c in clips if "silent" in path.stem]),
        "seconds for a minute of speech": {"wall": round(speed(model, clips[0][1]), 2)},
    }
    for name, values in figures.items():
        print(f"\n{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))
    if chosen.json:
        chosen.json.write_text(json.dumps({"clips": tables, **figures}, indent=1))


def footages(folder: Path, cache: Path | None) -> Iterable[tuple[Path, Footage]]:
    """Tracks every clip below the folder."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".mp4", ".mov", ".mpg", ".mkv", ".webm")):
        kept = cache / f"{path.stem}.npz" if cache else None
        if kept and kept.exists():
            yield path, Footage.load(kept)
            continue
        print("tracking", path.name, file=sys.stderr)
        footage = read_footage(path)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            footage.save(kept)
        yield path, footage


def speech_duration_s(footage: Footage) -> float:
    """Seconds in which somebody speaks."""
    return float(speaking(footage.samples).sum()) / FRAME_RATE


def judge(model: MotionModel, clips: list[Footage]) -> list[dict[str, float | str]]:
    """One row of figures per clip, baselines beside the model."""
    rows = []
    for k, clip in enumerate(clips):
        figures: MotionMetrics = compare_motion(predict_with(model, clip.samples), clip)
        rows.append(asdict(figures) | baselines(model, clip, clips[(k + 1) % len(clips)]))
    return rows


def baselines(model: MotionModel, clip: Footage, other: Footage) -> dict[str, float]:
    """r at the best lag of what knows no words: loudness, the mean curve, and the model with another clip's speech."""
    use = clip.in_utterances()
    times, truth = clip.times[use], clip.gap[use]
    at = np.arange(len(clip.samples) // 160) / FRAME_RATE
    loud = gaussian_filter1d(loudness_db(clip.samples), LOUDNESS_SMOOTHING_S * FRAME_RATE)[: len(at)]
    mean = np.array(model.facts.get("mean_gap_curve", [0.0]))
    start = float(np.argmax(speaking(clip.samples))) / FRAME_RATE
    wrong = predict_with(model, np.resize(other.samples, len(clip.samples)))
    return {
        "loudness_r": best_lag(lambda t: np.interp(t, at, loud), times, truth)[0],
        "mean_curve_r": best_lag(lambda t: np.interp((t - start) * 25 % len(mean), np.arange(len(mean)), mean), times, truth)[0],
        "wrong_speech_r": best_lag(lambda t: lower_lip_gap(wrong.at(t, frame_s=clip.frame_s)), times, truth)[0],
    }


COLUMNS = (
    *("r", "r_at_zero", "lag_s", "width_r", "amplitude", "recall", "precision"),
    *("loudness_r", "mean_curve_r", "wrong_speech_r"),
)


def table(title: str, rows: list[dict[str, float | str]]) -> str:
    """Plain text: a line per clip, the worst first, then means with intervals and medians."""
    lines = [
        f"\n{title}: {len(rows)} clips, {sum(int(r['frames']) for r in rows)} frames; closed = lip gap under {CLOSED_GAP} eye distances"
    ]
    lines.append(f"{'':24}{'frames':>7}" + "".join(f"{c:>15}" for c in COLUMNS))
    for row in sorted(rows, key=lambda r: float(r["r"])):
        lines.append(f"{row['name']!s:24}{row['frames']:>7}" + "".join(f"{float(row[c]):>15.2f}" for c in COLUMNS))
    middle, low, high = zip(*(bootstrap([float(r[c]) for r in rows]) for c in COLUMNS), strict=True)
    spans = [f"{a:.2f}–{b:.2f}" for a, b in zip(low, high, strict=True)]
    lines.append(f"{'mean':31}" + "".join(f"{v:>15.3f}" for v in middle))
    lines.append(f"{'95 % of means':31}" + "".join(f"{s:>15}" for s in spans))
    lines.append(f"{'median':31}" + "".join(f"{np.nanmedian([float(r[c]) for r in rows]):>15.3f}" for c in COLUMNS))
    best = max(middle[COLUMNS.index(c)] for c in ("loudness_r", "mean_curve_r", "wrong_speech_r"))
    lines.append(f"above the best baseline by {middle[0] - best:+.3f}")
    for kind in ("recall", "precision"):
        count = "closures" if kind == "recall" else "predicted_closures"
        total = sum(int(r[count]) for r in rows)
        lines.append(
            f"{kind} of all {total} closures: {sum(float(r[kind]) * int(r[count]) for r in rows if int(r[count])) / max(total, 1):.2f}"
        )
    return "\n".join(lines)


def adaptation(model: MotionModel, clips: list[Footage]) -> dict[str, float]:
    """Means over the second halves of the clips, plain and adapted on the first halves."""
    plain, adapted, used = [], [], 0
    for clip in clips:
        half = len(clip.times) // 2
        found, _ = adapt(clip.part(0, half), model)
        rest = clip.part(half, len(clip.times))
        used += found is not None
        plain.append(compare_motion(predict_with(model, clip.samples), rest))
        adapted.append(compare_motion(predict_with(model, clip.samples, found), rest))
    gain, low, high = bootstrap([b.r - a.r for a, b in zip(plain, adapted, strict=True)])
    return {
        "clips": len(clips),
        "adapted": used,
        "r plain": round(float(np.mean([f.r for f in plain])), 3),
        "r adapted": round(float(np.mean([f.r for f in adapted])), 3),
        "gain": round(gain, 3),
        "gain from": round(low, 3),
        "gain to": round(high, 3),
        "width r plain": round(float(np.mean([f.width_r for f in plain])), 3),
        "width r adapted": round(float(np.mean([f.width_r for f in adapted])), 3),
        "worst amplitude plain": round(farthest_from_one([f.amplitude for f in plain]), 2),
        "worst amplitude adapted": round(farthest_from_one([f.amplitude for f in adapted]), 2),
    }


def farthest_from_one(ratios: list[float]) -> float:
    """The ratio that is farthest from 1, whether too large or too small."""
    return ratios[int(np.argmax(np.abs(np.log(ratios))))]


def disturbances(model: MotionModel, clips: list[Footage]) -> dict[str, float]:
    """Mean r at the best lag where something else sounds under the speech."""
    result = {}
    for name, other in {"music": music, "hiss": lambda n, rng: rng.standard_normal(n)}.items():
        for ratio_db in (15, 5):
            rs = []
            for k, clip in enumerate(clips):
                mixed = over(clip.samples, other(len(clip.samples), np.random.default_rng(k)), ratio_db)
                motion, use = predict_with(model, mixed), clip.in_utterances()
                gap = lambda t, m=motion, s=clip.frame_s: lower_lip_gap(m.at(t, frame_s=s))  # noqa: E731
                rs.append(best_lag(gap, clip.times[use], clip.gap[use])[0])
            result[f"{name} {ratio_db} dB under the voice"] = round(float(np.mean(rs)), 3)
    return result


def silence(model: MotionModel, silent: list[Footage]) -> dict[str, float]:
    """Standard deviation of the opening where nobody speaks: digital silence, hiss, hum, and clips without speech."""
    rng = np.random.default_rng(0)
    seconds = np.arange(160_000) / 16_000
    sounds = {
        "digital silence": np.zeros(160_000),
        "hiss": 0.02 * rng.standard_normal(160_000),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * seconds) + 0.03 * np.sin(2 * np.pi * 150 * seconds),
    }
    sounds |= {clip.name: clip.samples for clip in silent}
    times = np.arange(0, 10, 1 / 25)
    return {
        name: round(float(lower_lip_gap(predict_with(model, sound.astype(np.float32)).at(times)).std()), 4)
        for name, sound in sounds.items()
    }


def speed(model: MotionModel, clip: Footage) -> float:
    """Wall time to predict a minute of speech, after one run to warm up; the goal is 2 s on two cores."""
    minute = np.resize(clip.samples, 960_000)
    predict_with(model, minute[:160_000])
    began = time.perf_counter()
    predict_with(model, minute)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
