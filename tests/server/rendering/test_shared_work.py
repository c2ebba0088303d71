"""Work that several shots need at the same time is done once; and what a take tells of itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from heygem_core.errors import OutputError
from heygem_core.face.reasons import Reason
from heygem_core.storage.cache import Cache
from heygem_server.rendering.steps import TakeFacts, weak_ranges
from heygem_server.wire import WeakRange

_MAKER = """
import sys, time
from pathlib import Path
from heygem_core.storage.cache import Cache
cache = Cache(sys.argv[1])
with cache.alone("heard", "key"):
    if cache.entry("heard", "key") is None:
        time.sleep(0.2)
        with cache.making("heard", "key") as made:
            (made / "x").touch()
        print("made")
"""


def test_of_four_processes_one_makes_the_artefact_and_the_others_find_it(tmp_path: Path) -> None:
    program = [sys.executable, "-c", _MAKER, str(tmp_path)]
    makers = [subprocess.Popen(program, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [maker.communicate(timeout=60)[0] for maker in makers]
    assert sorted(said) == ["", "", "", "made\n"]


def test_a_process_that_is_killed_leaves_no_lock(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "import sys, time\nfrom heygem_core.storage.cache import Cache\n"
               "with Cache(sys.argv[1]).alone('a', 'b'):\n    print('in', flush=True)\n    time.sleep(60)", str(tmp_path)]  # fmt: skip
    holder = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    holder.kill()
    holder.wait()
    with Cache(tmp_path).alone("a", "b"):
        pass


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="HEYGEM_CACHE"), Cache(tmp_path / "file").alone("a", "b"):
        pass


def test_weak_ranges_are_those_that_nobody_asked_for() -> None:
    found = weak_ranges(
        TakeFacts(passed_through={Reason.PROFILE.words: [(8, 12)], Reason.CHOICE.words: [(0, 4)], Reason.EDGE.words: [(5, 6)]})
    )
    assert found == (
        WeakRange(start=5, end_exclusive=6, reason="the face is cut off by the edge of the picture", reason_message=Reason.EDGE.message),
        WeakRange(start=8, end_exclusive=12, reason="the face is seen from the side", reason_message=Reason.PROFILE.message),
    )
