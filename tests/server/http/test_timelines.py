"""A timeline over HTTP: exports in place of clips, what the person chose, whose it is, and the same request twice."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.shot import from_json, to_json
from heygem_server.api import timelines as timelines_api
from heygem_server.hosts.export_store import KeptExport
from heygem_server.timeline.child_process import conform_in_child
from heygem_server.timeline.conform_types import Conformed
from heygem_server.wire import ExportedItem, UploadView

from ...media import make
from ...timeline import making
from .running import Answer, Server, running
from .test_hosts import editor

ORIGIN = {"kind": "host", "host": "premiere-1", "project": "p1"}
EXPORT = "x00000000000000{:02x}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nothing is rendered: the disk is said to be full. a.mov: 40 frames of 25; export.mov: 30; v.wav: 4 s."""
    folder = tmp_path_factory.mktemp("timelines")
    with running(folder, disk_floor_bytes=1 << 60) as found:
        media = found.settings.roots[0]
        make.video(media / "a.mov", frames=40)
        make.video(folder / "export.mov", frames=30)
        make.sound(media / "v.wav", np.full((1, 4 * 48_000), 0.1, np.float32))
        yield found


def an_export(
    server: Server, number: int, *items: str, host: str = "premiere-1", project: str = "p1", kind: Any = "picture", file: str = ""
) -> str:
    """As `POST …/exports` leaves one: every item the same 30 frames, 5 before the clip."""
    data = server.settings.data_folder
    home = data / "exports" / EXPORT.format(number)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    source = Path(file) if file else data.parent / "export.mov"
    for item in items:
        shutil.copyfile(source, home / f"{item}{source.suffix}")
    files = {item: ExportedItem(item=item, path=f"{item}{source.suffix}") for item in items}
    (home / "kept.json").write_bytes(to_json(KeptExport(host=host, project=project, kind=kind, handles=5, files=files)))
    return home.name


def document(server: Server) -> dict[str, Any]:
    """V1: ten frames of nothing, a retimed clip of 20, a plain clip of 20. A1: speech under all of it."""
    media = making.external(str(server.settings.roots[0] / "a.mov"))
    marks = [{"metadata": {"heygem": {"id": name}}} for name in ("fast", "plain", "voice")]
    fast = making.clip("fast", making.times(0, 20, 25), media, effects=(making.warp(2.0),)) | marks[0]
    plain = making.clip("plain", making.times(5, 20, 25), media) | marks[1]
    voice = making.clip("voice", making.times(0, 60, 25), making.external(str(server.settings.roots[0] / "v.wav"))) | marks[2]
    return making.timeline(
        making.track("Video", "V1", making.gap(10, 25), fast, plain), making.track("Audio", "A1", voice), start=making.time(90_000, 25)
    )


def send(server: Server, known: dict[str, str] | None = None, key: str | None = None, **more: Any) -> Answer:
    selection = {"ids": ["fast", "plain", "voice"], "project": "p1", "sequence": "s1", **more.pop("selection", {})}
    body = {"document": document(server), "selection": selection, "origin": ORIGIN, **more}
    headers = {**(known or {}), **({} if key is None else {"Idempotency-Key": key})}
    return server.ask("POST", "/api/v1/timelines", body, headers, known=known is None)


def shots(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 201, answer.body
    return [shot["request"] for shot in answer.json["job"]["shots"]]


def timelines(server: Server) -> set[str]:
    home = server.settings.data_folder / "timelines"
    return {path.name for path in home.iterdir()} if home.is_dir() else set()


# --- exports


def test_a_dry_run_says_what_an_export_would_give(server: Server) -> None:
    """The retimed clip stands at record 10–30, so its export of 30 frames holds all five of its handles."""
    export = an_export(server, 1, "fast")
    before = timelines(server)
    answer = send(server, exports=[export], dry_run=True).json
    fast, plain = answer["conformed"]["shots"]
    assert (answer["job"], answer["id"]) == (None, None)
    assert fast["shot"]["video"] == os.path.realpath(server.settings.data_folder / "exports" / export / "fast.mov")
    assert (fast["shot"]["start"], fast["shot"]["end_exclusive"], fast["shot"]["speed"]) == (5, 25, "1/1")
    assert (fast["placement"]["baked"], plain["placement"]["baked"]) == (True, False)
    assert timelines(server) == before


@pytest.mark.full
def test_a_job_keeps_the_exports_it_uses_and_no_others(server: Server) -> None:
    export = an_export(server, 2, "fast", "unused")
    answer = send(server, exports=[export])
    fast, plain = shots(answer)
    home = server.settings.data_folder / "timelines" / answer.json["id"]
    kept = home / "exports" / f"{export}-fast.mov"
    assert fast["video"]["path"] == os.path.realpath(kept) == answer.json["conformed"]["shots"][0]["shot"]["video"]
    assert plain["video"]["path"] == str(server.settings.roots[0] / "a.mov")
    assert [path.name for path in (home / "exports").iterdir()] == [kept.name]
    whole = kept.read_bytes()
    shutil.rmtree(server.settings.data_folder / "exports" / export)
    assert kept.read_bytes() == whole
    job = answer.json["job"]["job"]["id"]
    own, strange = (server.token("host", host="premiere-1", project=project) for project in ("p1", "p2"))
    assert server.ask("POST", "/api/v1/media/probe", {"path": str(kept)}, own, known=False).status == 200
    assert server.ask("POST", "/api/v1/media/probe", {"path": str(kept)}, strange, known=False).status in (403, 422)
    server.ask("POST", f"/api/v1/jobs/{job}/cancel")
    server.ask("DELETE", f"/api/v1/jobs/{job}")
    assert not home.exists()


def test_an_exported_sound_is_kept_with_its_timeline_too(server: Server) -> None:
    """The voice at record 0–60 has no frame before it: the export is the 60 frames and up to 5 behind them."""
    sound = server.settings.data_folder.parent / "mix.wav"
    make.sound(sound, np.full((1, 62 * 48_000 // 25), 0.1, np.float32))
    export = an_export(server, 4, "voice", kind="sound", file=str(sound))
    answer = send(server, exports=[export])
    fast, plain = shots(answer)
    assert Path(fast["speech"]["path"]).name == Path(plain["speech"]["path"]).name == f"{export}-voice.wav"
    assert Path(fast["speech"]["path"]).parent.parent.name == answer.json["id"]
    assert (fast["speech_start"], fast["speech_end"], plain["speech_start"]) == ("2/5", "6/5", "6/5")


@pytest.mark.full
def test_of_two_exports_of_a_clip_the_last_one_counts_and_a_wrong_one_is_that_clips_failure(server: Server) -> None:
    good = an_export(server, 5, "fast")
    wrong = an_export(server, 6, "fast", file=str(server.settings.roots[0] / "a.mov"))
    answer = send(server, exports=[good, wrong], dry_run=True).json["conformed"]["shots"]
    assert "has 40 frames where 25 to 31 were wanted: export it again" in answer[0]["error"]
    assert answer[1]["shot"]
    assert send(server, exports=[wrong, good], dry_run=True).json["conformed"]["shots"][0]["shot"]


@pytest.mark.parametrize("id", ["x" + "0" * 16, "", "x", "../timelines", "x0123456789abcdef/..", "t0123456789abcdef"])
def test_an_export_that_is_not_there_is_said_to_be_not_there(server: Server, id: str) -> None:
    before = timelines(server)
    answer = send(server, exports=[id])
    assert (answer.status, "let the editor export the clips again" in answer.json["message"]) == (404, True)
    assert timelines(server) == before


@pytest.mark.parametrize("whose", [{"host": "resolve-1"}, {"project": "p2"}])
def test_an_export_of_another_editor_or_project_is_refused(server: Server, whose: dict[str, str]) -> None:
    export = an_export(server, 7, "fast", **whose)
    page, own = server.token("page"), server.token("host", host="premiere-1", project="p1")
    before = timelines(server)
    assert (send(server, page, exports=[export]).status, send(server, page, exports=[export]).error) == (403, "Forbidden")
    assert send(server, own, exports=[export]).status == 404
    assert send(server, page, exports=[export], origin={"kind": "page"}).status == 403
    assert timelines(server) == before


def test_a_day_begins_anew_when_an_export_is_used(server: Server) -> None:
    export = an_export(server, 8, "fast")
    home = server.settings.data_folder / "exports" / export
    os.utime(home, (1.0, 1.0))
    send(server, exports=[export], dry_run=True)
    assert time.time() - home.stat().st_mtime < 60


def test_more_exports_than_anybody_has_are_refused(server: Server) -> None:
    assert send(server, exports=["x" + "0" * 16] * 201).status == 400


# --- what the person chose


def test_how_takes_are_laid_and_which_face_speaks_travels_with_the_shots(server: Server) -> None:
    laying = {"mode": "take", "mute": "track", "disable_original": True}
    answer = send(server, laying=laying, selection={"faces": {"plain": 2}, "handles": 3})
    fast, plain = shots(answer)
    for row, shot in zip(answer.json["conformed"]["shots"], (fast, plain), strict=True):
        assert row["placement"]["laying"] == shot["placement"]["laying"] == laying
    assert (fast["face"], plain["face"]) == (None, 2)
    assert (plain["placement"]["handles"], plain["placement"]["brings_speech"]) == (3, False)


def test_a_take_of_a_part_of_a_clip_leaves_the_clip_on(server: Server) -> None:
    """The clip was disabled and muted whole, and beside the take there was nothing."""
    laying = {"mode": "take", "mute": "clip", "disable_original": True}
    fast, plain = send(server, laying=laying, selection={"ranges": [[15, 50]]}, dry_run=True).json["conformed"]["shots"]
    assert plain["placement"]["laying"] == laying, "it lies at 30–50"
    assert fast["placement"]["laying"] == {"mode": "track", "mute": "none", "disable_original": False}
    assert fast["notices"] == [
        "Only a part of its clip is rendered, so the take lies on a track above and the clip stays on, its sound too."
    ]
    track = send(server, laying={"mute": "track"}, selection={"ranges": [[15, 50]]}, dry_run=True).json["conformed"]["shots"][0]
    assert (track["placement"]["laying"]["mute"], track["notices"]) == ("track", [])


def test_speech_that_was_sent_is_brought_along(server: Server) -> None:
    home = server.settings.data_folder / "uploads" / ("0" * 32)
    home.mkdir()
    shutil.copyfile(server.settings.roots[0] / "v.wav", home / "v.wav")
    (home / "upload.json").write_bytes(to_json(UploadView(id=home.name, name="v.wav", size_bytes=1, sha256="0" * 64, created=1.0)))
    fast, plain = shots(send(server, speech={"upload": home.name}))
    assert fast["speech"]["path"] == plain["speech"]["path"] == os.path.realpath(home / "v.wav")
    assert fast["placement"]["brings_speech"]
    assert plain["placement"]["brings_speech"]
    assert (fast["speech_start"], plain["speech_start"]) == ("2/5", "6/5")


def test_a_clip_that_the_editor_drew_gets_a_full_take_even_where_patches_are_wanted(server: Server) -> None:
    export = an_export(server, 9, "fast")
    answer = send(server, exports=[export], settings={"kind": "patch", "format": "prores4444", "fit": "hold", "sound": "none"})
    fast, plain = shots(answer)
    assert (fast["settings"]["kind"], fast["settings"]["format"], plain["settings"]) == ("full", "prores4444", None)
    told, untold = (row["notices"] for row in answer.json["conformed"]["shots"])
    assert told == ["It is rendered from the editor's export, on which no patch fits, so its take is a full picture."]
    assert untold == []


# --- the same request twice


def test_the_same_timeline_with_the_same_key_is_one_job(server: Server) -> None:
    before = timelines(server)
    first, second = send(server, key="t1"), send(server, key="t1")
    assert (first.status, second.status) == (201, 201)
    assert (second.json["id"], second.json["conformed"]) == (first.json["id"], first.json["conformed"])
    assert second.json["job"]["job"]["id"] == first.json["job"]["job"]["id"]
    assert timelines(server) - before == {first.json["id"]}
    assert send(server, key="t2").json["id"] != first.json["id"]


@pytest.mark.full
def test_a_key_is_for_one_request_of_one_asker(server: Server) -> None:
    first = send(server, key="t3")
    other = send(server, key="t3", selection={"handles": 1})
    assert (other.status, other.error) == (409, "Conflict")
    assert send(server, server.token("page"), key="t3").json["id"] != first.json["id"]
    job = server.ask("POST", "/api/v1/jobs", {"shots": [shots(first)[1]]}, {"Idempotency-Key": "t3"})
    assert job.status == 409, "keys of jobs and timelines are the same keys"
    assert send(server, key="ä".encode().decode("latin-1")).status == 400


def test_a_dry_run_has_no_key(server: Server) -> None:
    assert send(server, key="t4", dry_run=True).json["job"] is None
    assert send(server, key="t4").json["job"] is not None
    assert send(server, key="t4", dry_run=True).json["job"] is None


def test_a_key_twice_at_the_same_time_is_one_job_and_one_folder(server: Server) -> None:
    before = timelines(server)
    with ThreadPoolExecutor() as pool:
        answers = [each.result() for each in [pool.submit(send, server, key="t5") for _ in range(3)]]
    assert [answer.status for answer in answers] == [201] * 3, [answer.body for answer in answers]
    assert len({answer.json["id"] for answer in answers}) == len({answer.json["job"]["job"]["id"] for answer in answers}) == 1
    assert timelines(server) - before == {answers[0].json["id"]}
    assert len({str(answer.json["conformed"]) for answer in answers}) == 1


def test_a_timeline_knows_its_job_before_the_job_is_known(server: Server) -> None:
    answer = send(server).json
    home = server.settings.data_folder / "timelines" / answer["id"]
    assert f'"job":"{answer["job"]["job"]["id"]}"' in (home / "kept.json").read_text()
    assert from_json((home / "answer.json").read_bytes(), Conformed).sequence.rate == Fraction(25)


# --- a page does all that a panel's page can


@pytest.mark.full
def test_a_page_renders_an_editors_clips_and_places_the_takes_as_a_panel_would(server: Server) -> None:
    """Resolve's panel opens the page in a browser, where it knows the server by its cookie."""
    cookie, csrf = server.sign_in()
    page = {"Cookie": cookie, "X-HeyGem-CSRF": csrf, "Origin": f"http://{server.host}"}
    export = an_export(server, 10, "fast")
    with editor(server, lambda _: {"result": {"sequence": None}}):
        assert [host["id"] for host in server.ask("GET", "/api/v1/hosts", headers=page, known=False).json] == ["premiere-1"]
        call = {"method": "host.selection", "params": {}}
        assert server.ask("POST", "/api/v1/hosts/premiere-1/call", call, page, known=False).status == 200
        answer = send(server, page, exports=[export])
        assert answer.status == 201, answer.body
        origin = answer.json["job"]["job"]["origin"]
        assert origin == ORIGIN
    own = server.token("host", host="premiere-1", project="p1")
    assert server.ask("GET", f"/api/v1/jobs/{answer.json['job']['job']['id']}", headers=own, known=False).status == 200, "the panel sees it"
    strange = server.token("host", host="premiere-1", project="p2")
    theirs = send(server, strange, origin=ORIGIN)
    assert theirs.json["job"]["job"]["origin"]["project"] == "p2", "an editor cannot speak for another"


# --- whose files its clips may name


def naming(server: Server, path: Path) -> dict[str, Any]:
    """A timeline of one clip of that file, with speech under it."""
    picture = making.clip("named", making.times(0, 10, 25), making.external(str(path)))
    voice = making.clip("voice", making.times(0, 50, 25), making.external(str(server.settings.roots[0] / "v.wav")))
    return making.timeline(making.track("Video", "V1", picture), making.track("Audio", "A1", voice), start=making.time(0, 25))


def named(server: Server, path: Path) -> dict[str, Any]:
    """The row of that clip, without a job."""
    body = {"document": naming(server, path), "selection": {"speech_tracks": ["A1"]}, "dry_run": True}
    answer = server.ask("POST", "/api/v1/timelines", body)
    assert answer.status == 201, answer.body
    return answer.json["conformed"]["shots"][0]


def test_no_clip_names_the_servers_own_uploads(server: Server) -> None:
    """Although the folder around them may be read."""
    data = server.settings.data_folder
    lying = data / "uploads" / "u0123456789abcdef.mov"
    lying.parent.mkdir(exist_ok=True)
    shutil.copyfile(server.settings.roots[0] / "a.mov", lying)
    assert server.ask("POST", "/api/v1/roots", {"folder": str(data.parent)}).status < 300
    try:
        assert named(server, server.settings.roots[0] / "a.mov")["shot"]
        link = server.settings.roots[0] / "link.mov"
        link.symlink_to(lying)
        for path in (lying, link, Path(lying.name)):
            row = named(server, path)
            assert row["shot"] is None, path
            assert "allowed folders" in row["error"] or "nowhere" in row["error"]
        link.unlink()
    finally:
        server.ask("DELETE", "/api/v1/roots", {"folder": str(data.parent)})
        lying.unlink()


def test_a_folder_that_becomes_a_link_after_its_files_were_found_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child found the clip inside the allowed folders; when its answer came, a link had taken the folder's place."""
    inside, outside = server.settings.roots[0] / "inside", server.settings.data_folder.parent / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        shutil.copyfile(server.settings.roots[0] / "a.mov", folder / "b.mov")

    async def swapping(spec: Any) -> Conformed:
        found = await conform_in_child(spec)
        inside.rename(inside.with_name("away"))
        inside.symlink_to(outside)
        return found

    monkeypatch.setattr(timelines_api, "conform_in_child", swapping)
    body = {"document": naming(server, inside / "b.mov"), "selection": {"speech_tracks": ["A1"]}}
    answer = server.ask("POST", "/api/v1/timelines", body)
    assert (answer.status, answer.error) == (403, "NotAllowedFolder"), answer.body
    inside.unlink()
