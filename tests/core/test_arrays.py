"""Arrays are read by several threads at once, and by one door."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import numpy as np

from heygem_core.machine.python_process import apart, python_code

ROOT = Path(__file__).resolve().parents[2]

# Objects that let other threads on while they are collected, and threads at unlike depths: what disturbs the parser of Python 3.11.
_AT_ONCE = """
import gc, sys, threading, time
from pathlib import Path
from heygem_core.storage.arrays import load_array, load_arrays

class Slow:
    def __del__(self):
        time.sleep(0.0001)

def at_depth(depth, work):
    return at_depth(depth - 1, work) if depth else work()

def read():
    for _ in range(600):
        circle = [Slow()]
        circle.append(circle)
        try:
            assert load_array(folder / "a.npy").sum() == 66
            assert load_arrays(folder / "b.npz")["b"].sum() == 4
        except BaseException as error:
            wrong.append(repr(error))

folder, wrong = Path(sys.argv[1]), []
gc.set_threshold(7)
threads = [threading.Thread(target=at_depth, args=(depth, read)) for depth in (0, 20, 40)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(wrong)
"""


def test_threads_read_arrays_at_once(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(12))
    np.savez(tmp_path / "b.npz", a=np.arange(3), b=np.ones(4))
    done = subprocess.run([*python_code(_AT_ONCE), str(tmp_path)], capture_output=True, text=True, timeout=200, check=False, **apart())
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_the_core_reads_arrays_nowhere_else() -> None:
    found = []
    for path in sorted((ROOT / "heygem_core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("np.load", "numpy.load"):
                found.append(path.relative_to(ROOT).as_posix())
    assert set(found) == {"heygem_core/storage/arrays.py"}
