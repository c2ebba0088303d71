"""A face tracker of another package: the command line, the server and child processes find faces with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from heygem_core.errors import SetupError, SpecError
from heygem_core.face.tracker_registry import TRACKERS, open_tracker
from heygem_core.media.probe import probe
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_server.cli import main

from ..rendering import making
from ..server.http.running import running
from .packages import found, install

ROOT = Path(__file__).parents[2]

SOURCE = '''
from heygem_core.errors import MissingPackage
from heygem_core.face.tracker import TrackerKind


class Noted:
    """Sees what the usual tracker sees, and writes down each picture."""

    name, version = "toy", "1"

    def __init__(self):
        from heygem_core.face.tracker_registry import open_tracker

        self._eyes = open_tracker("mediapipe")

    def detect(self, rgb, *, first):
        import os

        with open(os.environ["TOY_LOG"], "a") as log:
            print(os.getpid(), *rgb.shape, first, file=log)
        return self._eyes.detect(rgb, first=first)

    def reset(self):
        self._eyes.reset()

    def close(self):
        self._eyes.close()


def absent(device):
    raise MissingPackage("Install the package of the toy.")


TOY = TrackerKind(name="toy", open=lambda device: Noted())
ABSENT = TrackerKind(name="absent", open=absent)
HALF = "no tracker"
'''


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Path]:
    """It is installed, here and for child processes; what it looks at is written into the file that is returned."""
    log = tmp_path / "looked.log"
    log.touch()
    entries = {"toy": "TOY", "absent": "ABSENT", "half": "HALF", "mediapipe": "ABSENT"}
    with found(install(tmp_path / "packages", "toy_tracker", SOURCE, "heygem.trackers", **entries)) as patch:
        patch.setenv("TOY_LOG", str(log))
        patch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
        yield log
    sys.modules.pop("toy_tracker", None)


@pytest.mark.full
def test_a_take_is_made_with_a_tracker_of_another_package_from_the_command_line(toy: Path, people: Path, tmp_path: Path) -> None:
    man = people / "grid" / "bbaf2n.mpg"
    clip = making.write_clip(tmp_path / "clip.mp4", making.pictures(man)[10:22])
    words = making.write_sound(tmp_path / "words.wav", making.speech(man)[8000:16000])
    command = [sys.executable, "-m", "heygem_server.cli", "render", str(clip), "--audio", str(words), "-o", str(tmp_path / "take.mkv")]
    flags = ["--tracker", "toy", "--format", "ffv1", "--fit", "hold", "--no-adaptation"]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=250, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert probe(tmp_path / "take.mkv").frame_count == 12
    assert len(toy.read_text().splitlines()) >= 12
    report = json.loads((tmp_path / "take.mkv.report.json").read_text())
    assert report["plan"]["settings"]["tracker"] == "toy"


def test_the_server_lists_it_and_knows_what_there_is(toy: Path, tmp_path: Path) -> None:
    with running(tmp_path / "server", renders=False) as server:
        schema = server.ask("GET", "/api/v1/openapi.json").json["components"]["schemas"]["RenderSettings"]
        known = schema["properties"]["tracker"]["enum"]
        assert set(known) == {"mediapipe", "face-landmarker", "face-alignment", "absent", "half", "toy"}
        offered = set(server.ask("GET", "/api/v1/info").json["trackers"])  # all, until a child has said which can run here
        assert {"mediapipe", "toy"} <= offered <= set(known)
        allowed = server.settings.takes_folder
        wanted = {"video": {"path": str(allowed / "a.mp4")}, "speech": {"path": str(allowed / "a.wav")}}
        answer = server.ask("POST", "/api/v1/jobs", {"shots": [wanted], "settings": {"tracker": "nobody"}})
        assert (answer.status, answer.json["code"]) == (400, "registry.unknown")
        assert "face tracker" in answer.json["message"]


def test_doctor_says_of_each_whether_it_works(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    said = capsys.readouterr().out
    assert "toy is ready." in said
    assert "absent is not available: Install the package of the toy." in said
    assert "half is not available: " in said
    assert (
        "--tracker"
        in subprocess.run([sys.executable, "-m", "heygem_server.cli", "render", "--help"], capture_output=True, text=True).stdout
    )


def test_none_that_ships_is_replaced_and_what_is_none_is_told(toy: Path) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    assert open_tracker("toy").detect(picture, first=True) == []
    assert TRACKERS.get("mediapipe").open is not TRACKERS.get("absent").open
    with pytest.raises(SetupError, match="half"):
        open_tracker("half")
    with pytest.raises(SpecError, match="face-landmarker"):
        open_tracker("nobody")


def test_settings_name_any_tracker_and_it_is_looked_up_where_it_is_used(tmp_path: Path) -> None:
    task = RenderTask(shot=Shot(video="a", speech="b"), settings=RenderSettings(tracker="of another machine"), output=str(tmp_path / "a"))
    assert task.settings.tracker == "of another machine"
