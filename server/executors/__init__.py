"""Child processes that open media and render, watched from the outside."""

from .local import Pool
from .worker_process import Limits, Worker, WorkFailed

__all__ = ["Limits", "Pool", "WorkFailed", "Worker"]
