"""Keeps native libraries from writing log lines that mean nothing to an editor to this process's standard error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


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
