"""Changes the code in small ways and counts how many changes the tests notice: `make mutate`, or `python -m benchmarks.mutation ROOM…`.

Four rooms are judged, in which an unnoticed fault would cost somebody their work: security, store, media, conform. cosmic-ray makes the
changes (https://cosmic-ray.readthedocs.io); a sample of them is drawn, since each costs a run of tests: first of those that execute the
changed lines, and of the room's others only where these notice nothing. All happens in a copy of the checkout. A change that no test
notices is printed, to be judged by a person: it is a missing test, or it changes nothing.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from heygem_server.executors.process_tree import kill_tree

REPOSITORY = Path(__file__).resolve().parents[1]
LONGEST_RUN_S = 300  # of a room's tests: a change that makes them hang is noticed
FIRST_TESTS = 30  # of those that execute a changed line: one that nobody of them notices hardly is by others
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


def tests_of(room: Room) -> list[str]:
    return [f"{room.folder}/test_{name}.py" for name in room.tests]


def pytest_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "-x", "-p", "no:cacheprovider", "-m", "not full", *arguments]


class Known(NamedTuple):
    """What is known of a room before anything is changed."""

    tests: list[str]  # its files
    sources: dict[str, str]  # text of each module, by its path in the checkout
    executed: dict[str, dict[str, list[str]]]  # the same path → line → ids of the tests that execute it

    @staticmethod
    def of(name: str, room: Room, copy: Path, environment: dict[str, str]) -> Known:
        """Runs the room's tests once. Raises: SystemExit — they are red before anything was changed."""
        data, settings = copy.parent / "coverage", copy.parent / "coveragerc"
        settings.write_text(f"[run]\nsource =\n    {copy / 'server'}\n    {copy / 'heygem_core'}\n")
        watching = ("--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report=")
        command = pytest_command(*watching, *tests_of(room))
        done = subprocess.run(command, cwd=copy, env={**environment, "COVERAGE_FILE": str(data)}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"The tests of {name} are red before anything was changed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        from coverage import CoverageData

        found = CoverageData(str(data))
        found.read()
        sources, executed = {}, {}
        for module in room.modules:
            for path in sorted((copy / module).rglob("*.py")) if (copy / module).is_dir() else [copy / module]:
                place = path.relative_to(copy).as_posix()
                sources[place] = path.read_text(encoding="utf-8")
                by_line = found.contexts_by_lineno(str(path.resolve()))
                executed[place] = {str(line): sorted({each.partition("|")[0] for each in tests} - {""}) for line, tests in by_line.items()}
        return Known(tests_of(room), sources, executed)

    def first_tests(self, copy: Path) -> list[str] | None:
        """Of the module that is changed now: tests that execute the changed lines, some of each file before more of one. None = nothing is
        changed."""
        for place, before in self.sources.items():
            now = (copy / place).read_text(encoding="utf-8")
            if now == before:
                continue
            changes = difflib.SequenceMatcher(None, before.splitlines(), now.splitlines(), autojunk=False).get_opcodes()
            lines = {str(line + 1) for kind, start, end, *_ in changes if kind != "equal" for line in range(start, max(end, start + 1))}
            tests = sorted({test for line in lines for test in self.executed[place].get(line, ())})
            turns = {test: [each.partition("::")[0] for each in tests[:k]].count(test.partition("::")[0]) for k, test in enumerate(tests)}
            return sorted(tests, key=lambda test: turns[test])[:FIRST_TESTS]
        return None


def noticed(known: Known, copy: Path) -> bool:
    """Whether any test of the room notices what is changed now. That pytest does not find the first ones again (4, 5) says nothing."""
    first = known.first_tests(copy)
    if first is None:
        return False
    if first and subprocess.run(pytest_command(*first), cwd=copy).returncode not in (0, 4, 5):
        return True
    return subprocess.run(pytest_command(*known.tests), cwd=copy).returncode != 0


def judge(name: str, room: Room, cosmic_ray: Path, sample: int, seed: int, minutes: float | None) -> tuple[int, int, list[str]]:
    """Changes that were noticed, all that were made, and the differences of those that were not."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy = copied(folder)
        environment = {**os.environ, "PYTHONPATH": str(folder / "packages"), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        known = Known.of(name, room, copy, environment)
        (folder / "known.json").write_text(json.dumps(known))
        session, configuration = folder / "session.sqlite", folder / "session.toml"
        test = f"{sys.executable} -m benchmarks.mutation --noticed {folder / 'known.json'}"
        configuration.write_text(
            "[cosmic-ray]\n"
            f"module-path = {json.dumps(list(room.modules))}\ntimeout = {2 * LONGEST_RUN_S}.0\nexcluded-modules = []\n"
            f"test-command = {json.dumps(test)}\n"
            '[cosmic-ray.distributor]\nname = "local"\n'
            f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(SAME_BY_NATURE)}\n"
        )

        def run(*command: str) -> str:
            return subprocess.run(command, cwd=copy, env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout

        run(*test.split())  # where nothing is changed nothing is noticed: else the judge is wrong
        program = str(cosmic_ray / "cosmic-ray")
        python = str(cosmic_ray / "python")
        run(program, "init", str(configuration), str(session))
        run(str(cosmic_ray / "cr-filter-operators"), str(session), str(configuration))
        possible = run(python, "-c", _SAMPLE, str(session), str(sample), str(seed)).strip()
        print(f"{name}: {possible} changes are possible, {sample} are drawn (seed {seed})", flush=True)
        executing = subprocess.Popen(
            [program, "exec", str(configuration), str(session)], cwd=copy, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            executing.wait(None if minutes is None else 60 * minutes)
        except subprocess.TimeoutExpired:
            kill_tree(executing.pid)
        results: list[dict[str, Any]] = json.loads(run(python, "-c", _RESULTS, str(session)))
        judged = [result for result in results if result["outcome"] in ("killed", "survived")]
        missed = [result["diff"] or "" for result in judged if result["outcome"] == "survived"]
        return len(judged) - len(missed), len(judged), missed


def room_name(name: str) -> str:
    if name not in ROOMS:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(ROOMS)}")
    return name


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rooms", nargs="*", type=room_name, metavar="ROOM", help=", ".join(ROOMS))
    parser.add_argument("--sample", type=int, default=50, help="changes drawn in each room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cosmic-ray", type=Path, default=REPOSITORY / ".venv-mutation" / "bin", help="folder of its programs")
    parser.add_argument("--minutes", type=float, help="for each room's changes; those that are not judged by then do not count")
    parser.add_argument("--noticed", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.noticed:
        return int(noticed(Known(*json.loads(given.noticed.read_text())), Path.cwd()))
    lines = []
    for name in given.rooms or ROOMS:
        found, made, missed = judge(name, ROOMS[name], given.cosmic_ray.absolute(), given.sample, given.seed, given.minutes)
        for difference in missed:
            print(difference, flush=True)
        lines.append(f"{name:10} {found:4} of {made:4} noticed, {found / max(made, 1):.0%}")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
