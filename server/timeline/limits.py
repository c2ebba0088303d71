"""How much the children that read timelines may use: a timeline that asks for more ends its own child, in a sentence, and nothing else.

Each child limits itself where the system can do that (POSIX: address space, processor time). On every system, Windows too, whoever
started it also looks at what it holds and at the clock. Fewer threads of libraries keep the address space small on large machines.
"""

from __future__ import annotations

import signal
from contextlib import suppress

MEMORY_BYTES = 3 * 1024**3
TREE_BYTES = 4 * 1024**3  # with the child that opens its media
READING_CPU_S = 180
CPU_S = 900  # with speech that is mixed
SECONDS = 600.0
AT_ONCE = 2
WAITING = 16
FEW_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}

_TOO_LONG = -int(getattr(signal, "SIGXCPU", 24))  # exit code of a child that used up its processor time


def limit_own(memory_bytes: int, cpu_s: int) -> None:
    """Limits this process. Windows has no such limits, macOS none of memory: there the parent's look counts."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(what)
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def used_up_its_time(exit_code: int | None) -> bool:
    """Whether a child was ended by its own limit of processor time."""
    return exit_code == _TOO_LONG
