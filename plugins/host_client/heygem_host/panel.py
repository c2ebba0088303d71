"""The state of an editor's panel and what it does, without any window. The editor's thread calls `step` again and again; nothing else
calls the editor.
"""

from __future__ import annotations

import queue
import time
from typing import Any, Protocol

from . import choices, render_request
from .connection import ServerConnection
from .errors import HostError
from .messages import Message, plain, say, tell

_LOOK_S = 0.5  # how often the open project is looked at
_GONE_AFTER = 8  # looks that failed in a row: the editor has quit
_UNDER_WAY = ("active", "queued", "paused")
_STATES = {
    "active": "panel.job-starting",
    "queued": "panel.job-queued",
    "paused": "panel.job-paused",
    "completed": "panel.job-completed",
    "failed": "panel.job-failed",
    "canceled": "panel.job-canceled",
}


class EditorSide(Protocol):
    """What the panel needs of one editor. Called in the editor's thread alone; every method may raise what the editor's API raises."""

    @property
    def name(self) -> str: ...  # as sentences call it
    def hello(self) -> dict[str, Any] | None: ...  # the protocol's HostHello; None = no project is open
    def open_project(self) -> str | None: ...  # id of the open project
    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None: ...  # to a JSON-RPC request; None = it was a notification
    def order(self, speech: str | None, chosen: choices.Choices) -> render_request.Order: ...  # what is selected. Raises: HostError
    def refreshed(self, offer: render_request.Offer) -> render_request.Offer: ...  # with the timeline as it is now. Raises: HostError


class Panel:
    """State for a window to show: `state`, `connected`, `jobs` (id → JobView), `said` (the newest sentence about a take), `offer`
    (clips that the editor would have to export), `chosen` (how takes are laid), `versions` (the takes of this project, for a window that
    set `shows_versions`). Sentences are in the language of the link's settings."""

    shows_versions = False

    def __init__(self, editor: EditorSide, link: ServerConnection, remembered: str | None = None) -> None:
        self.editor, self.link = editor, link
        self._sentences: dict[str, str] = {}  # the server's, in the window's language
        self.state, self.connected = self.words(tell("panel.looking")), False
        self.jobs: dict[str, dict[str, Any]] = {}
        self.said = ""
        self.page: str | None = None  # an address that was asked for and not opened yet
        self.offer: render_request.Offer | None = None
        self.versions: list[dict[str, Any]] = []
        self.alive = True
        self._remembered = remembered  # file of the choices; None = they are not remembered
        self.chosen = choices.read(remembered) if remembered else choices.Choices()
        self._looked = -_LOOK_S
        self._failed = 0

    def step(self, wait_s: float = 0.0) -> bool:
        """Handles what has arrived, waiting so long for the first of it; returns whether anything changed. An editor that quits ends
        the panel."""
        if time.monotonic() - self._looked >= _LOOK_S:
            self._looked = time.monotonic()
            self._look_at_project()
        changed = False
        while self.alive:
            try:
                entry = self.link.inbox.get(timeout=wait_s) if wait_s and not changed else self.link.inbox.get_nowait()
            except queue.Empty:
                break
            try:
                self._handle(*entry)
            except Exception as problem:  # one message that nobody expected must not end the panel
                self._say(tell("panel.message-not-understood", why=f"{type(problem).__name__}: {problem}"))
            changed = True
        return changed

    def words(self, said: Message | str) -> str:
        """A message in the language of the window."""
        return say(said, self.link.settings.language, self._sentences)

    def _say(self, *messages: Message | str) -> None:
        self.said = " ".join(map(self.words, messages))

    def choose(self, chosen: choices.Choices) -> None:
        """How takes of what is submitted from now on are laid."""
        if chosen != self.chosen:
            self.chosen = chosen
            if self._remembered:
                choices.keep(self._remembered, chosen)

    def render(self, speech: str | None) -> None:
        """Submits the selected clips; `speech` is a file, None = what lies under them."""
        self.offer = None
        try:
            order = self.editor.order(speech, self.chosen)
            if order.asks:
                self.link.outbox.put(("submit", order))
                self._say(tell("panel.sending"))
            else:
                self._say(*render_request.left_to_resolve(order))
                self.offer = render_request.offer(order, None)
        except HostError as problem:
            self._say(problem.told)
        except Exception as problem:  # a project that is being opened or closed: its objects are dead
            self._say(tell("panel.selection-unknown", editor=self.editor.name, why=problem))

    def export(self) -> None:
        """Accepts the offer. The editor cannot be used until the files are there: the server asks this very panel for them."""
        accepted, self.offer = self.offer, None
        if accepted is None:
            return
        try:
            self.link.outbox.put(("export", self.editor.refreshed(accepted)))
            self._say(tell("panel.exporting", editor=self.editor.name))
        except HostError as problem:
            self._say(problem.told)
        except Exception as problem:
            self._say(tell("panel.timeline-not-written", editor=self.editor.name, why=problem))

    def cancel(self) -> None:
        """Calls off the newest job that has not ended."""
        job = self.running()
        if job is not None:
            self.link.outbox.put(("cancel", job["id"]))
            self._say(tell("panel.cancelling", name=job["name"]))

    def running(self) -> dict[str, Any] | None:
        """The newest job that has not ended."""
        jobs = [job for job in self.jobs.values() if job["state"] in _UNDER_WAY]
        return max(jobs, key=lambda job: job["created"]) if jobs else None

    def job_line(self, job: dict[str, Any]) -> Message:
        """How far a job is, for one line of a window."""
        done, total, rest = job.get("frames_done") or 0, job.get("frames_total"), job.get("eta_s")
        active = job["state"] == "active"
        said: list[Message | str] = [f"{100 * done // total} %" if active and total else tell(_STATES[job["state"]])]
        if active and rest:
            left = tell("panel.window-minutes", minutes=max(1, round(rest / 60))) if rest > 50 else tell("panel.window-under-a-minute")
            said.append(left)
        return tell("panel.job-line", name=job["name"], how=said)

    def _look_at_project(self) -> None:
        try:
            self.link.introduce(self.editor.hello())
            self._failed = 0
        except Exception:  # TypeError above all: objects die while a project is being opened, and for good when the editor quits
            self._failed += 1
            if self._failed >= _GONE_AFTER:
                self.alive = False
                self.link.stop()

    def _handle(self, kind: str, *rest: Any) -> None:
        if kind == "state":
            self.state, self.connected = self.words(rest[0]), rest[1]
        elif kind == "request":
            self._answer(*rest)
        elif kind == "arrival":
            self._arrive(rest[0])
        elif kind == "event":
            self._note(rest[0])
        elif kind == "page":
            self.page = rest[0]
        elif kind == "said":
            self._say(*rest[0])
        elif kind == "sentences":
            self._sentences = rest[0]
        elif kind == "versions":
            self.versions = rest[0]
        elif kind == "submitted":
            self._submitted(*rest)

    def _submitted(self, order: render_request.Order, answer: dict[str, Any] | None, problem: Message | None) -> None:
        if answer is None:
            self._say(*([problem] if problem else []))
            return
        self._say(*render_request.outcome(answer), *render_request.worth_knowing(order))
        self.offer = render_request.offer(order, answer)

    def _answer(self, request: dict[str, Any], connection: int) -> None:
        reply = self.editor.answer(request)
        if reply is not None:
            self.link.answers.put((reply, connection))
            self._tell(request.get("method"), request.get("params") or {}, reply)

    def _arrive(self, call: dict[str, Any]) -> None:
        """A take that came by itself, placed like one that was asked for. Where another project was opened since, it waits for its own."""
        try:
            if self.editor.open_project() != call["params"]["placement"]["project"]:
                return
        except Exception:
            return
        reply = self.editor.answer({"jsonrpc": "2.0", "id": 0, **call})
        if reply is not None:
            self._tell(call["method"], call["params"], reply)

    def _tell(self, method: Any, params: dict[str, Any], reply: dict[str, Any]) -> None:
        """Tells the server and the person what became of a take."""
        if method not in ("host.place", "host.switchTake", "host.markers"):
            return
        if "error" in reply:
            problem = reply["error"]
            self._say({**(problem.get("data") or {}), "message": problem["message"]})
            return
        result = reply["result"]
        if method == "host.markers":
            self._say(tell("panel.markers-set", count=result["added"]), *_messages(result, "notices", "notice_messages"))
            return
        spot = {**params["placement"], "record_start": result["record_start"]}
        self.link.outbox.put(("placed", params["take"], spot))
        lost = _messages(result, "not_copied", "not_copied_messages")
        self._say(
            tell(getattr(self.editor, "lies", "panel.take-lies"), name=params.get("name") or tell("panel.the-take"), track=result["track"]),
            *([tell("panel.not-copied", what=lost)] if lost else []),
            *_messages(result, "notices", "notice_messages"),
        )

    def _note(self, message: dict[str, Any]) -> None:
        if self.shows_versions and (message.get("type") in ("welcome", "snapshot") or str(message.get("kind")).startswith("take.")):
            self.link.outbox.put(("versions",))
        if message.get("type") == "snapshot":
            self.jobs = {job["id"]: job for job in message["jobs"]}
        elif message.get("job") and isinstance(message["job"], dict):
            self.jobs[message["job"]["id"]] = message["job"]
        elif message.get("type") == "progress" and message["job"] in self.jobs:
            figures = {
                "frames_done": message["job_frames_done"],
                "frames_total": message["job_frames_total"],
                "eta_s": message["job_eta_s"],
            }
            self.jobs[message["job"]] = {**self.jobs[message["job"]], **figures}
        elif message.get("kind") == "job.deleted":
            self.jobs.pop(message.get("id") or "", None)


def _messages(result: dict[str, Any], english: str, coded: str) -> list[Message]:
    """The messages beside the sentences of a result; another package's editor may give the sentences alone."""
    beside, said = result.get(coded) or (), result.get(english) or []
    return list(beside) if len(beside) == len(said) else list(map(plain, said))
