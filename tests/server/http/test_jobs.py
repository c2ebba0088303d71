"""Jobs over HTTP: from files to takes with a real render, and everything that can be asked of both."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heygem_server.client import Client
from heygem_server.errors import Broken, Conflict, NotFound
from heygem_server.hosts.connected import Hosts
from heygem_server.settings import PathMap
from heygem_server.wire import Batch, JobRequest, MediaRef, ShotRequest

from ...rendering import making
from .running import Answer, Server, arrivals, running, told, wait_for


@pytest.fixture(scope="module")
def studio(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, Any]]]:
    """A server that has made one take of sixteen frames, for an editor's project."""
    folder = tmp_path_factory.mktemp("studio")
    media = folder / "media"
    media.mkdir()
    making.write_clip(media / "short.mp4", making.pictures(people / "grid" / "bbaf2n.mpg")[20:36])
    making.write_sound(media / "words.wav", making.speech(people / "grid" / "lrwp9a.mpg")[8000:18240])
    maps = (PathMap(theirs="Z:\\takes", ours=str(folder / "takes")), PathMap(theirs="Z:\\media", ours=str(media)))
    with running(folder, path_maps=maps) as server:
        host = server.token("host", host="premiere-1", project="p1")
        shot = {"video": {"path": str(media / "short.mp4")}, "speech": {"path": "z:\\MEDIA\\words.wav"}}
        answer = server.ask("POST", "/api/v1/jobs", {"shots": [shot], "settings": {"format": "prores", "sound": "none"}}, host, known=False)
        assert answer.status == 201, answer.body
        ended = wait_for_end(server, answer.json["job"]["id"])
        assert ended["job"]["state"] == "completed", ended["shots"][0]["why"]
        yield server, ended


def wait_for_end(server: Server, job: str, timeout_s: float = 120) -> dict[str, Any]:
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        detail = server.ask("GET", f"/api/v1/jobs/{job}").json
        if detail["job"]["state"] in ("completed", "failed", "canceled"):
            return detail
        time.sleep(0.1)
    raise AssertionError(detail)


def take_of(detail: dict[str, Any]) -> dict[str, Any]:
    return detail["shots"][0]["takes"][0]


def test_the_take_is_told_with_its_file_at_its_place(studio: tuple[Server, dict[str, Any]]) -> None:
    server, detail = studio
    take = take_of(detail)
    path = Path(take["path"])
    assert path.parent == server.settings.takes_folder
    assert (take["frames"], take["size_bytes"], take["sha256"]) == (16, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert detail["job"]["origin"] == {"kind": "host", "host": "premiere-1", "project": "p1"}
    assert server.ask("GET", f"/api/v1/shots/{take['shot']}").json["state"] == "done"
    assert [each["id"] for each in server.ask("GET", f"/api/v1/takes?job={take['job']}").json["takes"]] == [take["id"]]
    assert b"short" in server.ask("GET", f"/api/v1/jobs/{take['job']}/log").body


def test_a_take_comes_whole_or_in_ranges(studio: tuple[Server, dict[str, Any]]) -> None:
    server, detail = studio
    take = take_of(detail)
    whole = Path(take["path"]).read_bytes()
    size = len(whole)

    def get(**headers: str) -> Answer:
        return server.ask(
            "GET", f"/api/v1/takes/{take['id']}/file", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    answer = get()
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, whole, f'"{take["sha256"]}"')
    assert answer.headers["content-disposition"].startswith("attachment")
    for given, start, end in (
        ("0-0", 0, 1),
        ("10-19", 10, 20),
        (f"{size - 5}-", size - 5, size),
        ("-7", size - 7, size),
        (f"5-{size * 9}", 5, size),
    ):
        answer = get(Range=f"bytes={given}")
        assert (answer.status, answer.body) == (206, whole[start:end]), given
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    for given in (f"{size}-", "9-5", "-0"):
        assert get(Range=f"bytes={given}").status == 416, given
    for given in ("bytes=0-1,4-5", "lines=0-1", "bytes=x-y", "bytes=-"):
        assert get(Range=given).status == 200, given
    assert get(Range="bytes=0-1", If_Range='"another"').status == 200
    assert get(If_None_Match=f'"{take["sha256"]}"').status == 304


def test_a_take_can_be_looked_at(studio: tuple[Server, dict[str, Any]]) -> None:
    server, detail = studio
    address = f"/api/v1/takes/{take_of(detail)['id']}"
    for name, start in (("poster.jpg", b"\xff\xd8\xff"), ("contact-sheet.jpg", b"\xff\xd8\xff")):
        answer = server.ask("GET", f"{address}/{name}")
        assert (answer.status, answer.headers["content-type"], answer.body[:3]) == (200, "image/jpeg", start), answer.body[:300]
    assert "max-age" in server.ask("GET", f"{address}/poster.jpg").headers["cache-control"], "a list that is seen again asks for no picture"
    for name in ("proxy.mp4", "source.mp4"):
        answer = server.ask("GET", f"{address}/{name}", headers={"Range": "bytes=4-7"})
        assert (answer.status, answer.body) == (206, b"ftyp"), name
    assert server.ask("GET", f"{address}/report").json["version"] >= 1


def test_media_can_be_looked_at_before_it_is_rendered(studio: tuple[Server, dict[str, Any]]) -> None:
    server, _ = studio
    media = server.settings.roots[0]
    video, words = {"path": str(media / "short.mp4")}, {"path": str(media / "words.wav")}
    assert server.ask("POST", "/api/v1/media/probe", video).json["frames"] == 16
    with server.client() as client:
        assert client.probe(MediaRef(upload=client.upload(media / "short.mp4").id)).frames == 16
    assert server.ask("POST", "/api/v1/media/waveform", words).json["duration_s"] == pytest.approx(0.64, abs=0.01)
    assert server.ask("POST", "/api/v1/media/poster.jpg?frame=3", video).body[:2] == b"\xff\xd8"
    made = server.ask("POST", "/api/v1/media/proxy", video).json["id"]
    assert server.ask("GET", f"/api/v1/media/{made}.mp4", headers={"Range": "bytes=4-7"}).body == b"ftyp"
    assert server.ask("GET", "/api/v1/media/other.mp4").status == 404
    assert server.ask("POST", "/api/v1/media/probe", {"path": str(media / "gone.mp4")}).status == 404


def test_all_takes_of_a_job_come_as_one_zip(studio: tuple[Server, dict[str, Any]]) -> None:
    server, detail = studio
    take = take_of(detail)
    answer = server.ask("GET", f"/api/v1/jobs/{take['job']}/takes.zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert archive.read(archive.namelist()[0]) == Path(take["path"]).read_bytes()


def test_the_client_fetches_a_take_goes_on_where_it_stopped_and_refuses_a_damaged_one(
    studio: tuple[Server, dict[str, Any]], tmp_path: Path
) -> None:
    server, detail = studio
    with server.client() as client:
        take = client.take(take_of(detail)["id"])
        whole = Path(take.path).read_bytes()
        part = tmp_path / f".{take.name}.{take.sha256[:12]}.part"
        part.write_bytes(whole[:1000])
        heard: list[tuple[int, int]] = []
        assert client.fetch(take, tmp_path, lambda done, total: heard.append((done, total))).read_bytes() == whole
        assert heard[-1] == (len(whole), len(whole))
        assert not part.exists()
        (tmp_path / take.name).unlink()
        part.write_bytes(b"damaged" + whole[7:1000])
        with pytest.raises(Broken, match="damaged"):
            client.fetch(take, tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_a_take_that_became_a_link_to_something_else_is_not_sent(studio: tuple[Server, dict[str, Any]], tmp_path: Path) -> None:
    server, detail = studio
    take = take_of(detail)
    path, secret = Path(take["path"]), tmp_path / "secret"
    secret.write_bytes(b"the secret")
    path.rename(tmp_path / "kept")
    path.symlink_to(secret)
    try:
        assert b"secret" not in server.ask("GET", f"/api/v1/takes/{take['id']}/file").body
        with zipfile.ZipFile(io.BytesIO(server.ask("GET", f"/api/v1/jobs/{take['job']}/takes.zip").body)) as archive:
            assert archive.namelist() == [f"0001-{take['name']} is missing.txt"]
    finally:
        path.unlink()
        (tmp_path / "kept").rename(path)


def test_a_take_is_pinned_even_if_the_page_that_asked_is_gone(studio: tuple[Server, dict[str, Any]]) -> None:
    """The page closes while the editor places: the take lies on a timeline all the same."""
    import http.client

    from .test_hosts import PLACEMENT, editor

    server, detail = studio
    take = take_of(detail)
    place = {**PLACEMENT, "record_start": 4321}
    params = {"take": take["id"], "file": "", "name": "short", "placement": place, "frames": 16}
    result = {"take": take["id"], "already": False, "track": 2, "record_start": 4321, "record_duration": 16}
    gone = threading.Event()
    with editor(server, lambda _: {"result": result} if gone.wait(10) else None) as host:
        connection = http.client.HTTPConnection("127.0.0.1", server.ready.port, timeout=60)
        body = json.dumps({"method": "host.place", "params": params, "timeout_s": 20})
        connection.request("POST", "/api/v1/hosts/premiere-1/call", body, {**server.known, "Content-Type": "application/json"})
        wait_for(lambda: bool(host.asked))
        connection.close()
        time.sleep(0.2)
        gone.set()
        placed = lambda: server.ask("GET", f"/api/v1/takes/{take['id']}").json["placed"]  # noqa: E731
        wait_for(lambda: 4321 in [each["placement"]["record_start"] for each in placed()])


def test_a_strangers_editor_reaches_nothing_of_another_project(studio: tuple[Server, dict[str, Any]]) -> None:
    server, detail = studio
    take = take_of(detail)
    strange, own = server.token("host", host="premiere-1", project="p2"), server.token("host", host="premiere-1", project="p1")
    for method, path in (
        ("GET", f"/api/v1/jobs/{take['job']}"),
        ("GET", f"/api/v1/jobs/{take['job']}/log"),
        ("GET", f"/api/v1/jobs/{take['job']}/takes.zip"),
        ("POST", f"/api/v1/jobs/{take['job']}/cancel"),
        ("GET", f"/api/v1/shots/{take['shot']}"),
        ("POST", f"/api/v1/shots/{take['shot']}/retry"),
        ("GET", f"/api/v1/takes/{take['id']}"),
        ("GET", f"/api/v1/takes/{take['id']}/file"),
        ("POST", f"/api/v1/takes/{take['id']}/unpin"),
    ):
        assert server.ask(method, path, headers=strange, known=False).status == 404, path
    assert server.ask("GET", "/api/v1/jobs", headers=strange, known=False).json["jobs"] == []
    assert server.ask("GET", "/api/v1/takes", headers=strange, known=False).json["takes"] == []
    assert server.ask("GET", f"/api/v1/takes/{take['id']}", headers=own, known=False).status == 200
    with server.socket({"token": strange["Authorization"].removeprefix("Bearer ")}) as socket:
        assert told(socket, "snapshot")["jobs"] == []
    with server.socket({"token": own["Authorization"].removeprefix("Bearer ")}) as socket:
        assert [job["id"] for job in told(socket, "snapshot")["jobs"]] == [take["job"]]
    with server.socket({"token": strange["Authorization"].removeprefix("Bearer "), "since": 0, "epoch": told_epoch(server)}) as socket:
        told(socket, "welcome")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.4)


def told_epoch(server: Server) -> str:
    return server.ask("GET", "/api/v1/info").json["epoch"]


def test_an_editor_places_the_take_once_and_it_is_pinned_for_good(studio: tuple[Server, dict[str, Any]]) -> None:
    from .test_hosts import PLACEMENT, Editor, call

    server, detail = studio
    take = take_of(detail)
    result = {"take": take["id"], "already": False, "track": 2, "record_start": 10, "record_duration": 16}
    editor = Editor(server, lambda _: {"result": result})
    speech = str(server.settings.roots[0] / "words.wav")
    params = {"take": take["id"], "file": "", "name": "short", "placement": PLACEMENT, "frames": 16, "speech": speech}
    answer = call(server, "host.place", params)
    assert (answer.status, answer.json["track"]) == (200, 2), answer.body
    heard = editor.asked[0]["params"]
    assert (heard["file"], heard["speech"]) == (f"Z:\\takes\\{take['name']}", "Z:\\media\\words.wav"), "as the editor's machine calls them"
    editor.leave()
    wait_for(lambda: not server.ask("GET", "/api/v1/hosts").json)
    view = server.ask("GET", f"/api/v1/takes/{take['id']}").json
    assert view["pinned"]
    assert ("premiere-1", 10) in [(place["host"], place["placement"]["record_start"]) for place in view["placed"]]
    assert server.ask("POST", f"/api/v1/takes/{take['id']}/unpin").status == 409
    assert server.ask("DELETE", f"/api/v1/takes/{take['id']}").status == 409
    assert server.ask("GET", f"/api/v1/jobs/{take['job']}/deletion").json["kept"] == [take["path"]]
    assert Path(take["path"]).is_file()


def test_placing_waits_for_an_editor_that_reconnects_and_asks_once_more(
    studio: tuple[Server, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from .test_hosts import PLACEMENT, call, editor

    server, detail = studio
    take = take_of(detail)
    params = {"take": take["id"], "file": "", "name": "short", "placement": PLACEMENT, "frames": 16}
    result = {"take": take["id"], "already": True, "track": 2, "record_start": 10, "record_duration": 16}
    came = arrivals(monkeypatch, Hosts, "call")
    with editor(server, lambda _: None) as first, ThreadPoolExecutor() as pool:
        waiting = [pool.submit(call, server, "host.place", params, 20) for _ in range(2)]
        wait_for(lambda: len(came) == 2 and bool(first.asked))
        assert len(first.asked) == 1, "the same take was asked for twice at once"
        first.leave()
        with editor(server, lambda _: {"result": result}) as second:
            assert [each.result(10).status for each in waiting] == [200, 200]
            assert len(second.asked) == 1
    assert call(server, "host.place", {**params, "take": "nothing"}).status == 404


def missing(server: Server, name: str = "gone.mp4") -> dict[str, str]:
    return {"path": str(server.settings.roots[0] / name)}


def test_the_same_key_gives_the_same_job(server: Server) -> None:
    body = {"shots": [{"video": missing(server), "speech": missing(server, "gone.wav")}], "name": "once"}
    answers = [server.ask("POST", "/api/v1/jobs", body, {"Idempotency-Key": "k1"}) for _ in range(3)]
    assert len({answer.json["job"]["id"] for answer in answers}) == 1
    assert server.ask("POST", "/api/v1/jobs", {**body, "name": "other"}, {"Idempotency-Key": "k1"}).status == 409
    assert server.ask("POST", "/api/v1/jobs", body, {"Idempotency-Key": "k2"}).json["job"]["id"] != answers[0].json["job"]["id"]
    page = server.token("page")
    theirs = server.ask("POST", "/api/v1/jobs", body, {"Idempotency-Key": "k1", **page}, known=False)
    assert theirs.json["job"]["id"] != answers[0].json["job"]["id"], "another client's keys are its own"
    for bad in ("", "x" * 201, "\xe9"):
        status = server.ask("POST", "/api/v1/jobs", body, {"Idempotency-Key": bad}).status
        assert status == (201 if not bad else 400)


def test_a_video_that_is_not_there_fails_alone_with_a_reason(server: Server) -> None:
    job = server.ask("POST", "/api/v1/jobs", {"shots": [{"video": missing(server), "speech": missing(server, "gone.wav")}]}).json["job"][
        "id"
    ]
    detail = wait_for_end(server, job)
    assert detail["job"]["state"] == "failed"
    assert "gone.mp4" in detail["shots"][0]["why"]
    assert server.ask("POST", f"/api/v1/jobs/{job}/resume").status == 409
    assert server.ask("GET", f"/api/v1/jobs/{job}/takes.zip").status == 400
    assert server.ask("DELETE", f"/api/v1/jobs/{job}").status == 200
    assert server.ask("GET", f"/api/v1/jobs/{job}").error == "NotFound"


def test_a_job_is_steered_and_the_list_finds_it(still: Server) -> None:
    with still.client() as client:
        gone = MediaRef(**missing(still))
        older = client.submit(JobRequest(shots=(ShotRequest(video=gone, speech=gone),), name="older")).job.id
        job = client.submit(JobRequest(batch=Batch(videos=(gone,) * 3, speeches=(gone,)), name="steered 100%")).job.id
        client.change(job, "pause")
        assert client.job(job).job.state == "paused"
        assert still.ask("POST", f"/api/v1/jobs/{job}/priority", {"priority": 90}).json["priority"] == 90
        assert still.ask("POST", f"/api/v1/jobs/{job}/priority", {"priority": 101}).status == 400
        assert [each.id for each in client.jobs(text="steered 100%").jobs] == [job]
        assert client.jobs(text="steered_100").jobs == ()
        first = client.jobs(limit=1)
        assert first.next is not None
        assert {first.jobs[0].id, client.jobs(limit=1, before=first.next).jobs[0].id} == {older, job}
        with pytest.raises(NotFound):
            client.job("j0")
        with pytest.raises((Conflict, NotFound)):
            client.change("j0", "resume")


def test_an_upload_gives_its_name_to_the_shot(server: Server, tmp_path: Path) -> None:
    (tmp_path / "Interview A.mov").write_bytes(b"no video")
    with server.client() as client:
        upload = MediaRef(upload=client.upload(tmp_path / "Interview A.mov").id)
        detail = client.submit(JobRequest(shots=(ShotRequest(video=upload, speech=upload),)))
        assert detail.shots[0].name == "Interview A"
        ended = wait_for_end(server, detail.job.id)
        assert ended["job"]["state"] == "failed"
        assert "“Interview A.mov” is not a media file" in ended["shots"][0]["why"]


def test_a_job_must_make_sense(server: Server) -> None:
    one = {"video": missing(server), "speech": missing(server)}
    for body in (
        {},
        {"shots": []},
        {"shots": [one], "batch": {"videos": [missing(server)], "speeches": [missing(server)]}},
        {"shots": [{**one, "start": -1}]},
        {"shots": [{**one, "speed": "1/0"}]},
        {"shots": [{**one, "face": 0}]},
        {"shots": [{**one, "video": {}}]},
        {"shots": [{**one, "video": {"path": "a", "upload": "b"}}]},
        {"shots": [one], "priority": 1000},
        {"shots": [one], "settings": {"intensity": 9}},
        {"batch": {"videos": [missing(server)] * 300, "speeches": [missing(server)] * 300}},
    ):
        answer = server.ask("POST", "/api/v1/jobs", body)
        assert answer.status in (400, 422), (body, answer.body)
        assert answer.json["message"].endswith((".", "?"))


def test_takes_folders_outside_the_roots_need_consent_too(server: Server, tmp_path: Path) -> None:
    one = {"video": missing(server), "speech": missing(server)}
    assert server.ask("POST", "/api/v1/jobs", {"shots": [one], "folder": str(tmp_path)}).error == "NotAllowedFolder"
    assert server.ask("POST", "/api/v1/jobs", {"shots": [one], "folder": "//server/share"}).error == "BadPath"


def test_the_estimate_knows_nothing_before_anything_was_rendered(still: Server) -> None:
    one = {"video": missing(still), "speech": missing(still), "start": 0, "end_exclusive": 100}
    assert still.ask("POST", "/api/v1/estimate", {"shots": [one]}).json == {"seconds": None, "frames": 100, "disk_bytes": None}


def test_metrics_and_health_say_how_it_goes(server: Server) -> None:
    assert server.ask("GET", "/healthz", known=False).body == b"ok\n"
    figures = dict(line.rsplit(" ", 1) for line in server.ask("GET", "/metrics").body.decode().splitlines() if not line.startswith("#"))
    assert float(figures["heygem_workers"]) == 1
    assert {"heygem_tasks_queued", "heygem_frames_rendered_total", "heygem_event_clients", "heygem_disk_free_bytes"} <= set(figures)


def test_commands_submit_list_watch_and_cancel(studio: tuple[Server, dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    from heygem_server.cli import main

    server, detail = studio
    data, media = str(server.settings.data_folder), server.settings.roots[0]
    arguments = ["submit", "--data", data, str(media / "short.mp4"), "--audio", str(media / "words.wav"), "--format", "prores", "--watch"]
    assert main(arguments) == 0
    job, path = capsys.readouterr().out.split("\n")[:2]
    assert Path(path).is_file()
    assert main(["watch", "--data", data, job]) == 0
    assert main(["jobs", "--data", data, "--watch"]) == 0
    assert "No jobs are waiting" in capsys.readouterr().out
    assert main(["jobs", "--data", data, "--all", "--json"]) == 0
    assert job in [each["id"] for each in json.loads(capsys.readouterr().out.splitlines()[-1])["jobs"]]
    assert main(["jobs", "--data", data, "--all"]) == 0
    heads, *rows = capsys.readouterr().out.splitlines()
    assert heads.split() == ["job", "state", "shots", "percent", "frames/s", "left", "name", "reason"]
    assert next(row for row in rows if row.startswith(job)).split()[1:4] == ["completed", "1/1", "100%"]
    assert main(["cancel", "--data", data, job]) == 1
    assert "cannot" in capsys.readouterr().err
    assert main(["submit", "--data", data, "nowhere.mp4", "--audio", "x.wav"]) == 2
    assert Client.of is not None
    _ = detail


def test_whoever_sits_at_the_terminal_is_asked_for_a_folder(
    studio: tuple[Server, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from heygem_server.cli import main

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    server, _ = studio
    for name in ("short.mp4", "words.wav"):
        shutil.copy(server.settings.roots[0] / name, tmp_path / name)
    arguments = ["submit", "--data", str(server.settings.data_folder), str(tmp_path / "short.mp4"), "--audio", str(tmp_path / "words.wav")]
    assert main(arguments) == 1, "a script is refused, not asked"
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert main(arguments) == 1, "no is what is meant by nothing"
    assert f"“{tmp_path}”" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(arguments) == 0
    job = capsys.readouterr().out.strip()
    assert server.ask("POST", f"/api/v1/jobs/{job}/cancel").status == 200
    assert server.ask("DELETE", "/api/v1/roots", {"folder": str(tmp_path)}).status == 200


@pytest.mark.full
def test_a_take_is_measured_when_somebody_asks(studio: tuple[Server, dict[str, Any]]) -> None:
    server, detail = studio
    take = take_of(detail)
    assert server.ask("GET", f"/api/v1/takes/{take['id']}/report").json["quality"] is None
    measured = server.ask("POST", f"/api/v1/takes/{take['id']}/measure", {})
    assert measured.status == 200, measured.body
    report = server.ask("GET", f"/api/v1/takes/{take['id']}/report").json
    assert report["quality"]["frames"] == take["frames"]
    assert report["weak"] is not None
    assert measured.json["weak"] == server.ask("GET", f"/api/v1/takes/{take['id']}").json["weak"]
