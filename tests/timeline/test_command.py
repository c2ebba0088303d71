"""`heygem timeline` and its twin on the server: a timeline in, takes rendered, the timeline with them out."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from heygem_core.media.probe import probe
from heygem_core.shot import from_json
from heygem_server.cli import main
from heygem_server.timeline.conform_types import Conformed

from ..rendering.making import pictures, speech, write_clip, write_sound
from ..server.http.running import Server, running
from ..server.http.test_jobs import wait_for_end
from .making import clip, data, external, gap, time, timeline, times, track


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEYGEM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "200")
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture(scope="module")
def folder(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 24 frames with a face from 01:00:00:00, a speech, and a timeline that shows frames 4–18 of it at record 10–24."""
    folder = tmp_path_factory.mktemp("edit")
    write_clip(folder / "face.mov", pictures(people / "grid" / "bbaf2n.mpg")[16:40], timecode="01:00:00:00")
    write_sound(folder / "words.wav", speech(people / "grid" / "lrwp9a.mpg")[8000:40000])
    made = timeline(
        track(
            "Video",
            "V1",
            gap(10, 25),
            clip("face", times(90_004, 14, 25), external(str(folder / "face.mov"), times(90_000, 24, 25))),
            clip("gone", times(0, 10, 25), external("/nowhere/gone.mov")),
        ),
        track("Audio", "Dub", clip("words", times(0, 50, 25), external(str(folder / "words.wav")))),
        start=time(90_000, 25),
        name="Edit",
    )
    (folder / "edit.otio").write_bytes(data(made))
    return folder


def test_dry_run_prints_the_shots_as_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["timeline", str(folder / "edit.otio"), "--speech-track", "dub", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "01:00:00:10" in said
    assert "01:00:00:24" in said
    assert "4–18" in said
    assert "“gone.mov” is nowhere to be found" in said
    assert main(["timeline", str(folder / "edit.otio"), "--speech-track", "dub", "--dry-run", "--json"]) == 0
    found = from_json(capsys.readouterr().out, Conformed)
    assert [row.clip for row in found.shots] == ["face", "gone"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Say where the new speech is"),
        (["--speech-track", "dub"], 2, "Say what the new timeline is called"),
        (["--speech-track", "A9", "--dry-run"], 3, "has no audio track “A9”: it has A1 “Dub”"),
        (["--speech-track", "dub", "-o", "edit.mp4"], 5, "not as “.mp4”"),
        (["--speech-track", "dub", "--dry-run", "--map", "nonsense"], 2, "maps no folder"),
        (["--speech-track", "dub", "--dry-run", "--range", "9-x"], 2, "is no range of frames"),
    ],
)
def test_what_is_wrong_with_the_options_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert main(["timeline", str(folder / "edit.otio"), *arguments]) == code
    assert said in capsys.readouterr().err


def test_a_whole_timeline_rendered_and_published(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One clip is rendered, one is missing: the first is in the new timeline, the second is told in the end."""
    output = folder / "done.otio"
    arguments = ["timeline", str(folder / "edit.otio"), "--speech-track", "Dub", "-o", str(output), "--handles", "2", "--device", "cpu"]
    code = main(arguments)
    captured = capsys.readouterr()
    assert code == 1, captured.err
    assert "“gone” at 01:00:00:24: “gone.mov” is nowhere to be found" in captured.err
    (take,) = (folder / "done takes").glob("*.mov")
    assert take.name == "face_01-00-00-10_v01.mov"
    info = probe(take)
    assert (info.frame_count, info.rate, info.start_timecode, info.sound) == (18, Fraction(25), "01:00:00:02", None)
    listed = (folder / "done takes" / "takes.tsv").read_text(encoding="utf-8").splitlines()
    assert listed == [f"1\t10\t14\t2\t14\t{take}"], "for scripts within editors: where the take goes"
    made: Any = otio.adapters.read_from_file(str(output))
    version = made.tracks[0][1].media_reference
    assert version.target_url == str(take)
    assert (version.available_range.start_time.value, version.available_range.duration.value) == (90_002, 18)
    assert made.tracks[0][1].source_range.start_time.value == 90_004


@pytest.mark.full
def test_over_http_a_timeline_becomes_a_job_and_goes_back_with_its_takes(folder: Path, tmp_path: Path) -> None:
    with running(tmp_path, roots=(folder,)) as server:
        _check_http(server, folder)


def _check_http(server: Server, folder: Path) -> None:
    selection = {"speech_tracks": ["Dub"]}
    path = {"path": str(folder / "edit.otio"), "selection": selection}
    looked = server.ask("POST", "/api/v1/timelines", {**path, "dry_run": True})
    assert looked.status == 201, looked.body
    assert looked.json["job"] is None
    assert [row["clip"] for row in looked.json["conformed"]["shots"]] == ["face", "gone"]
    document = json.loads((folder / "edit.otio").read_bytes())
    settings = {"sound": "none", "fit": "hold", "format": "prores"}
    made = server.ask("POST", "/api/v1/timelines", {"document": document, "selection": selection, "settings": settings})
    assert made.status == 201, made.body
    id, job = made.json["id"], made.json["job"]["job"]
    assert job["timeline"] == id
    assert server.ask("GET", "/api/v1/timelines/t0000000000000000/publish").status == 404
    ended = wait_for_end(server, job["id"])
    assert ended["job"]["state"] == "completed", ended["shots"][0]["why"]
    take = ended["shots"][0]["takes"][0]
    assert take["start_timecode"] == "01:00:00:04"
    answer = server.ask("GET", f"/api/v1/timelines/{id}/publish?format=fcpxml&mode=track")
    assert answer.status == 200, answer.body
    assert b"<fcpxml" in answer.body
    assert Path(take["path"]).name.encode() in answer.body
    said = server.ask("GET", f"/api/v1/timelines/{id}/publish?format=edl&report=1").json
    assert any("no versions" in notice for notice in said["notices"])
    plain = server.ask("GET", f"/api/v1/timelines/{id}/publish").json
    face = plain["tracks"]["children"][0]["children"][1]
    assert face["media_references"][face["active_media_reference_key"]]["target_url"] == take["path"]
    outside = server.ask("POST", "/api/v1/timelines", {"path": "/etc/hostname", "selection": selection})
    assert (outside.status, outside.error) == (403, "NotAllowedFolder")
    nonsense = server.ask("POST", "/api/v1/timelines", {"document": {"a": 1}, "selection": selection})
    assert nonsense.status in (400, 422), nonsense.body
    assert not list((server.settings.data_folder / "timelines").glob("*/*.part"))
