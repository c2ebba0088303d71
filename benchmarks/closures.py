"""Measures whether lips close in the middle of spoken words exactly where a p, b or m is said, and prints one table.

    python -m benchmarks.closures ../shared/data/mandarin_words [--models mel whisper] [--half 0|1]

The folder holds words.tsv with the columns `file` and `medial`: "closed" where the second syllable begins with p, b or m, "open" where
it needs no lips. Each word is heard with half a second of silence around it; its smallest lip gap between 22 % and 78 % of the sounding
part counts, and under 0.02 eye distances the lips are closed. --half: only every second word, so that what was tuned on one half is told
for the other.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heygem_core.face.mesh import lower_lip_gap
from heygem_core.media.sound import read_speech
from heygem_core.motion.motion_model import MotionModel, load_motion_model
from heygem_core.motion.predict import predict_with
from heygem_core.quality.curves import CLOSED_GAP
from heygem_core.speech.features import HOP, SAMPLE_RATE

Floats = NDArray[np.float32]

WORDS = Path(__file__).parents[2] / "shared" / "data" / "mandarin_words"
SILENCE_S = 0.5
MIDDLE = (0.22, 0.78)  # of the sounding part
QUIET = 0.05  # of the loudest: quieter is no sound
LOUDNESS_S = 0.02


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("words", type=Path, nargs="?", default=WORDS)
    options.add_argument("--models", nargs="+", default=["mel", "whisper"], metavar="NAME|PATH")
    options.add_argument("--half", type=int, choices=(0, 1), help="every second word, from this one on")
    chosen = options.parse_args()
    words = list(read_words(chosen.words))[slice(chosen.half, None, 1 if chosen.half is None else 2)]
    print(f"{len(words)} words\n\n| model | closures shown | others closed wrongly | area under the curve |\n|---|---|---|---|")
    for name in chosen.models:
        model = load_motion_model(name)
        gaps = np.array([smallest_gap(model, samples) for _, samples in words])
        wanted = np.array([closed for closed, _ in words])
        shown, wrong = (gaps[wanted] < CLOSED_GAP).mean(), (gaps[~wanted] < CLOSED_GAP).mean()
        print(f"| {name} | {shown:.3f} | {wrong:.3f} | {area(-gaps, wanted):.3f} |")


def read_words(folder: Path) -> Iterator[tuple[bool, Floats]]:
    """Whether the lips close in the middle, and the samples at 16 kHz with silence around them."""
    with (folder / "words.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield row["medial"] == "closed", np.pad(read_speech(folder / row["file"]).samples, round(SILENCE_S * SAMPLE_RATE))


def smallest_gap(model: MotionModel, samples: Floats) -> float:
    """Of the lips in the middle of a word, in eye distances."""
    motion = predict_with(model, samples)
    gap = motion.coefficients @ lower_lip_gap(motion.basis)
    span = round(LOUDNESS_S * SAMPLE_RATE)
    loudness = np.sqrt(np.convolve(samples**2, np.full(span, 1 / span), "same"))[::HOP]
    sounding = np.flatnonzero(loudness > QUIET * loudness.max())
    first, length = sounding[0], sounding[-1] - sounding[0]
    start, end = (int(first + share * length) for share in MIDDLE)
    return float(gap[start : end + 1].min())


def area(scores: Floats, wanted: NDArray[np.bool_]) -> float:
    """Under the curve of hits over false alarms: 0.5 = chance, 1 = perfect."""
    hits, misses = scores[wanted][:, None], scores[~wanted][None]
    return float(((hits > misses) + 0.5 * (hits == misses)).mean())


if __name__ == "__main__":
    main()
