"""What a process and its children hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from heygem_core.machine.python_process import apart, python_code
from heygem_server.executors.process_tree import held_bytes

MB = 1 << 20


# A process of its own: in one that has run thousands of tests, new memory comes out of what it holds already.
_MAPPED_THEN_HELD = """
import mmap, os, sys
from heygem_server.executors.process_tree import held_bytes

before = held_bytes(os.getpid())
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
    assert sum(mapped[at] for at in range(0, len(mapped), mmap.PAGESIZE)) == 0
    of_mapped = held_bytes(os.getpid()) - before
own = bytearray(b"x") * (64 << 20)
print(of_mapped, held_bytes(os.getpid()) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell mapped files apart")
def test_files_that_are_mapped_are_not_held(tmp_path: Path) -> None:
    """Landmarks of hours are mapped from the disk, whose pages are taken back at need: a worker was stopped for them."""
    (tmp_path / "landmarks").write_bytes(bytes(64 * MB))
    said = subprocess.check_output([*python_code(_MAPPED_THEN_HELD), str(tmp_path / "landmarks")], text=True, **apart())
    of_mapped, of_both = map(int, said.split())
    assert of_mapped < 16 * MB
    assert of_both > 48 * MB


def test_children_count_too_and_nothing_is_held_by_what_is_gone() -> None:
    code = "import sys; held = bytearray(b'x') * (64 << 20); print(len(held), flush=True); sys.stdin.read()"
    before = held_bytes(os.getpid())
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert held_bytes(child.pid) > 48 * MB
        assert held_bytes(os.getpid()) - before > 48 * MB
        child.communicate()
    assert held_bytes(child.pid) == 0
