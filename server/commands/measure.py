"""`heygem measure`: prints the quality report of a take."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from heygem_core.printable import printable, printable_json
from heygem_core.shot import to_json

from .verbose import add_verbose

if TYPE_CHECKING:
    from heygem_core.quality.figures import Quality

_SECTIONS = {
    "opening": "lip opening",
    "width": "lip width",
    "closures": "closed lips",
    "real_opening": "against the real mouth, opening",
    "real_closures": "against the real mouth, closed lips",
    "trace": "old mouth",
    "likeness": "pixels",
    "own_speech": "own sound",
    "syncnet": "SyncNet",
}
_NEEDS = {  # why a whole section may be missing
    "opening": "needs the report that lies beside a take",
    "width": "needs the report that lies beside a take",
    "closures": "needs the report that lies beside a take",
    "real_opening": "only where a take says what its source says",
    "real_closures": "only where a take says what its source says",
    "trace": "only where a take says something else than its source",
    "likeness": "needs the footage, and the plan in the cache: render the take again",
    "own_speech": "only for videos without a report, and with a second of speech",
    "syncnet": "needs --syncnet and sound",
}
_WORDS = {
    "frames": "frames",
    "measured_frames": "frames with a usable face",
    "r": "follows the wanted curve (correlation)",
    "r_best": "the same at the best lag",
    "lag_ms": "lag, ms (+ = late)",
    "amplitude": "size of the movement (1 = as wanted)",
    "point_error": "lip points off by, eye distances",
    "sharpness": "sharpness of the mouth (1 = as the source)",
    "flicker": "flicker (1 = as the source)",
    "rim": "gradient along the inner lips (1 = as the source)",
    "teeth": "movement of the teeth (1 = as the source)",
    "landmark_distance": "lip points off the real ones by, eye distances (head movement taken out)",
    "threshold": "a gap counts as closed below, eye distances",
    "wanted": "closures wanted",
    "recall": "share of the wanted ones shown",
    "shown": "closures shown",
    "precision": "share of the shown ones wanted",
    "psnr": "mouth against the source, dB (PSNR)",
    "ssim": "mouth against the source (SSIM, 1 = the same)",
    "seam": "edge where the change ends (1 = none added)",
    "ring_delta_e": "colour off where the change fades out (ΔE, under 1 is not seen)",
    "touched_outside": "samples changed outside the matte",
    "size": "size of it",
    "chance": "that is by chance (below 0.05: it is not)",
    "opening_sd": "opening varies by, eye distances (standard deviation)",
    "opening_range": "opening moves by, eye distances (5 % to 95 %)",
    "lse_c": "confidence LSE-C (more is better; real video about 8)",
    "lse_d": "distance LSE-D (less is better; real video about 7)",
    "offset_ms": "offset, ms (+ = the mouth is late)",
    "windows": "windows of five frames",
}
_OTHERWISE = {  # where the same name says something else in another section
    ("real_opening", "r"): "follows the real curve (correlation)",
    ("real_opening", "amplitude"): "size of the movement (1 = as the real one)",
    ("trace", "r"): "still in the take (partial correlation)",
    ("trace", "size"): "how far the opening moves with it, eye distances (standard deviation)",
    ("likeness", "frames"): "frames compared",
    ("own_speech", "frames"): "frames inside speech",
    ("own_speech", "chance"): "that sound and lips agree by chance (small: they belong together)",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "measure", help="print the quality report of a take", description="Looks at a take again and compares it with its source."
    )
    parser.add_argument("take", metavar="TAKE", help="a video that `heygem render` made (its report lies beside it), or any video")
    parser.add_argument("--source", metavar="VIDEO", help="the footage to compare with (default: as the report says)")
    parser.add_argument("--syncnet", metavar="FILE", help="also score with SyncNet: the path of syncnet_v2.model, which you fetch yourself")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from heygem_core.quality.measure import measure_take

    quality = measure_take(options.take, options.source, syncnet=options.syncnet)
    print(printable_json(to_json(quality)) if options.json else table(quality))
    return 0


def table(quality: Quality) -> str:
    """The figures, a line each; "–" where one cannot be said."""
    lines = list(_lines(quality))
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:{width}}  {_text(value)}" for label, value in lines)


def _text(value: float | int | str | None) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else printable(value)


def _lines(figures: Any, section: str = "", title: str = "") -> Iterator[tuple[str, float | int | str | None]]:
    """(words, figure) of a struct and of those in it."""
    for name, value in msgspec.structs.asdict(figures).items():
        if isinstance(value, msgspec.Struct):
            inner = section or name
            heading = _SECTIONS[name] if not section else f"{title}, {_SECTIONS[name]}"
            yield from _lines(value, inner, heading)
        elif name in _WORDS:
            words = _OTHERWISE.get((section, name), _WORDS[name])
            yield (f"{title}: {words}" if title else words), value
        else:
            yield _SECTIONS[name], f"– ({_NEEDS[name]})"
