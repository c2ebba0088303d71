"""A deliverable of another package: takes are rendered in it by the command line and the server, and it is listed for the page."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from heygem_core.errors import OutputError, SpecError
from heygem_core.media.formats import format_for
from heygem_core.media.probe import probe
from heygem_server.cli import main

from ..rendering.making import pictures, speech, write_clip, write_sound
from ..server.http.running import running
from ..server.http.test_jobs import wait_for_end
from .packages import found, install

SOURCE = """
from heygem_core.media.deliverables import Deliverable

MPEG4 = Deliverable(
    name="mpeg4",
    title="MPEG-4",
    suffixes=(".mkv",),
    muxer="matroska",
    video_codec="mpeg4",
    video_options={"qscale": "2", "flags": "+qscale"},
    audio_codec="flac",
    audio_bit_rate=None,
    pixels=lambda info: "yuv420p",
    grey="gray",
    carries_full_range=False,
    carries_alpha=False,
    carries_pixel_aspect=False,
)
"""


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = install(tmp_path_factory.mktemp("site"), "toy_mpeg4", SOURCE, "heygem.deliverables", mpeg4="MPEG4", prores="MPEG4")
    with found(folder) as patch:
        patch.setenv("HEYGEM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "200")
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture(scope="module")
def folder(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """face.mov of 10 frames, words.wav."""
    folder = tmp_path_factory.mktemp("material")
    write_clip(folder / "face.mov", pictures(people / "grid" / "bbaf2n.mpg")[20:30])
    write_sound(folder / "words.wav", speech(people / "grid" / "lrwp9a.mpg")[8000:24000])
    return folder


def test_it_is_chosen_by_name_and_takes_nothing_from_those_that_ship() -> None:
    assert format_for("take.mkv", "mpeg4").video_codec == "mpeg4"
    assert format_for("take.mkv").name == "ffv1"
    assert format_for("take.mov", "prores").video_codec == "prores_ks", "no package replaces what ships"
    with pytest.raises(OutputError, match=r"written to \.mkv"):
        format_for("take.mov", "mpeg4")
    with pytest.raises(SpecError, match=r"no format of takes “gif”: choose one of h264, .*mpeg4"):
        format_for("take.gif", "gif")


def test_the_command_line_renders_in_it_and_names_it(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "take.mkv"
    arguments = ["render", str(folder / "face.mov"), "--audio", str(folder / "words.wav"), "--fit", "trim", "--device", "cpu"]
    assert main([*arguments, "--format", "mpeg4", "-o", str(output)]) == 0, capsys.readouterr().err
    info = probe(output)
    assert (info.codec, info.pix_fmt, info.frame_count) == ("mpeg4", "yuv420p", 10)
    help = subprocess.run([sys.executable, "-m", "heygem_server.cli", "submit", "--help"], capture_output=True, text=True, check=True)
    assert "mpeg4" in help.stdout


@pytest.mark.full
def test_the_server_renders_in_it_in_its_workers_and_lists_it_for_the_page(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, roots=(folder,)) as server:
        info = server.ask("GET", "/api/v1/info").json
        assert info["deliverables"][-1] == {"name": "mpeg4", "title": "MPEG-4", "suffixes": [".mkv"], "alpha": False}
        assert "mpeg4" in info["formats"]
        settings = server.ask("GET", "/api/v1/openapi.json").json["components"]["schemas"]["RenderSettings"]["properties"]
        assert {"prores", "mpeg4"} <= set(settings["format"]["anyOf"][0]["enum"])
        shot = {"video": {"path": str(folder / "face.mov")}, "speech": {"path": str(folder / "words.wav")}}
        refused = server.ask("POST", "/api/v1/jobs", {"shots": [shot], "settings": {"format": "gif"}})
        assert (refused.status, refused.error) == (400, "SpecError")
        assert "choose one of h264, " in refused.json["message"]
        arguments = ["submit", "--data", str(server.settings.data_folder), str(folder / "face.mov"), "--audio", str(folder / "words.wav")]
        assert main([*arguments, "--fit", "trim", "--format", "mpeg4"]) == 0
        ended = wait_for_end(server, capsys.readouterr().out.strip())
        assert ended["job"]["state"] == "completed", ended["shots"][0]["why"]
        (take,) = ended["shots"][0]["takes"]
        assert take["name"].endswith(".mkv")
        assert probe(take["path"]).codec == "mpeg4"
