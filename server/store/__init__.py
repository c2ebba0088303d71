"""What the server must not forget."""

from .jobs import expand
from .store import Store
from .work import Claim, Intent

__all__ = ["Claim", "Intent", "Store", "expand"]
