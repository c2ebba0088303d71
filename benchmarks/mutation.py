"""Changes the code in small ways and counts how many changes the tests notice: `make mutate`, or `python -m benchmarks.mutation ROOM…`.

Four rooms are judged, in which an unnoticed fault would cost somebody their work: security, store, media, conform. cosmic-ray makes the
changes (https://cosmic-ray.readthedocs.io); a sample of them is drawn, since each costs a run of the room's tests. All happens in a copy of
the checkout. A change that no test notices is printed, to be judged by a person: it is a missing test, or it changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
LONGEST_RUN_S = 300  # of a room's tests: a change that makes them hang is noticed
PACKAGES = {"heygem_core": "heygem_core", "heygem_server": "server", "heygem_plugins": "plugins"}
SAME_BY_NATURE = [
    "core/ReplaceBinaryOperator_BitOr_.*",  # most stand in types, which nothing evaluates
    "core/ReplaceUnaryOperator_.*",
    "core/ReplaceComparisonOperator_(Eq_Is|NotEq_IsNot)",  # the same for names and numbers that Python keeps once; the linter refuses them
]


class Room(NamedTuple):
    modules: tuple[str, ...]
    folder: str
    tests: tuple[str, ...]  # files of the folder that say what the modules promise: the quick ones first, the first that fails ends a run


ROOMS = {
    "security": Room(
        ("server/security",),
        "tests/server/http",
        ("coming_in", "paths", "names", "request_validation", "sessions", "scopes", "lan", "names_shown", "connections", "requests"),
    ),
    "store": Room(
        ("server/store",),
        "tests/server/rendering",
        ("store_work", "store_jobs", "states", "repair", "trash", "refused_writes", "retention", "job_log", "handing_in", "events"),
    ),
    "media": Room(
        ("heygem_core/media",),
        "tests/media",
        (
            *("channels", "timecode", "prefetch", "output", "planes", "flat_tops", "playback", "upright", "stills", "reader"),
            *("content", "probe", "sound", "deliverables", "takes", "matrix"),
        ),
    ),
    "conform": Room(
        (
            "server/timeline/conform.py",
            "server/timeline/exact_time.py",
            "server/timeline/flatten.py",
            "server/timeline/source_range.py",
            "server/timeline/sequence.py",
            "server/timeline/speech_mapping.py",
        ),
        "tests/timeline",
        ("source_range", "samples", "mix", "conform", "sound_channels", "formats", "publish", "exports", "properties"),
    ),
}

_SAMPLE = """
import random, sys
from cosmic_ray.work_db import WorkDB, use_db
with use_db(sys.argv[1]) as db:
    items = sorted(db.pending_work_items, key=str)
    drawn = random.Random(int(sys.argv[3])).sample(items, min(int(sys.argv[2]), len(items)))
    db.clear()
    db.add_work_items(drawn)
    print(len(items))
"""
_RESULTS = """
import json, sys
from cosmic_ray.work_db import WorkDB, use_db
with use_db(sys.argv[1]) as db:
    print(json.dumps([{"outcome": result.test_outcome.value if result.test_outcome else result.worker_outcome.value, "diff": result.diff}
                      for _, result in db.completed_work_items]))
"""


def copied(folder: Path) -> Path:
    """A copy of the checkout as it is now, whose packages come first wherever its Python looks."""
    copy = folder / "project"
    listed = subprocess.run(["git", "ls-files", "-zco", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (REPOSITORY / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, copy / name)
    (folder / "packages").mkdir()
    for package, room in PACKAGES.items():
        (folder / "packages" / package).symlink_to(copy / room, target_is_directory=True)
    return copy


def tests_of(room: Room) -> str:
    return " ".join(f"{room.folder}/test_{name}.py" for name in room.tests)


def judge(name: str, room: Room, cosmic_ray: Path, sample: int, seed: int) -> tuple[int, int, list[str]]:
    """Changes that were noticed, all that were made, and the differences of those that were not."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy = copied(folder)
        environment = {**os.environ, "PYTHONPATH": str(folder / "packages"), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        tests = f"{sys.executable} -m pytest -o addopts= -q -x -p no:cacheprovider -m 'not full' {tests_of(room)}"
        session, configuration = folder / "session.sqlite", folder / "session.toml"
        configuration.write_text(
            "[cosmic-ray]\n"
            f"module-path = {json.dumps(list(room.modules))}\ntimeout = {LONGEST_RUN_S}.0\nexcluded-modules = []\n"
            f"test-command = {json.dumps(tests)}\n"
            '[cosmic-ray.distributor]\nname = "local"\n'
            f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(SAME_BY_NATURE)}\n"
        )

        def run(*command: str) -> str:
            return subprocess.run(command, cwd=copy, env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout

        program = str(cosmic_ray / "cosmic-ray")
        python = str(cosmic_ray / "python")
        if subprocess.run(tests, shell=True, cwd=copy, env=environment, stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"The tests of {name} are red before anything was changed: run {tests}")
        run(program, "init", str(configuration), str(session))
        run(str(cosmic_ray / "cr-filter-operators"), str(session), str(configuration))
        possible = run(python, "-c", _SAMPLE, str(session), str(sample), str(seed)).strip()
        print(f"{name}: {possible} changes are possible, {sample} are drawn (seed {seed})", flush=True)
        run(program, "exec", str(configuration), str(session))
        results: list[dict[str, Any]] = json.loads(run(python, "-c", _RESULTS, str(session)))
        judged = [result for result in results if result["outcome"] in ("killed", "survived")]
        missed = [result["diff"] or "" for result in judged if result["outcome"] == "survived"]
        return len(judged) - len(missed), len(judged), missed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), choices=list(ROOMS), metavar="ROOM", help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, default=50, help="changes drawn in each room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cosmic-ray", type=Path, default=REPOSITORY / ".venv-mutation" / "bin", help="folder of its programs")
    given = parser.parse_args()
    lines = []
    for name in given.rooms:
        noticed, made, missed = judge(name, ROOMS[name], given.cosmic_ray.absolute(), given.sample, given.seed)
        for difference in missed:
            print(difference, flush=True)
        lines.append(f"{name:10} {noticed:4} of {made:4} noticed, {noticed / max(made, 1):.0%}")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
