"""What the panel asks of the server over HTTP, one after the other and never in the thread that listens to the socket.

An export waits until this editor itself has answered the request that the server sends it over that socket, so it (like a
submission, which reads media) runs in a thread of its own. What was done on the timeline is told until the server knows it, through
any number of broken connections; what is asked again carries the same key and happens once.

outbox: ("look", shot or None) · ("placed", take, placement) · ("page",) · ("sentences", language)
        ("cancel", job) · ("submit", order) · ("export", offer) · ("versions",) · ("bring", take) · ("mark", take)
inbox: ("arrival", {"method", "params"}) · ("page", url) · ("said", messages) · ("sentences", code → sentence) · ("versions", takes)
       ("submitted", order, what the server says, None) or ("submitted", order, None, message)
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from . import incoming_takes, render_request, server_discovery, weak_markers
from .errors import HostError
from .link import Link, Session
from .messages import Message, plain, tell, without_repeats

_AGAIN_S = 0.25
_RENDER_S = 3900.0  # an editor renders an export for an hour at most
_READING_S = 600.0  # media of a timeline on a slow disk
_GIVE_UP_S = 120.0  # a submission waits so long for a server that was restarted


def run(link: Link) -> None:
    """The thread: ends with the link."""
    while not link.ended.is_set():
        try:
            entry = link.outbox.get(timeout=0.25)
        except queue.Empty:
            continue
        if entry[0] in ("submit", "export"):
            threading.Thread(target=_LONG[entry[0]], args=(link, *entry[1:]), name=f"heygem-{entry[0]}", daemon=True).start()
        else:
            _until_done(link, *entry)


def _until_done(link: Link, kind: str, *rest: Any) -> None:
    """A look is not repeated, nor are sentences asked for again: a new connection does both anyway."""
    while not link.ended.is_set():
        session = link.session
        if session is None:
            if kind in ("look", "sentences", "versions"):
                return
            link.ended.wait(_AGAIN_S)
            continue
        try:
            _SHORT[kind](link, session, *rest)
            return
        except HostError as problem:
            if problem.kind != "NoServer":
                link.inbox.put(("said", [problem.told]))
                return
        except Exception as problem:  # an answer that nobody expected: told, and the next errand has its turn
            link.inbox.put(("said", [tell("panel.answer-not-understood", why=f"{type(problem).__name__}: {problem}")]))
            return
        link.ended.wait(_AGAIN_S)


def _look(link: Link, session: Session, shot: str | None) -> None:
    host, project = session.about["id"], session.about["project"]
    takes = _takes(session, shot)
    for take in incoming_takes.due(takes, host):
        try:
            placing = server_discovery.ask(session.server, "GET", f"/api/v1/takes/{take['id']}/placing", token=session.token)
        except HostError as problem:
            if problem.kind == "NoServer":
                raise
            continue  # it is not meant for a timeline, or was deleted meanwhile
        call = incoming_takes.call_for(take, placing, project, takes, host)
        if call is not None:
            link.inbox.put(("arrival", call))


def _takes(session: Session, shot: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before = None
    while True:
        query = (
            "limit=200"
            + (f"&shot={server_discovery.quoted(shot)}" if shot else "")
            + (f"&before={server_discovery.quoted(before)}" if before else "")
        )
        page = server_discovery.ask(session.server, "GET", f"/api/v1/takes?{query}", token=session.token)
        found += page["takes"]
        before = page.get("next")
        if not before:
            return found


def _versions(link: Link, session: Session) -> None:
    """All takes of this project, newest first."""
    link.inbox.put(("versions", _takes(session, None)))


def _bring(link: Link, session: Session, take: dict[str, Any]) -> None:
    """A take that the person chose: in the place of the version that lies there."""
    link.inbox.put(("arrival", {"method": "host.switchTake", "params": _placing(session, take)}))


def _mark(link: Link, session: Session, take: dict[str, Any]) -> None:
    placing = _placing(session, take)
    marks = {"placement": placing["placement"], "markers": weak_markers.of_take(take, placing["placement"])}
    link.inbox.put(("arrival", {"method": "host.markers", "params": marks}))


def _placing(session: Session, take: dict[str, Any]) -> dict[str, Any]:
    path = f"/api/v1/takes/{server_discovery.quoted(take['id'])}/placing"
    found: dict[str, Any] = server_discovery.ask(session.server, "GET", path, token=session.token)
    return found


def _tell_placed(link: Link, session: Session, take: str, placement: dict[str, Any]) -> None:
    """Under another project's token it cannot be told; when its own is open again the take is found there, and told then."""
    if placement["project"] != session.about["project"]:
        return
    body = {"host": session.about["id"], "placement": placement, "at": time.time()}
    server_discovery.ask(session.server, "POST", f"/api/v1/takes/{take}/placed", body, token=session.token)


def _page(link: Link, session: Session) -> None:
    link.inbox.put(("page", server_discovery.page_link(session.server, session.about["id"])))


def _cancel(link: Link, session: Session, job: str) -> None:
    server_discovery.ask(session.server, "POST", f"/api/v1/jobs/{server_discovery.quoted(job)}/cancel", token=session.token)


def _sentences(link: Link, session: Session, language: str) -> None:
    """The server's own sentences in the window's language: its refusals are shown there too."""
    link.inbox.put(("sentences", server_discovery.ask(session.server, "GET", f"/api/v1/messages/{language}", token=session.token)))


def _told(problem: Exception) -> Message:
    return problem.told if isinstance(problem, HostError) else plain(str(problem))


def _submit(link: Link, order: render_request.Order) -> None:
    try:
        answer = _asked_until_answered(link, lambda session: "/api/v1/timelines", order.body, _READING_S)
        link.inbox.put(("submitted", order, answer, None))
    except Exception as problem:  # whatever it was, the person must hear of it
        link.inbox.put(("submitted", order, None, _told(problem)))


def _export(link: Link, offer: render_request.Offer) -> None:
    """Raises nothing: what happened is said. The server asks this editor for the files while this waits."""
    try:
        ids: list[str] = []
        told: list[Message] = []
        for kind, items in (("picture", offer.pictures), ("sound", offer.sounds)):
            if not items:
                continue
            body = {"items": list(items), "kind": kind, "handles": 0}
            made = _asked_until_answered(
                link, lambda session: f"/api/v1/hosts/{server_discovery.quoted(session.about['id'])}/exports", body, _RENDER_S
            )
            ids.append(made["id"])
            told += [one.get("problem_message") or plain(one["problem"]) for one in made["exported"] if one.get("problem")]
            told += made.get("notice_messages") or map(plain, made.get("notices") or [])
    except Exception as problem:
        link.inbox.put(("submitted", offer.order, None, tell("panel.nothing-exported", why=_told(problem))))
        return
    if told:
        link.inbox.put(("said", without_repeats(told)))
    _submit(link, render_request.with_exports(offer.order, ids))


def _asked_until_answered(link: Link, path: Callable[[Session], str], body: dict[str, Any], timeout_s: float) -> Any:
    """The answer to a POST that happens once, however often its connection breaks. Raises: HostError — refused, or no server came back."""
    key, deadline = uuid.uuid4().hex, time.monotonic() + timeout_s + _GIVE_UP_S
    while True:
        session = _session(link, time.monotonic() + _GIVE_UP_S)
        try:
            return server_discovery.ask(session.server, "POST", path(session), body, token=session.token, key=key, timeout_s=timeout_s)
        except HostError as problem:
            if problem.kind != "NoServer" or time.monotonic() > deadline or link.ended.is_set():
                raise
        link.ended.wait(_AGAIN_S)


def _session(link: Link, deadline: float) -> Session:
    """Raises: HostError — no connection until then."""
    while not link.ended.is_set():
        session = link.session
        if session is not None:
            return session
        if time.monotonic() > deadline:
            break
        link.ended.wait(_AGAIN_S)
    raise HostError("NoServer", "panel.not-connected")


_SHORT: dict[str, Callable[..., None]] = {
    "look": _look,
    "placed": _tell_placed,
    "page": _page,
    "cancel": _cancel,
    "sentences": _sentences,
    "versions": _versions,
    "bring": _bring,
    "mark": _mark,
}
_LONG: dict[str, Callable[..., None]] = {"submit": _submit, "export": _export}
