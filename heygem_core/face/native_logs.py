"""Keeps large libraries of trackers from leaving traces: log lines that mean nothing to an editor, and memory of whoever imported them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def suppress_stderr() -> Iterator[None]:
    """Sends what is written to stderr, by any code of the process, to nowhere: only around short calls, and where such a library is
    imported first. What it writes later is turned off by its own settings, unless somebody has chosen them.
    """
    for variable in ("GLOG_minloglevel", "TF_CPP_MIN_LOG_LEVEL"):
        os.environ.setdefault(variable, "3")
    try:
        kept = os.dup(2)
    except OSError:  # a program without a console has no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def imported_apart(load: Callable[[], T]) -> T:
    """What `load` imports, imported by a thread of its own. MediaPipe's modules keep the stack of calls that imported them, and with it all
    that the callers hold until the process ends: the landmarks of a whole clip."""
    with ThreadPoolExecutor(1, "import") as thread:
        return thread.submit(load).result()
