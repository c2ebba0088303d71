"""Every Python that the program starts stands apart: it imports nothing from where the program was started, and nobody types into it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

import heygem_core
import heygem_plugins
import heygem_server
from heygem_core.machine.python_process import apart, python_code, python_module
from heygem_server.api.takes import reveal_command
from heygem_server.executors.worker_process import start_worker
from heygem_server.timeline.child_process import conform_blocking, conform_in_child
from heygem_server.timeline.child_specs import ConformSpec
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.facts import FactsChild

PACKAGES = {Path(package.__file__ or "").parent: package.__name__ for package in (heygem_core, heygem_server, heygem_plugins)}

STARTERS = re.compile(
    r"(subprocess\.\w+|asyncio\.(create_)?subprocess_\w+|os\.(system|popen|startfile|exec\w+|spawn\w+|posix_spawnp?|fork\w*)"
    r"|pty\.\w+|runpy\.\w+|multiprocessing(\.\w+)*|concurrent\.futures\.ProcessPoolExecutor|joblib\.\w+|torch\.multiprocessing(\.\w+)*)"
)
NO_START = re.compile(r"subprocess\.(PIPE|DEVNULL|list2cmdline|CompletedProcess|TimeoutExpired|\w+Error)")
ANY_STARTER = {"Popen", "subprocess_exec", "subprocess_shell", "create_subprocess_exec", "create_subprocess_shell", "ProcessPoolExecutor"}

OTHER_PROGRAMS = {
    "heygem_core/machine/cards.py _told",  # nvidia-smi
    "heygem_core/motion/training/encoder_data.py synthetic",  # espeak-ng
    "heygem_server/api/takes.py reveal",  # the file manager
    "heygem_server/security/private_files.py write_private",  # icacls
    "heygem_plugins/installing/machine.py run_command",  # systemctl, launchctl
    "heygem_plugins/host_client/heygem_host/language.py _of_system",  # defaults, of macOS
    "heygem_plugins/host_client/heygem_host/server_discovery.py start",  # the server, by what installing wrote; tried below
}
"""Where a program is started that is no Python of ours, or where `python_process` cannot be imported. A new line is looked at first."""


class Starts(ast.NodeVisitor):
    """The calls of a module that start a process, by the function they stand in, and each mention of the interpreter."""

    def __init__(self, tree: ast.Module) -> None:
        self.calls: list[tuple[str, ast.Call]] = []
        self.hidden: list[str] = []  # starters that are not called by their module's name, so that the calls cannot be found
        self.interpreters: list[str] = []
        self._names: dict[str, str] = {}
        self._inside = ["module"]
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            self._names[each.asname or each.name.partition(".")[0]] = each.name if each.asname else each.name.partition(".")[0]
            if STARTERS.fullmatch(each.name):
                self.hidden.append(each.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for each in node.names:
            whole = f"{node.module}.{each.name}"
            if whole in ("sys.executable", "sys._base_executable"):
                self.interpreters.append(whole)
            if STARTERS.fullmatch(whole) and not NO_START.fullmatch(whole):
                self.hidden.append(whole)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._inside.append(node.name)
        self.generic_visit(node)
        self._inside.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if self._name(node) in ("sys.executable", "sys._base_executable"):
            self.interpreters.append(self._name(node))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and re.fullmatch(r"(.*[/\\])?(pythonw?|py)[\d.]*(\.exe)?", node.value):
            self.interpreters.append(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        name = self._name(node.func)
        if (STARTERS.fullmatch(name) and not NO_START.fullmatch(name)) or (name.rpartition(".")[2] in ANY_STARTER):
            self.calls.append((self._inside[-1], node))
        self.generic_visit(node)

    def _name(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self._names.get(node.id, node.id)
        return f"{self._name(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"


@pytest.fixture(scope="module")
def starts() -> dict[str, Starts]:
    """Of each module that is shipped."""
    found = {}
    for folder, name in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            found[f"{name}/{path.relative_to(folder).as_posix()}"] = Starts(ast.parse(path.read_text(encoding="utf-8")))
    return found


def stands_apart(call: ast.Call) -> bool:
    spread = [each.value for each in call.keywords if each.arg is None]
    given = {each.arg for each in call.keywords}
    called = {part.func.id for each in spread for part in ast.walk(each) if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)}
    return "apart" in called and not given & {"cwd", "env", "stdin", "shell"}


def test_only_one_place_names_the_interpreter(starts: dict[str, Starts]) -> None:
    found = {f"{path}: {mention}" for path, each in starts.items() for mention in each.interpreters}
    assert found == {
        "heygem_core/machine/doctor.py: python",  # the name of a fact
        "heygem_core/machine/python_process.py: sys.executable",
        "heygem_server/rendering/open_job.py: python",  # of another farm's machines, which run what is exported
        "heygem_plugins/installing/targets.py: pythonw.exe",  # put in the place of python.exe within a whole path
        "heygem_plugins/installing/targets.py: python.exe",
    }


def test_every_start_of_a_process_stands_apart_or_is_known_to_be_another_program(starts: dict[str, Starts]) -> None:
    assert [path for path, each in starts.items() if each.hidden] == [], "call them by their module's name, so that they are found"
    others = {f"{path} {inside}" for path, each in starts.items() for inside, call in each.calls if not stands_apart(call)}
    assert others == OTHER_PROGRAMS


@pytest.mark.parametrize(
    "code",
    [
        "import sys, subprocess\nsubprocess.run([sys.executable, '-m', 'x'])",
        "import subprocess as s\ns.Popen(['x'])",
        "from subprocess import run\nrun(['x'])",
        "import os\nos.execv('x', [])",
        "import multiprocessing",
        "from concurrent.futures import ProcessPoolExecutor",
        "import asyncio\nasyncio.create_subprocess_exec('x')",
        "loop.subprocess_exec('x')",
    ],
)
def test_the_search_finds(code: str) -> None:
    found = Starts(ast.parse(code))
    assert found.hidden or any(not stands_apart(call) for _, call in found.calls)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which modules lie that leave a file when they are imported; PYTHONPATH has an empty entry, which names it."""
    planted = "import pathlib; pathlib.Path(__file__).with_name('ran').touch(); raise SystemExit(1)"
    for name in ("opentimelineio", "torch", "msgspec", "av", "psutil", "sitecustomize", "usercustomize", "heygem_core", "heygem_server"):
        (tmp_path / f"{name}.py").write_text(planted)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep)
    return tmp_path


async def test_no_child_imports_from_the_folder_that_the_server_was_started_in(hostile: Path) -> None:
    worker = await start_worker({})
    await worker.close()
    with pytest.raises(UnreadableTimeline, match="no timeline"):
        await conform_in_child(ConformSpec(source=str(hostile / "none.otio")))
    with pytest.raises(UnreadableTimeline, match="no timeline"):
        conform_blocking(ConformSpec(source=str(hostile / "none.otio")))
    with FactsChild() as facts, pytest.raises(Exception, match=r"none\.mov"):
        facts(Path("none.mov"))
    assert not (hostile / "ran").exists()


def test_nor_does_a_python_that_a_library_starts_there(hostile: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import opentimelineio'], check=True)"
    subprocess.run(python_code(code), check=True, timeout=60, **apart())
    assert not (hostile / "ran").exists()


def test_paths_that_people_wrote_relative_to_their_own_folder_still_mean_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEYGEM_CACHE", "cache")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["mine", "", str(tmp_path / "other")]))
    given = apart(HEYGEM_THREADS="1")["env"]
    assert given["HEYGEM_CACHE"] == str(tmp_path / "cache")
    assert given["PYTHONPATH"] == os.pathsep.join([str(tmp_path / "mine"), str(tmp_path / "other")])
    assert given["HEYGEM_THREADS"] == "1"


def test_nobody_answers_what_a_library_asks_of_a_child() -> None:
    asked = "try: input('run the code in this folder? [y/N] ')\nexcept EOFError: print('nobody')"
    done = subprocess.run(python_code(asked), capture_output=True, text=True, timeout=60, **apart())
    assert done.stdout.endswith("nobody\n")
    orders = "from heygem_core.tasks.standard_input import own_input\nsource = own_input()\n"
    done = subprocess.run(
        python_code(f"{orders}{asked}\nprint(source.read())"), input=b"y\n", capture_output=True, timeout=60,
        **{name: value for name, value in apart().items() if name != "stdin"},
    )  # fmt: skip
    assert done.stdout.decode().split("] ")[-1].split() == ["nobody", "b'y\\n'"]


def test_what_is_installed_starts_a_python_that_imports_nothing_from_where_it_stands() -> None:
    assert python_module("heygem_server.cli")[1:] == ["-P", "-m", "heygem_server.cli"]


def test_programs_of_windows_are_named_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """CreateProcess looks into the current folder before Windows' own."""
    monkeypatch.setenv("SYSTEMROOT", "C:\\Windows")
    assert reveal_command(Path("take.mov"), "win32")[0] == "C:\\Windows\\explorer.exe"
