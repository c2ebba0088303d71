"""A cue sheet over HTTP: a table before anything renders, then a job, and the lines under the timeline that comes back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.shot import to_json
from heygem_server.settings import PathMap
from heygem_server.store import Store
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.wire import UploadView

from ...media import make
from ...timeline import making
from ..rendering import jobs
from .running import Answer, Server, running

SHEET = "in,out,file,character,off-screen\n0,0.8,anna.wav,Anna,\n1,1.6,ben.wav,Ben,\n2.4,3,anna.wav,Anna,x\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nothing is rendered. a.mov: 100 frames of 25; studio/: two recordings, the sheet and the cast."""
    folder = tmp_path_factory.mktemp("cues")
    with running(folder, renders=False, path_maps=(PathMap(theirs="Z:\\media", ours=str(folder / "media")),)) as found:
        media = found.settings.roots[0]
        make.video(media / "a.mov", frames=100)
        (media / "studio").mkdir()
        for name in ("anna", "ben"):
            make.sound(media / f"studio/{name}.wav", np.full((1, 48_000), 0.1, np.float32))
        (media / "studio/sheet.csv").write_text(SHEET)
        (media / "studio/cast.csv").write_text("character,face\nAnna,1\nBen,2\n")
        yield found


def media(server: Server) -> Path:
    return server.settings.roots[0]


def studio(server: Server, name: str) -> dict[str, str]:
    return {"path": str(media(server) / "studio" / name)}


def sent(server: Server, number: int, name: str, data: bytes) -> str:
    """An upload, as the server keeps it."""
    home = server.settings.data_folder / "uploads" / f"{number:032x}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / f"file{Path(name).suffix}").write_bytes(data)
    (home / "upload.json").write_bytes(to_json(UploadView(id=home.name, name=name, size_bytes=len(data), sha256="0" * 64, created=1.0)))
    return home.name


def ask(server: Server, cues: dict[str, Any], **more: Any) -> Answer:
    picture = making.clip("one", making.times(0, 100, 25), making.external(str(media(server) / "a.mov"), making.times(0, 100, 25)))
    tracks = [making.track("Video", "V1", picture)]
    for name in ("Old", "Music"):
        sound = making.clip(name, making.times(0, 100, 25), making.external(f"{name}.wav"))
        tracks.append(making.track("Audio", name, sound))
    return server.ask("POST", "/api/v1/timelines", {"document": making.timeline(*tracks, start=making.time(0, 25)), "cues": cues, **more})


def rows(answer: Answer) -> list[Any]:
    assert answer.status == 201, answer.body
    return [
        (row["placement"]["record_start"], row["placement"]["record_duration"], row["shot"] and row["shot"]["face"], row["error"])
        for row in answer.json["conformed"]["shots"]
    ]


CUT = [(0, 22, 1, None), (22, 78, 2, None)]  # between Anna's line, which ends at frame 20, and Ben's, which begins at 25


def test_a_table_is_answered_before_anything_renders(server: Server) -> None:
    answer = ask(server, {"sheet": studio(server, "sheet.csv"), "cast": studio(server, "cast.csv")}, dry_run=True)
    assert rows(answer) == CUT
    assert answer.json["job"] is None
    cues = answer.json["conformed"]["cues"]
    assert [(cue["number"], cue["character"], cue["start"], cue["off_screen"]) for cue in cues] == [
        ("2", "Anna", "0/1", False), ("3", "Ben", "1/1", False), ("4", "Anna", "12/5", True),
    ]  # fmt: skip
    assert {cue["file"] for cue in cues} == {str(media(server) / "studio" / name) for name in ("anna.wav", "ben.wav")}


def test_faces_are_chosen_by_character_and_count_before_the_list(server: Server) -> None:
    cues = {"sheet": studio(server, "sheet.csv"), "cast": studio(server, "cast.csv"), "faces": {"ANNA": 3}}
    assert [row[2] for row in rows(ask(server, cues, dry_run=True))] == [3, 2]
    assert [row[2] for row in rows(ask(server, {"sheet": studio(server, "sheet.csv"), "faces": {"ben": 2}}, dry_run=True))] == [None, 2]


def test_a_sheet_that_was_sent_finds_its_recordings_in_a_folder(server: Server) -> None:
    upload = sent(server, 1, "lines.csv", SHEET.encode())
    cues = {"sheet": {"upload": upload}, "folder": str(media(server) / "studio"), "cast": studio(server, "cast.csv")}
    assert rows(ask(server, cues, dry_run=True)) == CUT


def test_recordings_that_were_sent_are_found_by_their_names(server: Server) -> None:
    sound = (media(server) / "studio/anna.wav").read_bytes()
    uploads = [sent(server, number, name, sound) for number, name in ((2, "1_Anna.WAV"), (3, "2_Ben.wav"))]
    text = "1\n00:00:00,000 --> 00:00:00,800\nAnna: Hi\n\n2\n00:00:01,000 --> 00:00:01,600\nBen: Ho\n"
    answer = ask(
        server, {"sheet": {"upload": sent(server, 4, "x.srt", text.encode())}, "recordings": uploads, "faces": {"Anna": 1, "Ben": 2}}
    )
    assert rows(answer) == CUT
    shots = [shot["request"] for shot in answer.json["job"]["shots"]]
    homes = [Path(os.path.realpath(server.settings.data_folder / "uploads" / upload)) for upload in uploads]
    assert [Path(shot["speech"]["path"]).parent for shot in shots] == homes
    assert all(shot["placement"]["brings_speech"] for shot in shots)
    assert [cue["file"] for cue in answer.json["conformed"]["cues"]] == ["1_Anna.WAV", "2_Ben.wav"]
    server.ask("POST", f"/api/v1/jobs/{answer.json['job']['job']['id']}/cancel")


def test_the_lines_go_back_with_the_takes_and_the_old_dialogue_is_off(server: Server) -> None:
    answer = ask(server, {"sheet": studio(server, "sheet.csv"), "cast": studio(server, "cast.csv"), "music_effects": ["Music"]})
    assert rows(answer) == CUT
    home = server.settings.data_folder / "timelines" / answer.json["id"]
    assert sorted(path.name for path in home.iterdir()) == ["answer.json", "cast", "cues", "kept.json", "timeline.otio"]
    path = server.settings.takes_folder / "one_v1.mov"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"frames")
    store = Store(server.settings.data_folder / "heygem.sqlite3")
    jobs.finish(store, path=str(path))
    store.close()
    back = server.ask("GET", f"/api/v1/timelines/{answer.json['id']}/publish?mode=track").json
    tracks = {track["name"]: track for track in back["tracks"]["children"]}
    assert [(name, track["enabled"]) for name, track in tracks.items() if track["kind"] == "Audio"] == [
        ("Old", False), ("Music", True), ("HeyGem lines", True), ("HeyGem off-screen lines", True),
    ]  # fmt: skip
    lines = [child for child in tracks["HeyGem lines"]["children"] if child["OTIO_SCHEMA"].startswith("Clip")]
    assert [line["media_references"]["DEFAULT_MEDIA"]["target_url"] for line in lines] == [
        f"Z:\\media\\studio\\{name}.wav" for name in ("anna", "ben")
    ]
    server.ask("POST", f"/api/v1/jobs/{answer.json['job']['job']['id']}/cancel")


@pytest.mark.parametrize("format", ["otio", "fcpxml", "fcp7", "edl"])
def test_recordings_that_were_sent_go_back_by_their_names(server: Server, format: str) -> None:
    """Beside the timeline an editor finds them: where the server keeps them no other machine can read."""
    sound = (media(server) / "studio/anna.wav").read_bytes()
    uploads = [sent(server, 7, "Anna 1.WAV", sound)]
    sheet = sent(server, 8, "x.srt", b"1\n00:00:00,000 --> 00:00:00,800\nAnna: Hi\n")
    answer = ask(server, {"sheet": {"upload": sheet}, "recordings": uploads, "faces": {"Anna": 1}})
    path = server.settings.takes_folder / f"sent_{format}.mov"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"frames")
    store = Store(server.settings.data_folder / "heygem.sqlite3")
    jobs.finish(store, path=str(path))
    store.close()
    back = server.ask("GET", f"/api/v1/timelines/{answer.json['id']}/publish?mode=track&format={format}")
    assert back.status == 200, back.body
    assert str(server.settings.data_folder).encode() not in back.body
    read = read_timeline(back.body, format, rate=Fraction(25)).timeline
    urls = [clip.media_reference.target_url for clip in read.find_clips() if hasattr(clip.media_reference, "target_url")]
    assert "Anna 1.WAV" in urls


@pytest.mark.parametrize("other", [{"speech": {"path": "/x.wav"}}, {"selection": {"speech_tracks": ["A1"]}}])
def test_other_speech_beside_a_sheet_is_refused(server: Server, other: dict[str, Any]) -> None:
    answer = ask(server, {"sheet": studio(server, "sheet.csv")}, **other)
    assert (answer.status, "leave other speech files" in answer.json["message"]) == (400, True)


@pytest.mark.parametrize("part", ["sheet", "cast", "folder"])
def test_lists_and_recordings_outside_the_allowed_folders_are_refused(server: Server, part: str) -> None:
    outside = server.settings.data_folder.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "x.csv").write_text(SHEET)
    named: Any = str(outside) if part == "folder" else {"path": str(outside / "x.csv")}
    answer = ask(server, {"sheet": studio(server, "sheet.csv"), part: named}, dry_run=True)
    assert (answer.status, answer.error) == (403, "NotAllowedFolder")


def test_a_line_that_names_a_file_outside_is_named_and_left_out(server: Server) -> None:
    outside = server.settings.data_folder.parent / "secret.wav"
    shutil.copyfile(media(server) / "studio/anna.wav", outside)
    text = f"in,out,file\n0,0.8,{outside}\n1,2,../secret.wav\n2,3,ben.wav\n"
    answer = ask(
        server, {"sheet": {"upload": sent(server, 5, "x.csv", text.encode())}, "folder": str(media(server) / "studio")}, dry_run=True
    )
    assert answer.status == 201, answer.body
    heard = {Path(shot["shot"]["speech"]).name for shot in answer.json["conformed"]["shots"] if shot["shot"]}
    assert heard <= {"ben.wav"}
    assert sum("allowed folders" in notice or "nowhere" in notice for notice in answer.json["conformed"]["notices"]) == 2
