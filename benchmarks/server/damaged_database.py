"""Damages a database at random and repairs it: `python -m benchmarks.server damaged_database [--runs 100] [--seed 1]`.

Pages of noise or zeros, single bits, cut files. With a backup all jobs and takes must be there again; without one, whatever can be read.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from heygem_core.shot import RenderSettings
from heygem_server.store import Store
from heygem_server.store.backups import back_up
from heygem_server.store.salvage import salvage
from heygem_server.store.soundness import damage_of

from .common import submit

_PAGE = 4096
_JOBS = 60
_LOGS = ("-wal", "-shm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance, began, outcomes, fewest = random.Random(options.seed), time.monotonic(), Counter[str](), _JOBS
    with tempfile.TemporaryDirectory() as name:
        sound = _database(Path(name) / "made")
        for run in range(options.runs):
            path = Path(name) / str(run) / "heygem.sqlite3"
            path.parent.mkdir()
            how, damaged = _damaged(sound, chance)
            path.write_bytes(damaged)
            if damage_of(path, within_s=None) is None:
                outcomes["not noticed: nothing that SQLite checks was hit"] += 1
                continue
            alone = salvage(path)
            outcomes["alone: nothing readable" if alone is None else "alone: saved"] += 1
            if alone is not None:
                fewest = min(fewest, _jobs(path))
            _write_alone(path, sound)
            back_up(path)
            _write_alone(path, damaged)
            whole = salvage(path) is not None and _jobs(path) == _JOBS
            outcomes["with a backup: whole" if whole else f"with a backup: NOT WHOLE ({how})"] += 1
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:5} × {outcome}")
    print(f"Fewest jobs that were saved without a backup: {fewest} of {_JOBS}. {time.monotonic() - began:.0f} s.")


def _database(folder: Path) -> bytes:
    with closing(Store(folder / "heygem.sqlite3")) as store:
        for number in range(_JOBS):
            submit(store, folder, [(Path(f"/media/{number}.mov"), Path("/media/words.wav"))], RenderSettings(), f"job {number}")
        store.fold_log()
    return (folder / "heygem.sqlite3").read_bytes()


def _damaged(sound: bytes, chance: random.Random) -> tuple[str, bytes]:
    def page(data: bytearray, fill: Callable[[int], bytes]) -> None:
        start = chance.randrange(len(data) // _PAGE) * _PAGE
        data[start : start + _PAGE] = fill(_PAGE)

    data, how = bytearray(sound), chance.choice(("noise", "two pages of noise", "zeros", "one bit", "cut"))
    if how == "noise":
        page(data, chance.randbytes)
    elif how == "two pages of noise":
        page(data, chance.randbytes)
        page(data, chance.randbytes)
    elif how == "zeros":
        page(data, bytes)
    elif how == "one bit":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    else:
        del data[chance.randrange(len(data)) :]
    return how, bytes(data)


def _write_alone(path: Path, data: bytes) -> None:
    for ending in _LOGS:
        Path(f"{path}{ending}").unlink(missing_ok=True)
    path.write_bytes(data)


def _jobs(path: Path) -> int:
    with closing(Store(path)) as store:
        store.check()
        return len(store.jobs(limit=_JOBS + 1).jobs)
