"""A scripted editor over a real socket: it registers, answers, fails, stalls, leaves and comes back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed

from heygem_core.messages import Message, say
from heygem_server.hosts.coded import coded
from heygem_server.wire import PlaceResult

from .running import Server, told, wait_for

HELLO = {"id": "premiere-1", "app": "premiere", "version": "26.3", "project": "p1", "project_name": "Film", "capabilities": ["host.place"]}
PLACEMENT = {"project": "p1", "sequence": "s1", "track": 1, "record_start": 10, "record_duration": 50, "rate": "25/1"}
SELECTION = {"sequence": {"id": "s1", "name": "Cut", "rate": "25/1", "start_frame": 90000, "drop_frame": False}, "items": []}

Answering = Callable[[dict[str, Any]], dict[str, Any] | None]


class Editor:
    """Answers requests by a function until it leaves; remembers what it was asked."""

    def __init__(self, server: Server, answer: Answering, token: str | None = None, **hello: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.socket = server.socket({"token": token or server.ready.token, "host": {**HELLO, **hello}})
        self.welcome = told(self.socket, "welcome")
        self._answer = answer
        self.name = {**HELLO, **hello}["id"]
        wait_for(lambda: self._listed(server) is not None)
        self.since = self._listed(server)
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        try:
            for text in self.socket:
                message = json.loads(text)
                if "jsonrpc" in message:
                    self.asked.append(message)
                    answer = self._answer(message)
                    if answer is not None:
                        self.socket.send(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}))
        except ConnectionClosed:
            pass

    def leave(self) -> None:
        self.socket.close()

    def _listed(self, server: Server) -> float | None:
        return next((host["since"] for host in server.ask("GET", "/api/v1/hosts").json if host["id"] == self.name), None)

    def gone(self, server: Server) -> bool:
        """No socket that this editor opened is listed any more; a later one of the same name may be."""
        return all(host["id"] != self.name or host["since"] != self.since for host in server.ask("GET", "/api/v1/hosts").json)


@contextmanager
def editor(server: Server, answer: Answering, **more: Any) -> Iterator[Editor]:
    found = Editor(server, answer, **more)
    try:
        yield found
    finally:
        found.leave()
        wait_for(lambda: found.gone(server))


def call(
    server: Server, method: str, params: dict[str, Any] | None = None, timeout_s: float = 5.0, host: str = "premiere-1", **more: Any
) -> Any:
    return server.ask("POST", f"/api/v1/hosts/{host}/call", {"method": method, "params": params or {}, "timeout_s": timeout_s}, **more)


def reveal(server: Server, **more: Any) -> Any:
    return call(server, "host.reveal", {"placement": PLACEMENT}, **more)


def test_an_editor_registers_is_listed_and_is_gone_when_it_leaves(server: Server) -> None:
    with server.known_socket() as page:
        assert told(page, "hosts")["hosts"] == []
        with editor(server, lambda _: {"result": {}}):
            assert told(page, "hosts")["hosts"][0]["project_name"] == "Film"
            assert [host["id"] for host in server.ask("GET", "/api/v1/hosts").json] == ["premiere-1"]
        assert told(page, "hosts")["hosts"] == []


def test_when_the_newest_panel_of_an_editor_closes_the_one_before_is_asked_again(server: Server) -> None:
    """An editor with two panels open was “not connected” as soon as the second one closed."""
    with editor(server, lambda _: {"result": {}}) as first:
        with Editor(server, lambda _: {"result": {}}).socket as second:
            assert reveal(server).status == 200
            assert not first.asked
            second.close()
        wait_for(lambda: reveal(server).status == 200 and bool(first.asked))
    assert server.ask("GET", "/api/v1/hosts").json == []
    assert reveal(server).status == 404


def test_a_request_is_relayed_and_its_checked_result_comes_back(server: Server) -> None:
    with editor(server, lambda _: {"result": SELECTION}) as host:
        answer = call(server, "host.selection")
        assert answer.status == 200, answer.body
        assert answer.json["sequence"]["start_frame"] == 90000
        assert host.asked[0]["method"] == "host.selection"


def test_a_result_that_is_not_what_the_method_gives_is_refused(server: Server) -> None:
    for wrong in ({"sequence": "s1"}, {}, [], None, {**SELECTION, "surprise": 1}):
        with editor(server, lambda _, wrong=wrong: {"result": wrong}):  # type: ignore[misc]
            answer = call(server, "host.selection")
            assert (answer.status, answer.error) == (502, "HostFailed"), wrong


def test_parameters_are_checked_before_the_editor_hears_of_them(server: Server) -> None:
    with editor(server, lambda _: {"result": {}}) as host:
        for method in ("host.place", "host.switchTake", "host.reveal", "host.export", "host.markers", "app.quit"):
            assert call(server, method, {"take": 1}).status == 400
        assert host.asked == []


def test_what_the_editor_could_not_do_is_said_in_its_words(server: Server) -> None:
    with editor(server, lambda _: {"error": {"code": 1, "message": "No timeline is open."}}):
        answer = reveal(server)
        assert answer.status == 502
        assert "No timeline is open." in answer.json["message"]


def failing(message: str, data: Any = None) -> Answering:
    return lambda _: {"error": {"code": -32000, "message": message, "data": data}}


def test_a_panels_refusal_keeps_its_code_so_that_each_reader_has_it_in_their_language(server: Server) -> None:
    sentence = "The project 'Other film' is open in Resolve, and this belongs to another one: open that one first."
    data = {"error": "OtherProject", "code": "panel.other-project", "params": {"project": "Other film"}}
    for said in (data, None, {"error": "OtherProject"}, {"code": 3, "params": []}):  # an older panel's sentence is known again
        with editor(server, failing(sentence, said)):
            answer = reveal(server).json
        assert answer["code"] == "host.failed"
        assert answer["params"]["message"] == {"code": "panel.other-project", "params": {"project": "Other film"}, "message": sentence}
        chinese = say(Message(code=answer["code"], params=answer["params"], message=answer["message"]), "zh")
        assert chinese == "剪辑软件无法完成：Resolve 中打开的是项目“Other film”，而此操作属于另一个项目：请先打开那个项目。"


def test_a_panels_refusal_that_is_not_well_formed_is_still_said(server: Server) -> None:
    for params in ({"a": {"code": 1}}, {"a": None}, {"a": [{}]}, "text"):
        with editor(server, failing("It is offline.", {"error": "X", "code": "panel.x", "params": params})):
            answer = reveal(server)
        assert (answer.status, answer.json["message"]) == (502, "The editor could not do it: It is offline.")


MOVED = Message(code="panel.clip-moved", message="The clip was moved since it was rendered; the take follows it.")
LOST = Message(message="Gaussian Blur")


def test_what_a_panel_tells_of_a_take_has_codes() -> None:
    """Each reader has it in their language; an older panel says sentences alone, and those are known again."""
    older = PlaceResult(
        take="t1", already=False, track=2, record_start=10, record_duration=50, notices=(MOVED.message,), not_copied=(LOST.message,)
    )
    newer = replace(older, notice_messages=(MOVED,), not_copied_messages=(LOST,))
    assert coded(older) == coded(newer) == newer


def test_what_a_panel_tells_of_a_selection_has_codes(server: Server) -> None:
    why = {
        "code": "panel.only-host-multicam",
        "params": {"editor": "Premiere"},
        "message": "It is a multicam clip, whose angle only Premiere knows.",
    }
    item = {"id": "c1", "name": "A", "kind": "picture", "placement": PLACEMENT, "needs_host_export": why["message"]}
    answers = [{**item, "cannot_copy": ["its fades"]}, {**item, "needs_host_export_message": why}]
    with editor(server, lambda request: {"result": {**SELECTION, "items": answers}}):
        older, newer = call(server, "host.selection").json["items"]
    assert older["needs_host_export_message"] == newer["needs_host_export_message"] == why
    assert [each["code"] for each in older["cannot_copy_messages"]] == ["panel.lost-fades"]


def test_a_notice_whose_parameters_are_not_well_formed_is_still_said(server: Server) -> None:
    wrong = {"code": "panel.sound-not-placed", "params": {"problem": {"anything": 1}}, "message": "Something else."}
    with editor(server, lambda request: {"result": {"added": 0, "already": 0, "notices": ["Something else."], "notice_messages": [wrong]}}):
        result = call(server, "host.markers", {"placement": PLACEMENT, "markers": []}).json
    assert [(each["code"], each["message"]) for each in result["notice_messages"]] == [(None, "Something else.")]


def test_an_editor_that_does_not_answer_is_given_up_in_time(server: Server) -> None:
    with editor(server, lambda _: None):
        began = time.monotonic()
        answer = reveal(server, timeout_s=0.4)
        assert (answer.status, answer.error) == (504, "HostGone")
        assert time.monotonic() - began < 20, "it is the caller's limit that ends it, not the 30 s of others"


def test_an_editor_that_is_not_there_is_said_to_be_not_there(server: Server) -> None:
    assert reveal(server, host="resolve-9").status == 404


def test_an_export_in_flight_ends_with_a_clear_error_when_the_editor_leaves(server: Server) -> None:
    params = {"items": ["1"], "kind": "sound", "folder": "/tmp"}
    with editor(server, lambda _: None) as host, ThreadPoolExecutor() as pool:
        waiting = pool.submit(call, server, "host.export", params, 20)
        wait_for(lambda: bool(host.asked))
        host.leave()
        answer = waiting.result(5)
        assert (answer.status, answer.error) == (504, "HostGone")
        assert "left before it answered" in answer.json["message"]


def test_what_may_be_done_twice_is_asked_again_after_a_reconnect(server: Server) -> None:
    with editor(server, lambda _: None) as first, ThreadPoolExecutor() as pool:
        waiting = pool.submit(call, server, "host.selection", None, 20)
        wait_for(lambda: bool(first.asked))
        first.leave()
        with editor(server, lambda _: {"result": SELECTION}) as second:
            assert waiting.result(10).status == 200
            assert len(second.asked) == 1


def test_a_second_socket_of_the_same_editor_takes_over(server: Server) -> None:
    """A panel reconnects before the server knows that its first socket is dead."""
    with editor(server, lambda _: None) as first, ThreadPoolExecutor() as pool:
        waiting = pool.submit(call, server, "host.selection", None, 20)
        wait_for(lambda: bool(first.asked))
        with editor(server, lambda _: {"result": SELECTION}):
            assert waiting.result(10).status == 200
            first.leave()
            time.sleep(0.2)
            assert [host["id"] for host in server.ask("GET", "/api/v1/hosts").json] == ["premiere-1"]


def test_an_answer_is_known_wherever_it_says_what_it_is(server: Server) -> None:
    """A large timeline before "jsonrpc" was taken for a message that nobody knows, and the editor was shown out."""
    with server.known_socket(host=HELLO) as host, ThreadPoolExecutor() as pool:
        told(host, "snapshot")
        waiting = pool.submit(call, server, "host.selection", None, 10)
        number = next(said["id"] for text in host if "method" in (said := json.loads(text)))
        host.send(json.dumps({"result": {**SELECTION, "document": {"x": "y" * 100_000}}, "id": number, "jsonrpc": "2.0"}))
        assert waiting.result(10).status == 200
    wait_for(lambda: not server.ask("GET", "/api/v1/hosts").json)


def test_late_and_unknown_answers_are_dropped(server: Server) -> None:
    with editor(server, lambda _: {"result": SELECTION}) as host:
        host.socket.send(json.dumps({"jsonrpc": "2.0", "id": 99999, "result": {}}))
        host.socket.send(json.dumps({"jsonrpc": "2.0", "result": {}}))
        assert call(server, "host.selection").status == 200


def test_a_hosts_token_is_for_its_host_and_project_alone(server: Server) -> None:
    token = server.token("host", host="premiere-1", project="p1")["Authorization"].removeprefix("Bearer ")
    with editor(server, lambda _: {"result": {}}, token=token) as host:
        assert host.welcome["scope"] == "host"
        known = {"Authorization": f"Bearer {token}"}
        assert reveal(server, headers=known, known=False).status == 200
        assert reveal(server, host="resolve-9", headers=known, known=False).status == 403
    for wrong in ({"id": "resolve-9"}, {"project": "p2"}):
        with server.socket({"token": token, "host": {**HELLO, **wrong}}) as socket:
            assert told(socket, "refused")["error"] == "Forbidden"


def test_a_page_cannot_pretend_to_be_an_editor(server: Server) -> None:
    token = server.token("page")["Authorization"].removeprefix("Bearer ")
    with server.socket({"token": token, "host": HELLO}) as socket:
        assert told(socket, "refused")["error"] == "Forbidden"


def test_an_editor_hears_nothing_of_other_editors(server: Server) -> None:
    token = server.token("host", host="premiere-1", project="p1")["Authorization"].removeprefix("Bearer ")
    with server.socket({"token": token, "host": HELLO}) as host:
        told(host, "snapshot")
        with editor(server, lambda _: {"result": {}}, id="resolve-2"), pytest.raises(TimeoutError):
            host.recv(timeout=0.4)
        host.close()
        wait_for(lambda: not server.ask("GET", "/api/v1/hosts").json)
