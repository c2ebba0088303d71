"""Child processes that open media and render, watched from the outside."""

from .pool import Pool
from .process import Limits, Worker, WorkFailed

__all__ = ["Limits", "Pool", "WorkFailed", "Worker"]
