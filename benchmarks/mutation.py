"""Changes the code in small ways and counts how many changes the tests notice: `make mutate`, or `python -m benchmarks.mutation ROOM…`.

Four rooms are judged, in which an unnoticed fault would cost somebody their work: security, store, media, conform. cosmic-ray makes the
changes (https://cosmic-ray.readthedocs.io); a sample of them is drawn, since each costs a run of tests: of those that execute the changed
lines, the quickest files first. All happens in a copy of the checkout. A change that no test notices is printed, to be judged by a person:
it is a missing test, or it changes nothing.
"""

from __future__ import annotations

import argparse
import compileall
import difflib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any, NamedTuple
from xml.etree import ElementTree

from heygem_server.executors.process_tree import kill_tree

REPOSITORY = Path(__file__).resolve().parents[1]
LONGEST_RUN_S = 1200  # of the tests for one change: one that makes them hang is noticed, and told apart
MOST_TESTS_S = 300  # of tests for one change, by their time before anything was changed: what the quick ones do not notice others hardly do
PACKAGES = {"heygem_core": "heygem_core", "heygem_server": "server", "heygem_plugins": "plugins"}
SAME_BY_NATURE = [
    "core/ReplaceBinaryOperator_BitOr_.*",  # most stand in types, which nothing evaluates
    "core/ReplaceUnaryOperator_.*",
    "core/ReplaceComparisonOperator_(Eq_Is|NotEq_IsNot)",  # the same for names and numbers that Python keeps once; the linter refuses them
]


class Room(NamedTuple):
    modules: tuple[str, ...]
    folder: str
    tests: str  # which files say what the modules promise: of the folder, or paths


ROOMS = {
    "security": Room(
        ("server/security",),
        "tests/server/http",
        "security_bounds coming_in paths names request_validation sessions scopes lan names_shown connections requests",
    ),
    "store": Room(
        ("server/store",),
        "tests/server/rendering",
        "store_bounds store_work store_jobs states queue_order long_queues repair trash refused_writes retention job_log handing_in events",
    ),
    "media": Room(
        ("heygem_core/media",),
        "tests/media",
        "media_bounds picture_bounds channels timecode prefetch output planes flat_tops playback upright stills reader content probe sound "
        "kept_regions deliverables takes matrix tests/timeline/test_mix.py tests/rendering/test_holdout.py",
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
        "exact_bounds source_range conform sound_channels retimes takes_with_handles editorial_cases formats publish exports properties",
    ),
}

_SAMPLE = """
import random, re, sys
from itertools import islice
from pathlib import Path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db

def says_how_it_is_kept(item):  # and not what it does: how large a memory is, whether fields may be given by position
    mutation, = item.mutations
    line = Path(mutation.module_path).read_text(encoding="utf-8").splitlines()[mutation.start_pos[0] - 1]
    kept = r"\\s*@(dataclass|lru_cache|cached_property)\\b|class .*(frozen|kw_only)="
    return re.match(kept, line) or line[mutation.start_pos[1] :].startswith("*,")

def is_python(item):  # the stars of arguments are taken for products, and of an exception with a dotted name it makes nothing
    mutation, = item.mutations
    text = Path(mutation.module_path).read_text(encoding="utf-8")
    try:
        compile(mutate_code(text, get_operator(mutation.operator_name)(**(mutation.operator_args or {})), mutation.occurrence), "", "exec")
    except (SyntaxError, AttributeError):
        return False
    return True

with use_db(sys.argv[1]) as db:
    items = sorted((item for item in db.pending_work_items if not says_how_it_is_kept(item)), key=str)
    drawn = list(islice(filter(is_python, random.Random(int(sys.argv[3])).sample(items, len(items))), int(sys.argv[2])))
    db.clear()
    db.add_work_items(drawn)
    print(len(items))
"""
_RESULTS = """
import json, sys
from cosmic_ray.work_db import WorkDB, use_db
with use_db(sys.argv[1]) as db:
    print(json.dumps([{"outcome": result.test_outcome.value if result.test_outcome else result.worker_outcome.value, "diff": result.diff,
                       "late": result.output == "timeout"}
                      for _, result in db.completed_work_items]))
"""


class Judged(NamedTuple):
    noticed: int
    missed: list[str]  # the differences that nothing noticed
    late: list[
        str
    ]  # of the noticed ones, the differences with which the tests took longer than `LONGEST_RUN_S`: they hang, or the machine is busy
    others: list[str]  # outcomes of changes of which nothing can be said: they could not be made, or the judge broke


def copied(folder: Path) -> None:
    """A copy of the checkout as it is now, in `project`; its packages come first wherever its Python looks."""
    copy = folder / "project"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.rmtree(folder / "packages", ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-zco", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (REPOSITORY / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, copy / name)
    (folder / "packages").mkdir()
    for package, room in PACKAGES.items():
        (folder / "packages" / package).symlink_to(copy / room, target_is_directory=True)
        # Byte code that holds as long as the text is the same: a change within the same second and of the same length is seen, and the rest
        # is not compiled again for each change.
        compileall.compile_dir(copy / room, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


def tests_of(room: Room) -> list[str]:
    return [name if "/" in name else f"{room.folder}/test_{name}.py" for name in room.tests.split()]


def pytest_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "-x", "-p", "no:cacheprovider", "-m", "not full", *arguments]


class Known(NamedTuple):
    """What is known of a room before anything is changed."""

    seconds: dict[str, float]  # of each test, by its id
    sources: dict[str, str]  # text of each module, by its path in the checkout
    executed: dict[str, dict[str, list[str]]]  # the same path → line → ids of the tests that execute it

    @staticmethod
    def of(name: str, room: Room, copy: Path, environment: dict[str, str]) -> Known:
        """Runs the room's tests once. Raises: SystemExit — they are red before anything was changed."""
        data, settings, times = copy.parent / "coverage", copy.parent / "coveragerc", copy.parent / "times.xml"
        settings.write_text(f"[run]\nsource =\n    {copy / 'server'}\n    {copy / 'heygem_core'}\n")
        watching = ("--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report=", f"--junitxml={times}")
        command = pytest_command(*watching, *tests_of(room))
        done = subprocess.run(command, cwd=copy, env={**environment, "COVERAGE_FILE": str(data)}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"The tests of {name} are red before anything was changed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        from coverage import CoverageData

        found = CoverageData(str(data))
        found.read()
        seconds = {
            f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": float(case.get("time", 0))
            for case in ElementTree.parse(times).iter("testcase")
        }
        sources, executed = {}, {}
        for module in room.modules:
            for path in sorted((copy / module).rglob("*.py")) if (copy / module).is_dir() else [copy / module]:
                place = path.relative_to(copy).as_posix()
                sources[place] = path.read_text(encoding="utf-8")
                by_line = found.contexts_by_lineno(str(path.resolve()))
                executed[place] = {str(line): sorted({each.partition("|")[0] for each in tests} - {""}) for line, tests in by_line.items()}
        return Known(seconds, sources, executed)

    def tests_of_change(self, copy: Path) -> list[str]:
        """Of the module that is changed now: tests that execute a changed line, or the module at all where only its import does; the files
        whose tests are quick come first. Empty = nothing is changed."""
        for place, before in self.sources.items():
            now = (copy / place).read_text(encoding="utf-8")
            if now == before:
                continue
            changes = difflib.SequenceMatcher(None, before.splitlines(), now.splitlines(), autojunk=False).get_opcodes()
            lines = {str(line + 1) for kind, start, end, *_ in changes if kind != "equal" for line in range(start, max(end, start + 1))}
            executed = self.executed[place]
            tests = {test for line in lines for test in executed.get(line, ())}
            return self.quickest(tests or {test for each in executed.values() for test in each} or set(self.seconds))
        return []

    def quickest(self, tests: set[str]) -> list[str]:
        """Some of these, file by file, that take no longer than `MOST_TESTS_S` together; at least one."""
        by_file: dict[str, list[str]] = {}
        for test in sorted(tests):
            by_file.setdefault(test.partition("::")[0], []).append(test)
        spent, found = 0.0, []
        for of_file in sorted(by_file.values(), key=lambda of_file: sum(map(self._seconds, of_file)) / len(of_file)):
            for test in of_file:
                spent += self._seconds(test)
                if found and spent > MOST_TESTS_S:
                    return found
                found.append(test)
        return found

    def _seconds(self, test: str) -> float:
        return self.seconds.get(test, 0.1)  # reports spell some parameters in another way


def noticed(known: Known, copy: Path) -> bool:
    """Whether a test of the room notices what is changed now."""
    tests = known.tests_of_change(copy)
    if not tests:
        return False
    code = subprocess.run(pytest_command(*tests), cwd=copy).returncode
    if code == 4:  # pytest does not find one of them again, as some parameters cannot be written in an address; or nothing can be loaded
        code = subprocess.run(pytest_command(*dict.fromkeys(test.partition("[")[0] for test in tests)), cwd=copy).returncode
    return code != 0


def judge(name: str, room: Room, cosmic_ray: Path, sample: int, seed: int, minutes: float | None, folder: Path) -> Judged:
    """Makes the changes that are not made yet, as far as the minutes last. The folder is empty, or what an earlier call left: then all is
    of the checkout as it was at that time, and of the same seed the rest is made."""
    copy, kept = folder / "project", folder / "known.json"
    environment = {**os.environ, "PYTHONPATH": str(folder / "packages"), "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the first run leaves byte code of the tests too
    session, configuration = folder / f"session-{seed}.sqlite", folder / "session.toml"
    test = f"{sys.executable} -m benchmarks.mutation --noticed {kept}"

    def run(*command: str) -> str:
        return subprocess.run(command, cwd=copy, env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout

    if kept.exists():
        for place, text in Known(*json.loads(kept.read_text())).sources.items():  # whoever was stopped left a module changed
            (copy / place).write_text(text, encoding="utf-8")
    else:
        copied(folder)
        known = Known.of(name, room, copy, environment)
        kept.write_text(json.dumps(known))
    if not session.exists():
        configuration.write_text(
            "[cosmic-ray]\n"
            f"module-path = {json.dumps(list(room.modules))}\ntimeout = {LONGEST_RUN_S}.0\nexcluded-modules = []\n"
            f"test-command = {json.dumps(test)}\n"
            '[cosmic-ray.distributor]\nname = "local"\n'
            f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(SAME_BY_NATURE)}\n"
        )
        run(*test.split())  # where nothing is changed nothing is noticed: else the judge is wrong
        begun = folder / "begun.sqlite"
        begun.unlink(missing_ok=True)
        run(str(cosmic_ray / "cosmic-ray"), "init", str(configuration), str(begun))
        run(str(cosmic_ray / "cr-filter-operators"), str(begun), str(configuration))
        possible = run(str(cosmic_ray / "python"), "-c", _SAMPLE, str(begun), str(sample), str(seed)).strip()
        begun.rename(session)
        print(f"{name}: {possible} changes are possible, {sample} are drawn (seed {seed})", flush=True)
    executing = subprocess.Popen(
        [str(cosmic_ray / "cosmic-ray"), "exec", str(configuration), str(session)],
        cwd=copy,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    with suppress(subprocess.TimeoutExpired):
        try:
            executing.wait(None if minutes is None else 60 * minutes)
        finally:
            if executing.poll() is None:
                kill_tree(executing.pid)
    results: list[dict[str, Any]] = json.loads(run(str(cosmic_ray / "python"), "-c", _RESULTS, str(session)))
    judged = [result for result in results if result["outcome"] in ("killed", "survived")]
    missed = [result["diff"] or "" for result in judged if result["outcome"] == "survived"]
    late = [result["diff"] or "" for result in judged if result["late"]]
    return Judged(len(judged) - len(missed), missed, late, [result["outcome"] for result in results if result not in judged])


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
    parser.add_argument(
        "--folder", type=Path, help="for what is known and judged so far: the same call again goes on there, another seed begins sooner"
    )
    parser.add_argument("--noticed", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.noticed:
        return int(noticed(Known(*json.loads(given.noticed.read_text())), Path.cwd()))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever is ended ends what was begun
    lines = []
    for name in given.rooms or ROOMS:
        with tempfile.TemporaryDirectory() as temporary:
            folder = given.folder.absolute() / name if given.folder else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            judged = judge(name, ROOMS[name], given.cosmic_ray.absolute(), given.sample, given.seed, given.minutes, folder)
        for difference in judged.missed:
            print(difference, flush=True)
        made = judged.noticed + len(judged.missed)
        lines.append(f"{name:10} {judged.noticed:4} of {made:4} noticed, {judged.noticed / max(made, 1):.0%}")
        for difference in judged.late:
            print(f"Noticed by a run that took longer than {LONGEST_RUN_S} s:\n{difference}", flush=True)
        if judged.others:
            lines.append(f"{'':10} {len(judged.others)} could not be judged: {', '.join(sorted(set(judged.others)))}")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
