"""A process and all that it started: what they hold, and how they end together."""

from __future__ import annotations

from contextlib import suppress

import psutil


def held_bytes(pid: int) -> int:
    """Bytes of memory that a process and its children hold; 0 once they are gone.

    Files that are mapped into them do not count where the system tells them apart (Linux): it takes their pages back at need.
    """
    return sum(_own_bytes(each) for each in _tree(pid))


def _own_bytes(process: psutil.Process) -> int:
    with suppress(OSError, ValueError), open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as file:
        held = dict(line.split(":", 1) for line in file if line.startswith("Rss"))
        if held:
            return sum(int(held[name].split()[0]) << 10 for name in ("RssAnon", "RssShmem"))
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def kill_tree(pid: int) -> None:
    """Ends a process and its children, at once."""
    for each in _tree(pid):
        with suppress(psutil.Error):
            each.kill()


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except psutil.Error:
        return []
