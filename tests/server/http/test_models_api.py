"""Models over the API: the list for everybody who is known, changes for whoever administers the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heygem_core.machine.python_process import python_code
from heygem_core.messages import tell
from heygem_core.shot import Failed, to_json
from heygem_core.weights.progress import Fetched, Fetching
from heygem_server.http import model_fetches

from .running import Server

MODEL = "sd-vae-ft-mse"  # whose licence asks nobody


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("HEYGEM_EXTRA_MODELS", raising=False)
    return tmp_path / "models"


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says what the child does in place of fetching."""

    def does(code: str) -> None:
        monkeypatch.setattr(model_fetches, "python_module", lambda module, *arguments: python_code(code))

    return does


def printing(*events: Any, then: str = "") -> str:
    return "\n".join([*(f"print({to_json(event).decode()!r}, flush=True)" for event in events), then])


def one(server: Server, model_id: str, known: dict[str, str] | None = None) -> Any:
    listed = server.ask("GET", "/api/v1/models", headers=known, known=known is None).json
    return next(each for each in listed["models"] if each["standing"]["id"] == model_id)


def until(asked: Callable[[], Any], says: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + 120
    while not says(found := asked()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def test_everybody_known_sees_the_models_and_their_terms(still: Server, folder: Path) -> None:
    host = still.token("host", host="h", project="p")
    listed = still.ask("GET", "/api/v1/models", headers=host, known=False).json
    assert (listed["folder"], listed["may_change"]) == (str(folder), False)
    assert still.ask("GET", "/api/v1/models").json["may_change"] is True
    assert still.ask("GET", "/api/v1/models", headers=still.token("page"), known=False).json["may_change"] is True  # on this machine
    standing = one(still, "wav2lip-gan", host)["standing"]
    assert (standing["installed"], standing["commercial"], standing["ask"]) == (False, False, True)
    assert standing["terms"]["code"] == "licence.wav2lip"
    assert still.ask("POST", f"/api/v1/models/{MODEL}/fetch", {}, host, known=False).status == 403


def test_a_page_of_another_machine_changes_nothing(still: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from heygem_server.api import models

    monkeypatch.setattr(models, "is_loopback", lambda address: False)
    page = still.token("page")
    assert still.ask("GET", "/api/v1/models", headers=page, known=False).json["may_change"] is False
    for method, path, body in (("POST", f"{MODEL}/fetch", {}), ("DELETE", f"{MODEL}/fetch", None), ("DELETE", MODEL, None)):
        answer = still.ask(method, f"/api/v1/models/{path}", body, page, known=False)
        assert (answer.status, answer.json["code"]) == (403, "models.not-yours")


def test_terms_must_be_accepted_and_the_model_known(still: Server, folder: Path) -> None:
    answer = still.ask("POST", "/api/v1/models/wav2lip-gan/fetch", {})
    assert (answer.status, answer.error) == (409, "LicenceNotAccepted")
    assert still.ask("POST", "/api/v1/models/nothing/fetch", {}).status == 400
    gone = still.ask("DELETE", f"/api/v1/models/{MODEL}")
    assert (gone.status, gone.json["code"]) == (404, "weights.not-here")


def test_a_model_is_fetched_with_progress_and_removed(still: Server, folder: Path, child: Callable[[str], None]) -> None:
    goes = folder.parent / "goes"
    place = folder / MODEL / "model.safetensors"
    code = f"""
import os, time
while not os.path.exists({str(goes)!r}):
    time.sleep(0.02)
os.makedirs({str(place.parent)!r})
open({str(place)!r}, "wb").write(b"x" * 7)
"""
    begun = Fetching(model=MODEL, step="downloading", done=3, total=12)
    child(printing(begun, then=code + printing(Fetched(model=MODEL, path=str(place)))))
    assert still.ask("POST", f"/api/v1/models/{MODEL}/fetch", {}).status == 202
    found = until(lambda: one(still, MODEL), lambda found: found["fetch"]["step"] == "downloading")
    assert (found["fetch"]["done"], found["fetch"]["total"]) == (3, 12)
    assert still.ask("DELETE", f"/api/v1/models/{MODEL}").status == 409
    goes.touch()
    found = until(lambda: one(still, MODEL), lambda found: found["fetch"] is None)
    assert (found["standing"]["installed"], found["standing"]["size"]) == (True, 7)
    assert still.ask("DELETE", f"/api/v1/models/{MODEL}").json["standing"]["installed"] is False


def test_why_it_failed_is_told_until_it_is_tried_again(still: Server, folder: Path, child: Callable[[str], None]) -> None:
    said = tell("weights.hub-offline", file="x")
    child(printing(Failed(error="FetchFailed", message=said.message, exit_code=6, code=said.code, params=said.params)))
    still.ask("POST", f"/api/v1/models/{MODEL}/fetch", {})
    found = until(lambda: one(still, MODEL), lambda found: found["fetch"]["step"] == "failed")
    assert found["fetch"]["problem"]["code"] == "weights.hub-offline"
    child("import os; os._exit(1)")
    still.ask("POST", f"/api/v1/models/{MODEL}/fetch", {})
    found = until(lambda: one(still, MODEL), lambda found: (found["fetch"].get("problem") or {}).get("code") == "models.fetch-died")
    assert still.ask("DELETE", f"/api/v1/models/{MODEL}/fetch").json["fetch"] is None


def test_a_fetch_that_is_stopped_ends_with_all_that_it_started(still: Server, folder: Path, child: Callable[[str], None]) -> None:
    child(printing(Fetching(model=MODEL, step="converting"), then="import time\nwhile True: time.sleep(1)"))
    still.ask("POST", f"/api/v1/models/{MODEL}/fetch", {})
    until(lambda: one(still, MODEL), lambda found: found["fetch"]["step"] == "converting")
    assert still.ask("DELETE", f"/api/v1/models/{MODEL}/fetch").json["fetch"] is None
