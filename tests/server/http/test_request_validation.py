"""What a request asks a job to use: files named in settings, folders for takes, names, numbers. Each of these went through once."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from heygem_core.errors import SpecError
from heygem_core.messages import tell
from heygem_core.printable import printable_name
from heygem_core.shot import Shot, from_json
from heygem_server.security import paths
from heygem_server.security.allowed_folders import AllowedFolders
from heygem_server.security.errors import BadPath
from heygem_server.security.paths import check_text, inside, real_path
from heygem_server.settings import ServerSettings

from .running import Answer, Server, running, told, wait_for


@pytest.fixture
def media(server: Server) -> Path:
    folder = server.settings.roots[0]
    (folder / "a.mp4").write_bytes(b"x")
    return folder


def shot(media: Path, **more: Any) -> dict[str, Any]:
    return {"video": {"path": str(media / "a.mp4")}, "speech": {"path": str(media / "a.mp4")}, **more}


def ways(server: Server, media: Path, settings: dict[str, Any]) -> list[Answer]:
    """Every way by which settings come in, but `again`, which needs a shot."""
    timeline = {"document": {"OTIO_SCHEMA": "Timeline.1"}, "settings": settings, "dry_run": True}
    return [
        server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)], "settings": settings}),
        server.ask("POST", "/api/v1/jobs", {"shots": [shot(media, settings=settings)]}),
        server.ask("POST", "/api/v1/estimate", {"shots": [shot(media)], "settings": settings}),
        server.ask("POST", "/api/v1/estimate", {"shots": [shot(media, settings=settings)]}),
        server.ask("POST", "/api/v1/timelines", timeline),
    ]


@pytest.mark.parametrize("name", ["style_from", "motion", "speech_encoder"])
def test_files_that_settings_name_must_lie_in_allowed_folders(server: Server, media: Path, tmp_path: Path, name: str) -> None:
    for answer in ways(server, media, {name: str(tmp_path / "secret.safetensors")}):
        assert (answer.status, answer.error) == (403, "NotAllowedFolder")
    for answer in ways(server, media, {name: "\\\\server\\share\\x"}):
        assert (answer.status, answer.error) == (422, "BadPath")
    link = media / f"link-{name}"
    link.symlink_to(tmp_path)
    for answer in ways(server, media, {name: str(link / "x")}):
        assert answer.error == "NotAllowedFolder"


@pytest.mark.parametrize("name", ["openai/whisper-large", "facebook/hubert", "../x", "mel2"])
def test_a_name_of_the_hub_never_gets_into_a_job(server: Server, media: Path, name: str) -> None:
    for field in ("motion", "speech_encoder"):
        for answer in ways(server, media, {field: name}):
            assert (answer.status, answer.error) == (422, "BadPath")


def test_what_signs_takes_is_not_a_requests_to_choose(server: Server, media: Path) -> None:
    """A request could have used any key that the server's user can read."""
    for answer in ways(server, media, {"sign_with": [str(media / "chain.pem"), str(media / "key.pem")]}):
        assert (answer.status, answer.error) == (403, "Forbidden")


def test_a_shot_made_again_is_checked_like_a_new_one(server: Server, media: Path, tmp_path: Path) -> None:
    job = server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)]}).json
    server.ask("POST", f"/api/v1/jobs/{job['job']['id']}/cancel")
    address = f"/api/v1/shots/{job['shots'][0]['id']}/again"
    assert server.ask("POST", address, {"style_from": str(tmp_path / "x.mov")}).error == "NotAllowedFolder"
    assert server.ask("POST", address, {"sign_with": ["/a", "/b"]}).error == "Forbidden"


def test_heads_that_ship_and_files_inside_are_welcome(server: Server, media: Path) -> None:
    for settings in ({"motion": "mel"}, {"style_from": str(media / "more.mov"), "motion": str(media / "own.safetensors")}):
        answer = server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)], "settings": settings})
        assert answer.status == 201, answer.body
        assert {name: answer.json["job"]["settings"][name] for name in settings} == settings
        server.ask("POST", f"/api/v1/jobs/{answer.json['job']['id']}/cancel")


def test_both_or_none_of_the_two_files_that_sign(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        ServerSettings(sign_certificate=tmp_path / "chain.pem")
    chosen = ServerSettings(sign_certificate=tmp_path / "chain.pem", sign_key=tmp_path / "key.pem")
    assert chosen.sign_with == (str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))


# --- the folder for takes


@pytest.mark.parametrize("folder", ["//server/share", "\\\\?\\C:\\x", "/dev/shm", "relative", "C:\\takes\\x:stream", "C:\\takes\\x. \\y"])
def test_takes_never_go_to_networks_devices_or_streams(server: Server, media: Path, folder: str) -> None:
    answer = server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)], "folder": folder})
    assert (answer.status, answer.error) == (422, "BadPath")


def test_takes_go_to_allowed_folders_alone_whatever_leads_out_of_them(server: Server, media: Path, tmp_path: Path) -> None:
    (media / "out").symlink_to(tmp_path)
    for folder in (tmp_path, media / "..", media / "out", media / "out" / "new", media / "new" / ".." / ".." / "x"):
        for body in ({"shots": [shot(media)]}, None):
            document = {"document": {"OTIO_SCHEMA": "Timeline.1"}, "dry_run": True}
            address = "/api/v1/timelines" if body is None else "/api/v1/jobs"
            answer = server.ask("POST", address, {**(body or document), "folder": str(folder)})
            assert (answer.status, answer.error) == (403, "NotAllowedFolder"), folder


def test_the_page_is_asked_for_the_folder_itself_not_the_one_above(server: Server, media: Path, tmp_path: Path) -> None:
    with server.known_socket() as page:
        told(page, "welcome")
        server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)], "folder": str(tmp_path / "takes")})
        assert told(page, "consent")["folder"] == str(tmp_path / "takes")


def test_nobody_is_asked_to_allow_the_servers_own_folder(server: Server, tmp_path: Path) -> None:
    asked: list[object] = []
    folders = AllowedFolders(server.settings, asked.append)
    with pytest.raises(BadPath, match="server's own"):
        folders.resolve(str(server.settings.data_folder / "uploads" / "a" / "a.mp4"), tell("wanted.look"))
    assert asked == []


def test_a_file_is_no_folder_for_takes(server: Server, media: Path) -> None:
    answer = server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)], "folder": str(media / "a.mp4")})
    assert (answer.status, answer.error) == (422, "BadPath")


def test_takes_around_the_servers_own_folder_do_not_open_it(tmp_path: Path) -> None:
    """With takes in ~/heygem and data in ~/heygem/data everything in data counted as a take."""
    with running(tmp_path, takes_folder=tmp_path) as server:
        answer = server.ask("POST", "/api/v1/media/probe", {"path": str(tmp_path / "data" / "server.json")})
        assert (answer.status, answer.error) == (422, "BadPath")


def test_consent_to_a_link_to_devices_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "innocent").symlink_to("/proc")
    assert server.ask("POST", "/api/v1/roots", {"folder": str(tmp_path / "innocent")}).error == "BadPath"


# --- Windows


def test_names_that_windows_shortens_are_refused_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows takes “.. ” for “..”, and “key.pem.” for “key.pem”."""
    monkeypatch.setattr(paths.sys, "platform", "win32")
    for path in ("C:\\media\\.. \\secret", "C:\\media\\a.mov.", "C:\\media \\a.mov", "C:\\media\\... \\a"):
        with pytest.raises(BadPath):
            check_text(path)
    check_text("C:\\media\\..\\other\\.\\a.mov")


def test_a_mapped_drive_of_windows_stays_a_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    """`realpath` follows Z: to the share behind it, which is then refused as a network path: every studio's media."""
    shares = {"Z:\\": "\\\\nas\\media\\", "Z:\\day1\\a.mov": "\\\\nas\\media\\day1\\a.mov", "Z:\\out\\a.mov": "\\\\nas\\other\\a.mov"}
    monkeypatch.setattr(paths.sys, "platform", "win32")
    monkeypatch.setattr(paths.os.path, "realpath", lambda path: shares[str(path)])
    assert real_path("Z:\\day1\\a.mov") == "Z:\\day1\\a.mov"
    assert real_path("Z:\\") == "Z:\\"
    assert real_path("Z:\\out\\a.mov") == "\\\\nas\\other\\a.mov", "a link to another share is what it is"


# --- between the check and the work


def test_a_link_that_was_put_in_the_way_after_the_check_stops_the_shot(tmp_path: Path) -> None:
    """The folder is exchanged between the job and the work: by a server without workers and one that has some."""
    (tmp_path / "a.mp4").write_bytes(b"secret")
    with running(tmp_path / "server", renders=False) as server:
        media = server.settings.roots[0]
        (media / "day1").mkdir()
        for place in (media / "day1" / "a.mp4", media / "a.mp4"):
            place.write_bytes(b"x")
        one = shot(media, video={"path": str(media / "day1" / "a.mp4")})
        job = server.ask("POST", "/api/v1/jobs", {"shots": [one], "name": "swapped"}).json["job"]["id"]
        (media / "day1").rename(media / "day2")
        (media / "day1").symlink_to(tmp_path)
    with running(tmp_path / "server") as server:
        wait_for(lambda: server.ask("GET", f"/api/v1/jobs/{job}").json["job"]["state"] not in ("queued", "active"))
        (failed,) = server.ask("GET", f"/api/v1/jobs/{job}").json["shots"]
    assert failed["state"] == "failed"
    assert "link" in failed["why"]
    assert [attempt["outcome"] for attempt in failed["attempts"]] == ["failed"], "no other try mends that"


def test_a_pipe_is_no_video_and_keeps_no_worker_waiting(server: Server, media: Path) -> None:
    """Whoever opens a pipe waits for somebody who writes: two minutes, three times, for each of its shots."""
    os.mkfifo(media / "pipe.mp4")
    pipe = {"path": str(media / "pipe.mp4")}
    began = time.monotonic()
    for one in (shot(media, video=pipe), shot(media, speech=pipe)):
        job = server.ask("POST", "/api/v1/jobs", {"shots": [one]}).json["job"]["id"]
        while (detail := server.ask("GET", f"/api/v1/jobs/{job}").json)["job"]["state"] in ("queued", "active"):
            assert time.monotonic() - began < 110
            time.sleep(0.05)
        assert (detail["shots"][0]["state"], "not a media file" in detail["shots"][0]["why"]) == ("failed", True)
    for what in ("probe", "waveform", "poster.jpg", "faces", "proxy"):
        assert server.ask("POST", f"/api/v1/media/{what}", pipe).status == 404
    assert server.ask("POST", "/api/v1/timelines", {**pipe, "dry_run": True}).error == "BadPath"
    for name in ("style_from", "motion", "speech_encoder"):
        assert {answer.status for answer in ways(server, media, {name: pipe["path"]})} == {422}


def test_folders_behind_a_link_of_the_settings_are_known_by_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    settings = ServerSettings(data_folder=tmp_path / "link" / "data", takes_folder=tmp_path / "link" / "takes")
    settings.data_folder.mkdir()
    roots = AllowedFolders(settings, lambda question: None)
    assert roots.resolve(str(tmp_path / "link" / "takes" / "x.mov"), "x") == tmp_path / "disk" / "takes" / "x.mov"
    assert inside(tmp_path / "disk" / "takes", roots.folders)
    with pytest.raises(BadPath):
        AllowedFolders(msgspec_replace(settings, roots=(tmp_path,)), lambda question: None).resolve(
            str(tmp_path / "disk" / "data" / "x"), "x"
        )


def msgspec_replace(settings: ServerSettings, **changes: Any) -> ServerSettings:
    import msgspec

    return msgspec.structs.replace(settings, **changes)


# --- texts and numbers


def test_names_are_one_line_and_hide_nothing(server: Server, media: Path) -> None:
    assert printable_name("a\nERROR: b\u2028c\x00\u202egpj.exe  d") == "a ERROR: b c gpj.exe d"
    assert printable_name("نیم\u200cفاصله 👩\u200d👧") == "نیم\u200cفاصله 👩\u200d👧", "joiners belong to words and pictures"
    answer = server.ask("POST", "/api/v1/jobs", {"shots": [shot(media, name="x\ny")], "name": "\u202eevil\r\nname"})
    assert (answer.json["job"]["name"], answer.json["shots"][0]["name"]) == ("evil name", "x y")
    server.ask("POST", f"/api/v1/jobs/{answer.json['job']['id']}/cancel")


def test_a_long_name_or_list_is_refused(server: Server, media: Path) -> None:
    for body in (
        {"shots": [shot(media)], "name": "x" * 201},
        {"shots": [shot(media, name="x" * 201)]},
        {"shots": [shot(media)], "folder": "/" + "x" * 5000},
        {"shots": [shot(media)], "origin": {"project": "x" * 2000}},
        {"shots": [shot(media, keep=[[k, k + 1] for k in range(10_001)])]},
    ):
        assert server.ask("POST", "/api/v1/jobs", body).status == 400


@pytest.mark.parametrize(
    "number", ["1e999999999", "1e300", "9" * 4000 + "/7", "1/0", "nan", "inf", [], {}, None, "", "1e308", 1e308, "0x1", "1_0/3_0"]
)
def test_no_number_keeps_the_server_busy_or_breaks_it(server: Server, media: Path, number: Any) -> None:
    """Python works out Fraction("1e999999999") for hours, and nobody else is served meanwhile."""
    began = time.process_time()  # of the server, which is a thread of this process
    for name in ("speech_start", "speech_end", "speed"):
        answer = server.ask("POST", "/api/v1/estimate", {"shots": [shot(media, **{name: number}, end_exclusive=10)]})
        assert answer.status == 400 or (name == "speech_end" and number is None), (name, answer.body)
    assert time.process_time() - began < 2


def test_numbers_as_people_and_programs_write_them_are_read() -> None:
    for text, wanted in (("25", 25), ("24000/1001", 24000 / 1001), ("-1.5", -1.5), (".5", 0.5), ("1e-3", 0.001), (" 2 ", 2)):
        assert float(from_json(json.dumps({"video": "a", "speech": "b", "speech_start": text}), Shot).speech_start) == pytest.approx(wanted)


def test_a_frame_that_no_file_has_is_refused(server: Server, media: Path) -> None:
    for more in ({"start": 2**60}, {"end_exclusive": 10**30}, {"keep": [[0, 2**60]]}):
        assert server.ask("POST", "/api/v1/estimate", {"shots": [shot(media, **more)]}).status == 400


def test_deep_documents_are_refused_wherever_they_come_in(server: Server) -> None:
    for depth in (150, 900, 990, 1000, 100_000):
        deep = "[" * depth + "]" * depth
        for address, body in (
            ("/api/v1/timelines", '{"dry_run":true,"document":{"OTIO_SCHEMA":"Timeline.1","x":' + deep + "}}"),
            ("/api/v1/hosts/nobody/call", '{"method":"host.selection","params":{"x":' + deep + "}}"),
        ):
            answer = server.ask("POST", address, body.encode(), {"Content-Type": "application/json"})
            assert 400 <= answer.status < 500, (depth, address, answer.body)


def test_an_editor_that_answers_with_a_deep_document_harms_itself_alone(server: Server) -> None:
    hello = {"id": "deep", "app": "script", "version": "1", "project": "p", "project_name": "P"}
    with server.known_socket(host=hello) as socket:
        told(socket, "welcome")
        socket.send('{"jsonrpc":"2.0","id":1,"result":' + "[" * 5000 + "]" * 5000 + "}")
        assert told(socket, "refused")["error"] == "BadRequest"
    assert server.ask("GET", "/api/v1/info").status == 200


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 2000, "采" * 100, "a\x7fb", "\u202ea", "a" * 250 + "/..", "~", "%2e%2e", "con"])
def test_a_strange_name_is_answered_not_a_mistake_of_the_server(server: Server, media: Path, name: str) -> None:
    """A name that is too long for the disk was an internal error."""
    path = f"{media}/{name}"
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/media/probe", {"path": path}),
        ("/api/v1/media/poster.jpg", {"path": path}),
        ("/api/v1/roots", {"folder": path}),
        ("/api/v1/timelines", {"path": path, "dry_run": True}),
        ("/api/v1/estimate", {"shots": [shot(media, video={"path": path})]}),
        ("/api/v1/estimate", {"shots": [shot(media, end_exclusive=9)], "settings": {"style_from": path}}),
        ("/api/v1/timelines", {"document": {}, "folder": path, "dry_run": True}),
    ]
    for address, body in bodies:
        assert server.ask("POST", address, body).status < 500, address


# --- encoders that motion models name


def a_model(path: Path, encoder: str, **tensors: Any) -> str:
    """The head of a motion model that wants that encoder."""
    head = {"__metadata__": {"head": json.dumps({"encoder": {"name": encoder}})}, **tensors}
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return str(path)


def test_an_encoder_that_a_model_names_lies_in_an_allowed_folder_too(server: Server, media: Path, tmp_path: Path) -> None:
    model = media / "own.safetensors"
    try:
        for answer in ways(server, media, {"motion": a_model(model, str(tmp_path / "encoder"))}):
            assert (answer.status, answer.error) == (403, "NotAllowedFolder")
        for name in ("\\\\server\\share\\encoder", "../../encoder", "/proc/self/cwd"):
            for answer in ways(server, media, {"motion": a_model(model, name)}):
                assert (answer.status, answer.error) == (422, "BadPath")
        (media / "encoder").mkdir()
        settings = {"motion": a_model(model, str(media / "encoder"))}
        answer = server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)], "settings": settings})
        assert answer.json["job"]["settings"]["speech_encoder"] == str(media / "encoder")
        server.ask("POST", f"/api/v1/jobs/{answer.json['job']['id']}/cancel")
        (media / "encoder" / "model.safetensors").symlink_to(tmp_path / "model.safetensors")
        for answer in ways(server, media, settings) + ways(server, media, {"speech_encoder": str(media / "encoder")}):
            assert (answer.status, answer.error) == (403, "NotAllowedFolder")
    finally:
        model.unlink()


@pytest.mark.parametrize("encoder", ["offline", "openai/whisper-tiny.en"])
def test_names_of_encoders_in_models_are_left_to_the_task(server: Server, media: Path, encoder: str) -> None:
    settings = {"motion": a_model(media / "own.safetensors", encoder)}
    answer = server.ask("POST", "/api/v1/estimate", {"shots": [shot(media)], "settings": settings})
    assert answer.status == 200, answer.body
    settings = {"motion": a_model(media / "own.safetensors", "/elsewhere", **{"front.enter.weight": {}})}  # it carries its encoder
    assert server.ask("POST", "/api/v1/estimate", {"shots": [shot(media)], "settings": settings}).status == 200
    (media / "own.safetensors").unlink()


@pytest.mark.parametrize("name", ["\\\\evil\\share\\a.mov", "//evil/share/a.mov", "\\\\?\\C:\\evil.mov", "/dev/../dev/evil"])
def test_no_way_in_touches_a_network_or_device_name(server: Server, media: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows a mere question about \\\\server\\x sends the user's credentials to it."""
    asked: list[str] = []

    def listening(ask: Any) -> Any:
        def listen(path: Any = ".", *arguments: Any, **more: Any) -> Any:
            if not isinstance(path, int):
                asked.append(os.fsdecode(path))
            return ask(path, *arguments, **more)

        return listen

    for each in ("stat", "lstat", "readlink", "open", "scandir"):
        monkeypatch.setattr(os, each, listening(getattr(os, each)))
    strange, honest = {"path": name}, {"path": str(media / "a.mp4")}
    answers = [
        server.ask("POST", "/api/v1/jobs", {"shots": [{"video": strange, "speech": honest}]}),
        server.ask("POST", "/api/v1/jobs", {"shots": [{"video": honest, "speech": strange}]}),
        server.ask("POST", "/api/v1/jobs", {"shots": [shot(media)], "folder": name}),
        server.ask("POST", "/api/v1/timelines", {**strange, "dry_run": True}),
        server.ask("POST", "/api/v1/timelines", {"document": {"OTIO_SCHEMA": "Timeline.1"}, "speech": strange, "dry_run": True}),
        server.ask(
            "POST", "/api/v1/timelines", {"document": {"OTIO_SCHEMA": "Timeline.1"}, "selection": {"speech": name}, "dry_run": True}
        ),
        server.ask("POST", "/api/v1/roots", {"folder": name}),
        *(server.ask("POST", f"/api/v1/media/{what}", strange) for what in ("probe", "waveform", "poster.jpg", "faces", "proxy")),
        *ways(server, media, {"style_from": name}),
    ]
    assert [(answer.status, answer.error) for answer in answers] == [(422, "BadPath")] * len(answers)
    assert [path for path in asked if "evil" in path] == []
