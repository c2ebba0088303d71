"""A process and all that it started: what they hold, and how they end together."""

from __future__ import annotations

from contextlib import suppress

import psutil


def held_bytes(pid: int) -> int:
    """Resident bytes of a process and its children; 0 once they are gone."""
    total = 0
    for each in _tree(pid):
        with suppress(psutil.Error):
            total += int(each.memory_info().rss)
    return total


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
