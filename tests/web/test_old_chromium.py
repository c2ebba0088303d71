"""The page in the browser that editors embed: Chromium 90, of the class of CEP 11, with a real server and a real render."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .editor import HOST, ScriptedEditor, write_panel
from .running import REPOSITORY, RunningServer

OLD = REPOSITORY / "tests" / "plugins" / "old_chromium"


@pytest.mark.full
def test_select_choose_render_and_place_in_the_browser_of_cep_11(
    editor: ScriptedEditor, server: RunningServer, tmp_path: Path, pictures: Path
) -> None:
    node = shutil.which("node")
    if node is None or not (OLD / "node_modules" / "chrome-aws-lambda").is_dir():
        pytest.skip(f"run `npm ci --prefix {OLD.relative_to(REPOSITORY)}` for Chromium 90")
    token = server.ask("POST", "/tokens", {"scope": "host", "host": HOST["id"], "project": HOST["project"]})["token"]
    panel = write_panel(tmp_path, server, token).as_uri()
    ran = subprocess.run(
        [node, str(OLD / "drive.cjs"), panel, str(pictures / "host-chromium-90.png")], capture_output=True, text=True, timeout=280
    )
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    if said and "error while loading shared libraries" in said[-1].get("problem", ""):
        pytest.skip("Chromium 90 lacks system libraries here: apt-get install libnss3")
    assert [one["step"] for one in said] == ["browser", "opened", "selected", "chosen", "progress", "placed"], ran.stdout + ran.stderr
    assert said[0]["version"].startswith("HeadlessChrome/90.")
    [params] = editor.all("host.place")
    assert params["placement"]["laying"]["mute"] == "track"
