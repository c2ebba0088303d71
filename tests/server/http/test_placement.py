"""What the server tells the page and the panels about placing a take, over HTTP: for whom, from where, by which names."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_core.shot import Shot, to_json
from heygem_server.rendering.take_files import written
from heygem_server.settings import PathMap
from heygem_server.store import Store
from heygem_server.wire import JobRequest, MediaRef, Origin, Placed, Placement, ShotRequest, TakeView

from ..rendering import jobs as making
from .running import Server, running
from .test_hosts import editor

PLACE = Placement(project="p1", sequence="s1", clip="c1", track=1, record_start=10, record_duration=6, rate=Fraction(25), handles=2)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Store]]:
    """The test claims and finishes the work itself."""
    folder = tmp_path_factory.mktemp("placing")
    maps = (PathMap(theirs="Z:\\takes", ours=str(folder / "takes")), PathMap(theirs="Z:\\media", ours=str(folder / "media")))
    with running(folder, renders=False, path_maps=maps) as server:
        store = Store(server.settings.data_folder / "heygem.sqlite3")
        (folder / "media" / "words.wav").write_bytes(b"words")
        yield server, store
        store.close()


def a_take(server: Server, store: Store, placement: Placement | None, speech: Path, name: str, start: Fraction = Fraction(1)) -> TakeView:
    """A finished one of premiere-1's project p1, ten frames of 25."""
    request = JobRequest(
        shots=(ShotRequest(video=MediaRef(path="/v.mov"), speech=MediaRef(path=str(speech)), placement=placement, speech_start=start),),
        origin=Origin(kind="host", host="premiere-1", project="p1"),
    )
    store.submit(request, [Shot(video="/v.mov", speech=str(speech), speech_start=start)], folder=str(server.settings.takes_folder))
    path = server.settings.takes_folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"frames")
    return making.finish(store, path=str(path))


def placing(server: Server, take: TakeView, known: dict[str, str] | None = None) -> Any:
    return server.ask("GET", f"/api/v1/takes/{take.id}/placing", headers=known, known=known is None)


def test_a_take_is_placed_as_its_shot_was_submitted(there: tuple[Server, Store]) -> None:
    server, store = there
    spot = msgspec.structs.replace(PLACE, laying=msgspec.structs.replace(PLACE.laying, mode="take", mute="clip"), brings_speech=True)
    take = a_take(server, store, spot, server.settings.roots[0] / "words.wav", "one_v1.mov")
    answer = placing(server, take)
    assert answer.status == 200, answer.body
    assert answer.json == {
        "take": take.id,
        "file": "Z:\\takes\\one_v1.mov",
        "name": "clip_v1.mov",
        "placement": msgspec.json.decode(to_json(spot)),
        "handles": 2,
        "frames": 6,
        "speech": "Z:\\media\\words.wav",
        "speech_start": "27/25",
    }


def test_what_it_tells_goes_to_the_editor_as_it_is(tmp_path: Path) -> None:
    """Where the editor's machine has the folder one level deeper under the same name, paths were moved once more on their way."""
    media = tmp_path / "media"
    with running(tmp_path, renders=False, path_maps=(PathMap(theirs=str(media / "share"), ours=str(media)),)) as server:
        (media / "words.wav").write_bytes(b"words")
        store = Store(server.settings.data_folder / "heygem.sqlite3")
        take = a_take(server, store, msgspec.structs.replace(PLACE, brings_speech=True), media / "words.wav", "relayed_v1.mov")
        store.close()
        params = placing(server, take).json
        assert params["speech"] == str(media / "share" / "words.wav")
        done = {"take": take.id, "already": False, "track": 2, "record_start": 10, "record_duration": 6}
        with editor(server, lambda _: {"result": done}) as host:
            call = {"method": "host.place", "params": params}
            answer = server.ask("POST", "/api/v1/hosts/premiere-1/call", call, server.token("page"), known=False)
            assert answer.status == 200, answer.body
            assert host.asked[0]["params"] == params
        assert server.ask("GET", f"/api/v1/takes/{take.id}").json["pinned"]


def test_speech_that_lies_on_the_timeline_is_not_brought(there: tuple[Server, Store]) -> None:
    server, store = there
    take = a_take(server, store, PLACE, server.settings.roots[0] / "words.wav", "dubbed_v1.mov")
    assert [placing(server, take).json[name] for name in ("speech", "speech_start")] == [None, None]


@pytest.mark.parametrize("home", ["uploads/0123456789abcdef0123456789abcdef", "timelines/t0123456789abcdef/speech"])
def test_speech_in_the_servers_own_folder_is_brought_as_a_copy_beside_the_take(there: tuple[Server, Store], home: str) -> None:
    server, store = there
    speech = server.settings.data_folder / home / "line 1.wav"
    speech.parent.mkdir(parents=True)
    speech.write_bytes(b"sent")
    name = f"{home[:4]}_v1.mov"
    take = a_take(server, store, msgspec.structs.replace(PLACE, brings_speech=True, handles=0), speech, name)
    for _ in range(2):
        answer = placing(server, take).json
        assert (answer["speech"], answer["speech_start"]) == (f"Z:\\takes\\{home[:4]}_v1.speech.wav", "1/1")
        assert Path(take.path).with_name(f"{home[:4]}_v1.speech.wav").read_bytes() == b"sent"
        speech.unlink(missing_ok=True)


def test_a_take_without_a_place_or_without_its_file_is_not_found(there: tuple[Server, Store]) -> None:
    server, store = there
    words = server.settings.roots[0] / "words.wav"
    unplaced, gone = a_take(server, store, None, words, "page_v1.mov"), a_take(server, store, PLACE, words, "gone_v1.mov")
    assert (placing(server, unplaced).status, "does not come from a timeline" in placing(server, unplaced).json["message"]) == (404, True)
    Path(gone.path).unlink()
    assert (placing(server, gone).status, "no longer where it was written" in placing(server, gone).json["message"]) == (404, True)
    silent = a_take(server, store, msgspec.structs.replace(PLACE, brings_speech=True), words.with_name("away.wav"), "silent_v1.mov")
    assert (placing(server, silent).status, "“away.wav”" in placing(server, silent).json["message"]) == (404, True)
    assert server.ask("GET", "/api/v1/takes/nothing/placing").status == 404


def test_a_take_that_outlived_its_job_goes_where_it_was_placed(there: tuple[Server, Store]) -> None:
    server, store = there
    spot = msgspec.structs.replace(PLACE, brings_speech=True)
    take, never = (a_take(server, store, spot, server.settings.roots[0] / "words.wav", f"{name}_v1.mov") for name in ("placed", "never"))
    elsewhere = msgspec.structs.replace(spot, record_start=77)
    store.placed(take.id, Placed(host="premiere-1", placement=elsewhere, at=1.0))
    store.pin(never.id, True)
    with store.change() as change:
        for each in (take, never):
            change.connection.execute("DELETE FROM jobs WHERE id = ?", (each.job,))
    answer = placing(server, take).json
    assert (answer["placement"]["record_start"], answer["frames"], answer["speech"]) == (77, 6, None)
    assert "was deleted, and with it where it belongs" in placing(server, never).json["message"]


def test_a_take_of_which_nothing_shows_is_refused_in_words(there: tuple[Server, Store]) -> None:
    server, store = there
    spot = msgspec.structs.replace(PLACE, handles=10)
    answer = placing(server, a_take(server, store, spot, server.settings.roots[0] / "words.wav", "short_v1.mov"))
    assert (answer.status, "10 of them before the clip" in answer.json["message"]) == (400, True)


def test_an_editor_is_told_of_its_own_takes_and_a_page_of_all(there: tuple[Server, Store]) -> None:
    server, store = there
    take = a_take(server, store, PLACE, server.settings.roots[0] / "words.wav", "whose_v1.mov")
    assert placing(server, take, server.token("page")).status == 200
    assert placing(server, take, server.token("host", host="premiere-1", project="p1")).status == 200
    for host, project in (("premiere-1", "p2"), ("resolve-1", "p1")):
        assert placing(server, take, server.token("host", host=host, project=project)).status == 404


def test_a_take_that_was_deleted_by_mistake_comes_back_with_its_speech_and_is_placed(there: tuple[Server, Store]) -> None:
    server, store = there
    uploads = server.settings.data_folder / "uploads" / ("0" * 32)
    uploads.mkdir(parents=True)
    (uploads / "words.wav").write_bytes(b"words")
    take = a_take(server, store, msgspec.structs.replace(PLACE, brings_speech=True), uploads / "words.wav", "undo_v1.mov")
    store.wrote(take.id, [written(Path(take.path))])
    before = placing(server, take).json
    assert before["speech"] == "Z:\\takes\\undo_v1.speech.wav"
    files = [Path(take.path), Path(take.path).with_name("undo_v1.speech.wav")]
    notes = Path(take.path).with_name("undo_v1.speech.my notes.txt")
    notes.write_bytes(b"mine")

    deleted = server.ask("DELETE", f"/api/v1/takes/{take.id}")
    assert (deleted.status, [file.exists() for file in files], notes.exists()) == (200, [False, False], True)
    assert server.ask("GET", f"/api/v1/takes/{take.id}").status == 404
    (thrown,) = server.ask("GET", "/api/v1/trash").json["takes"]
    assert (thrown["take"]["id"], thrown["goes"]) == (take.id, thrown["deleted"] + 7 * 86_400)

    restored = server.ask("POST", f"/api/v1/takes/{take.id}/restore")
    assert (restored.status, restored.json) == (200, deleted.json)
    assert placing(server, take).json == before
    again = server.ask("POST", f"/api/v1/takes/{take.id}/restore")
    assert (again.status, again.json["code"]) == (404, "trash.no-take")

    files[1].write_bytes(b"words of mine")
    left = server.ask("DELETE", f"/api/v1/takes/{take.id}").json["notices"]
    assert left == ["“undo_v1.speech.wav” is another file than the one that was written, so it stays where it is."]
    assert server.ask("DELETE", "/api/v1/trash").json == {"takes": 1, "freed_bytes": len(b"frames")}
    assert server.ask("GET", "/api/v1/trash").json == {"takes": []}
    assert server.ask("POST", f"/api/v1/takes/{take.id}/restore").status == 404
    assert (notes.exists(), [file.exists() for file in files]) == (True, [False, True])
    token = server.token("host", host="premiere-1", project="p1")
    for method, path in (("POST", f"/api/v1/takes/{take.id}/restore"), ("GET", "/api/v1/trash"), ("DELETE", "/api/v1/trash")):
        assert server.ask(method, path, headers=token, known=False).status == 403
