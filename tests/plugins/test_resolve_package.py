"""The Resolve package stands on its own: plain Python, no compiled parts, and types that the vendor's own stubs satisfy."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import websockets

from tests.plugins.conftest import PLUGINS

PACKAGE = PLUGINS / "davinci_resolve" / "heygem_resolve"
SHARED = PLUGINS / "host_client" / "heygem_host"
ENTRY = PLUGINS / "davinci_resolve" / "HeyGem Bridge.py"


def test_the_script_itself_can_be_read_by_an_old_python_which_then_says_what_is_missing():
    ast.parse(ENTRY.read_text(encoding="utf-8"), feature_version=(3, 4))
    assert "from __future__" not in ENTRY.read_text(encoding="utf-8")


def test_the_script_asks_for_the_python_that_websockets_asks_for():
    from importlib.metadata import metadata

    needed = tuple(int(part) for part in metadata("websockets")["Requires-Python"].removeprefix(">=").split("."))
    namespace: dict[str, object] = {}
    tree = ast.parse(ENTRY.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "PYTHON_NEEDED":  # type: ignore[attr-defined]
            namespace["needed"] = ast.literal_eval(node.value)
    assert namespace["needed"] >= needed  # type: ignore[operator]


@pytest.mark.parametrize(
    "module", sorted([*PACKAGE.rglob("*.py"), *SHARED.rglob("*.py")]), ids=lambda path: f"{path.parent.name}.{path.stem}"
)
def test_every_module_reads_as_python_3_9_and_imports_only_the_standard_library_and_websockets(module):
    """And what editors share, which knows no editor."""
    tree = ast.parse(module.read_text(encoding="utf-8"), feature_version=(3, 9))
    ours = {"heygem_host", "heygem_resolve"} if PACKAGE in module.parents else {"heygem_host"}
    allowed = set(sys.stdlib_module_names) | {"websockets", "__future__"} | ours
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in allowed, f"{module.name} imports {name}"


def test_websockets_works_without_its_compiled_part_in_a_bare_python(tmp_path):
    """Resolve's own Python sees only the folder beside the script: no site-packages, no .so."""
    source = Path(websockets.__file__).parent
    shutil.copytree(source, tmp_path / "websockets", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    shutil.copytree(PACKAGE, tmp_path / "heygem_resolve")
    shutil.copytree(SHARED, tmp_path / "heygem_host")
    shutil.copy(PLUGINS / "protocol" / "host.schema.json", tmp_path / "heygem_resolve")
    code = """
import sys, threading, json
from websockets.sync.server import serve
from websockets.sync.client import connect
import websockets.frames, heygem_resolve.running, heygem_resolve.calls
assert 'websockets.speedups' not in sys.modules
def echo(socket):
    for text in socket: socket.send(text)
with serve(echo, '127.0.0.1', 0) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with connect('ws://127.0.0.1:%d' % server.socket.getsockname()[1], compression=None, proxy=None) as socket:
        socket.send('x' * 100000)
        print(json.dumps(len(socket.recv(timeout=60))))
    server.shutdown()
"""
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"],
                         capture_output=True, text=True, timeout=60)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == 100000


def test_the_vendors_stubs_satisfy_the_types_that_the_panel_relies_on(tmp_path):
    """A call that Resolve does not have, or that takes other arguments, is found by mypy here and not by an editor."""
    pytest.importorskip("mypy")
    pairs = {"PoolItem": "MediaPoolItem", "Item": "TimelineItem"}
    same = ("Folder", "MediaPool", "Timeline", "Project", "ProjectManager", "Resolve")
    lines = ["from heygem_resolve import api", "import fusionscript as real"]
    for ours, theirs in [*pairs.items(), *((name, name) for name in same)]:
        lines.append(f"def f_{ours}(thing: real.{theirs}) -> api.{ours}: return thing")
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    found = next(Path(entry) / "fusionscript-stubs" for entry in sys.path if (Path(entry) / "fusionscript-stubs").is_dir())
    shutil.copytree(found, stubs / "fusionscript")
    (tmp_path / "check.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    quiet = "[mypy]\n[mypy-fusionscript.*]\nignore_errors = True\n[mypy-heygem_resolve.*,heygem_host.*]\nfollow_imports = silent\n"
    (tmp_path / "mypy.ini").write_text(quiet, encoding="utf-8")
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(map(str, (stubs, PACKAGE.parent, SHARED.parent)))}
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "check.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=200)
    assert ran.returncode == 0, ran.stdout + ran.stderr
