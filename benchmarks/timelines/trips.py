"""Sends a timeline with everything through each format at each rate: `python -m benchmarks.timelines trips [--rendered] [--rate NAME]`.

Each is read, conformed, given takes, written and read again. A row counts the frames of the record that show another frame of the media
than they should, the takes whose pixels differ from the media where no mouth is, and what came in and is not there any more. Zeros are the
only good answer. With --rendered the takes have new mouths (about ten minutes on two cores); else they are copies of the media's pictures.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rendered", action="store_true", help="render the takes")
    from tests import actors
    from tests.timeline.everything import FORMATS, RATES

    parser.add_argument("--rate", action="append", choices=[each.name for each in RATES], help="one rate only; may be repeated")
    options = parser.parse_args()
    from tests.timeline.test_trips import plain, talking
    from tests.timeline.trips import copied, differs_at_the_mouth_alone, rendered, trip

    heads = ("format", "rate", "takes", "frames", "wrong", "pixels", "lost", "said")
    print("  ".join(head.ljust(8) for head in heads))
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("HEYGEM_CACHE", str(Path(folder, "cache")))
        for rate in (each for each in RATES if not options.rate or each.name in options.rate):
            home = Path(folder, rate.name.replace(" ", "-"))
            made = talking(actors.people(), rate, home) if options.rendered else plain(rate, home)
            for format in FORMATS:
                if options.rendered:
                    found = trip(format, made, rendered, differs_at_the_mouth_alone)
                else:
                    found = trip(format, made, lambda row, to, rate=rate: copied(row, to, rate), lambda a, b: bool((a == b).all()))  # type: ignore[misc]
                bad += not found.good
                values = (
                    format,
                    rate.name,
                    f"{found.clips}/{found.wanted}",
                    found.frames,
                    *map(len, (found.wrong, found.pixels, found.lost)),
                )
                print("  ".join(str(value).ljust(8) for value in (*values, len(found.said))), flush=True)
                for line in (*found.wrong[:3], *found.pixels[:3], *found.lost, *found.said):
                    print(f"          {line}")
    sys.exit(f"{bad} trips lost something" if bad else None)


if __name__ == "__main__":
    main()
