"""Runs all measures of rendering, one after another: `python -m benchmarks` (about half an hour on two cores).

Reads clips from $HEYGEM_CLIPS or ../shared/clips. Exactness of files is no benchmark but a test: `pytest tests/media tests/rendering`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main() -> None:
    clips = Path(os.environ.get("HEYGEM_CLIPS", "../shared/clips"))
    if not clips.is_dir():
        sys.exit(f"{clips} is absent: set HEYGEM_CLIPS to a folder with clips of people (see CONTRIBUTING.md).")
    known = [str(clips / name) for name in ("man_1080x1920_30fps.mp4", "beard_1080x1920_25fps.mp4", "german_512x512_25fps.mp4")]
    shown = [
        str(clips / name) for name in ("man_1080x1920_30fps.mp4", "glasses_512x512_25fps.mp4", "talking/talk02.mp4", "grid/bbaf2n.mpg")
    ]
    for arguments in (
        ["benchmarks.known_shapes", "--frames", "300", *known],
        ["benchmarks.quality", "--frames", "100", "-o", "build/quality", *shown],
        ["benchmarks.occlusion", str(clips), "--half", "report"],
        ["benchmarks.cost", known[0]],
        ["benchmarks.motion"],
    ):
        print(f"\n$ python -m {' '.join(arguments)}", flush=True)
        subprocess.run([sys.executable, "-m", *arguments], check=True)


if __name__ == "__main__":
    main()
