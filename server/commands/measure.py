"""`heygem measure`: prints the quality report of a take."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from heygem_core.messages import Message, here, tell
from heygem_core.printable import printable, printable_json
from heygem_core.shot import to_json

from .columns import padded, width
from .verbose import add_verbose

if TYPE_CHECKING:
    from heygem_core.quality.figures import Quality

_SECTIONS = {  # codes of the heads of the table; below, of its lines
    "opening": "measure.section-opening",
    "width": "measure.section-width",
    "closures": "measure.section-closures",
    "real_opening": "measure.section-real-opening",
    "real_closures": "measure.section-real-closures",
    "trace": "measure.section-trace",
    "likeness": "measure.section-likeness",
    "own_speech": "measure.section-own-speech",
    "syncnet": "measure.section-syncnet",
}
_NEEDS = {  # why a whole section may be missing
    "opening": "measure.needs-opening",
    "width": "measure.needs-opening",
    "closures": "measure.needs-opening",
    "real_opening": "measure.needs-real-opening",
    "real_closures": "measure.needs-real-opening",
    "trace": "measure.needs-trace",
    "likeness": "measure.needs-likeness",
    "own_speech": "measure.needs-own-speech",
    "syncnet": "measure.needs-syncnet",
}
_WORDS = {
    "frames": "measure.frames",
    "measured_frames": "measure.measured-frames",
    "r": "measure.r",
    "r_best": "measure.r-best",
    "lag_ms": "measure.lag-ms",
    "amplitude": "measure.amplitude",
    "point_error": "measure.point-error",
    "sharpness": "measure.sharpness",
    "flicker": "measure.flicker",
    "rim": "measure.rim",
    "teeth": "measure.teeth",
    "landmark_distance": "measure.landmark-distance",
    "threshold": "measure.threshold",
    "wanted": "measure.wanted",
    "recall": "measure.recall",
    "shown": "measure.shown",
    "precision": "measure.precision",
    "psnr": "measure.psnr",
    "ssim": "measure.ssim",
    "seam": "measure.seam",
    "ring_delta_e": "measure.ring-delta-e",
    "touched_outside": "measure.touched-outside",
    "size": "measure.size",
    "chance": "measure.chance",
    "opening_sd": "measure.opening-sd",
    "opening_range": "measure.opening-range",
    "lse_c": "measure.lse-c",
    "lse_d": "measure.lse-d",
    "offset_ms": "measure.offset-ms",
    "windows": "measure.windows",
}
_OTHERWISE = {  # where the same name says something else in another section
    ("real_opening", "r"): "measure.real-opening-r",
    ("real_opening", "amplitude"): "measure.real-opening-amplitude",
    ("trace", "r"): "measure.trace-r",
    ("trace", "size"): "measure.trace-size",
    ("likeness", "frames"): "measure.likeness-frames",
    ("own_speech", "frames"): "measure.own-speech-frames",
    ("own_speech", "chance"): "measure.own-speech-chance",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "measure", help="print the quality report of a take", description="Looks at a take again and compares it with its source."
    )
    parser.add_argument("take", metavar="TAKE", help="a video that `heygem render` made (its report lies beside it), or any video")
    parser.add_argument("--source", metavar="VIDEO", help="the footage to compare with (default: as the report says)")
    parser.add_argument(
        "--syncnet",
        metavar="FILE",
        help="also score with SyncNet: the path of syncnet_v2.model, or the word syncnet for what `heygem models get syncnet` fetched",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from heygem_core.quality.measure import measure_take
    from heygem_core.weights.installed import path_of

    syncnet = path_of("syncnet") if options.syncnet == "syncnet" else options.syncnet
    quality = measure_take(options.take, options.source, syncnet=syncnet)
    print(printable_json(to_json(quality)) if options.json else table(quality))
    return 0


def table(quality: Quality) -> str:
    """The figures, a line each, in the language of the terminal; "–" where one cannot be said."""
    lines = [(here(label), value) for label, value in _lines(quality)]
    places = max(width(label) for label, _ in lines)
    return "\n".join(f"{padded(label, places)}  {_text(value)}" for label, value in lines)


def _text(value: float | int | str | None) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else printable(value)


def _lines(figures: Any, section: str = "", title: Message | None = None) -> Iterator[tuple[Message, float | int | str | None]]:
    """(words, figure) of a struct and of those in it."""
    for name, value in msgspec.structs.asdict(figures).items():
        if isinstance(value, msgspec.Struct):
            inner = section or name
            head = tell(_SECTIONS[name])
            heading = head if title is None else tell("measure.head-within", outer=title, inner=head)
            yield from _lines(value, inner, heading)
        elif name in _WORDS:
            words = tell(_OTHERWISE.get((section, name), _WORDS[name]))
            yield (words if title is None else tell("measure.line", head=title, words=words)), value
        else:
            yield tell(_SECTIONS[name]), f"– ({here(tell(_NEEDS[name]))})"
