"""Takes over the standard input of a child process that hears its orders there."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO


def own_input() -> BinaryIO:
    """Standard input for this process's own reading. From here on whatever else reads it, such as a library that asks a question,
    finds it empty, and takes no order away."""
    source = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return source
