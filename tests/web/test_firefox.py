"""The page's main flow in Firefox ESR, driven over WebDriver BiDi, with a real server and a real render."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .running import REPOSITORY, RunningServer

TOOLS = REPOSITORY / "tests" / "web" / "firefox"

pytestmark = pytest.mark.full


def test_a_render_from_files_to_the_take_in_firefox(server: RunningServer, media: Path, pictures: Path) -> None:
    node, firefox = shutil.which("node"), shutil.which("firefox-esr") or shutil.which("firefox")
    if node is None or not (TOOLS / "node_modules" / "puppeteer-core").is_dir():
        pytest.skip(f"run `npm ci --prefix {TOOLS.relative_to(REPOSITORY)}` to drive Firefox")
    if firefox is None:
        pytest.skip("Firefox is missing: apt-get install firefox-esr")
    command = [node, TOOLS / "drive.mjs", firefox, server.sign_in_link(), media / "speaker.mp4", media / "speech.wav"]
    ran = subprocess.run([str(part) for part in (*command, pictures / "firefox.png")], capture_output=True, text=True, timeout=300)
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    steps = [one["step"] for one in said]
    assert steps == ["browser", "signed-in", "chosen", "started", "looked-at", "compared", "found-again"], ran.stdout + ran.stderr
    assert "firefox" in said[0]["version"].lower()
    assert said[4]["width"] == 256
