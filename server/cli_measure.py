"""`heygem measure`: the quality report of a take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import msgspec

from heygem_core.shot import to_json

if TYPE_CHECKING:
    from heygem_core.quality import Quality

_WORDS = {
    "r": "follows the wanted curve (correlation)",
    "r_best": "the same at the best lag",
    "lag_ms": "lag, ms (+ = late)",
    "amplitude": "size of the movement (1 = as wanted)",
    "sharpness": "sharpness of the mouth (1 = as the source)",
    "flicker": "flicker (1 = as the source)",
    "rim": "gradient along the inner lips (1 = as the source)",
    "teeth": "movement of the teeth (1 = as the source)",
    "point_error": "lip points off by, eye distances",
    "frames": "frames",
    "measured_frames": "frames with a usable face",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "measure", help="print the quality report of a take", description="Looks at a take again and compares it with its source."
    )
    parser.add_argument("take", metavar="TAKE", help="a video that `heygem render` made (its report lies beside it), or any video")
    parser.add_argument("--source", metavar="VIDEO", help="the footage to compare with (default: as the report says)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from heygem_core.measure import measure_take

    quality = measure_take(options.take, options.source)
    print(to_json(quality).decode() if options.json else table(quality))
    return 0


def table(quality: Quality) -> str:
    """The figures, a line each."""
    from heygem_core.quality import CurveMatch

    lines = []
    for name, value in msgspec.structs.asdict(quality).items():
        if isinstance(value, CurveMatch):
            for part, figure in msgspec.structs.asdict(value).items():
                lines.append((f"lip {name}: {_WORDS[part]}", figure))
        elif name in _WORDS:
            lines.append((_WORDS[name], value))
    width = max(len(label) for label, _ in lines)
    return "\n".join(
        f"{label:{width}}  {'–' if value is None else f'{value:.3f}' if isinstance(value, float) else value}" for label, value in lines
    )
