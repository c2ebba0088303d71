"""Chromium for tests, figures and pictures: its headless shell where that is, since a window of the whole one costs six times as much."""

from __future__ import annotations

import shutil
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
MISSING = "Chromium is missing: install it, for instance with apt-get install chromium-headless-shell"


def launched(playwright: Any) -> Any:
    """A browser without windows, in which sound and pictures play by themselves. `CHROMIUM` must be there."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"])
