"""What is asked of the server to render, and what the editor has to export first: one answer of the server becomes the next request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from .messages import Message, plain, tell


@dataclass(frozen=True)
class Order:
    """What is asked of the server, and the selection it was made from."""

    body: dict[str, Any]  # of POST /api/v1/timelines
    items: tuple[dict[str, Any], ...]  # the protocol's SelectedItem
    editor: str = "the editor"  # its name in sentences
    held: tuple[str, ...] = ()  # pictures that are not in the body: the server would read another angle, or nothing

    @property
    def asks(self) -> bool:
        """Whether a picture is left that the server can read."""
        pictures = {item["id"] for item in self.items if item["kind"] == "picture"}
        return any(id in pictures for id in self.body["selection"]["ids"])


@dataclass(frozen=True)
class Offer:
    """Clips that the editor has to export first, and the order that is made with the files."""

    order: Order
    pictures: tuple[str, ...]  # ids of clips
    sounds: tuple[str, ...]
    seconds: float  # of timeline that the editor has to play

    @property
    def message(self) -> Message:
        """For a button: what happens, and what it costs."""
        count = len(self.pictures) + len(self.sounds)
        whole = max(1, round(self.seconds))
        time = f"{whole // 60}:{whole % 60:02}"
        if count == 1:
            return tell("panel.offer-one", editor=self.order.editor, time=time)
        return tell("panel.offer-many", editor=self.order.editor, time=time, count=count)


def offer(given: Order, answer: dict[str, Any] | None) -> Offer | None:
    """What the editor has to export so that the clips left over can be rendered too; None = nothing that it could help with.

    `answer` is the server's; None = it was not asked, since no clip is left that it could read. A sound that only the editor can play
    is missing under every clip that was left over, so all of them are asked for again.
    """
    if given.body.get("exports"):
        return None
    chosen = set(given.body["selection"]["ids"])
    left = [shot for shot in answer["conformed"]["shots"] if shot.get("shot") is None] if answer else []
    needing = [_clip_of(shot) for shot in left if shot.get("needs_host_export")]
    pictures = tuple(dict.fromkeys([*given.held, *needing]))
    sounds = tuple(
        item["id"]
        for item in given.items
        if item["kind"] == "sound" and item["id"] in chosen and item.get("needs_host_export") and (left or pictures)
    )
    if not pictures and not sounds:
        return None
    again = {*pictures, *(_clip_of(shot) for shot in left)} if sounds else set(pictures)
    kept = [item["id"] for item in given.items if item["id"] in again or (item["kind"] == "sound" and item["id"] in chosen)]
    body = {**given.body, "selection": {**given.body["selection"], "ids": kept}}
    seconds = sum(
        Fraction(item["placement"]["record_duration"]) / Fraction(item["placement"]["rate"])
        for item in given.items
        if item["id"] in (*pictures, *sounds)
    )
    return Offer(order=replace(given, body=body), pictures=pictures, sounds=sounds, seconds=float(seconds))


def _clip_of(shot: dict[str, Any]) -> str:
    return str(shot["placement"].get("clip") or shot["key"])


def with_exports(given: Order, ids: list[str]) -> Order:
    return replace(given, body={**given.body, "exports": ids}, held=())


def left_to_resolve(given: Order) -> list[Message]:
    """Why the server was not asked."""
    held = [item for item in given.items if item["id"] in given.held]
    whys = [tell("panel.clip-why", clip=item["name"], why=_message_of(item, "needs_host_export")) for item in held]
    return [tell("panel.nothing-yet"), *whys]


def outcome(answer: dict[str, Any]) -> list[Message]:
    """What became of it."""
    shots = answer["conformed"]["shots"]
    failed = [shot for shot in shots if shot.get("error") or (shot.get("needs_host_export") and shot.get("shot") is None)]
    wrong = [
        tell("panel.clip-why", clip=shot["clip"], why=_message_of(shot, "error" if shot.get("error") else "needs_host_export"))
        for shot in failed
    ]
    if answer.get("job") is None:
        skipped = [_message_of(each, "why") for each in answer["conformed"].get("skipped", [])]
        return [tell("panel.nothing-rendered"), *(wrong or skipped)]
    count = answer["job"]["job"]["shots_total"]
    return [tell("panel.one-rendering") if count == 1 else tell("panel.many-rendering", count=count), *wrong]


def worth_knowing(given: Order) -> list[Message]:
    """Of the clips that were asked for: files that are offline, proxies, what lies above, and what their takes will lack."""
    said: list[Message] = []
    for item in given.items:
        if item["id"] in given.body["selection"]["ids"]:
            lost = item.get("cannot_copy_messages") or [plain(one) for one in item.get("cannot_copy") or ()]
            said += [tell("panel.clip-why", clip=item["name"], why=why) for why in item.get("notice_messages") or ()]
            said += [tell("panel.clip-why", clip=item["name"], why=tell("panel.not-copied", what=lost))] if lost else []
    return said


def _message_of(said: dict[str, Any], name: str) -> Message:
    """The message beside a sentence; an older server says the sentence alone."""
    return said.get(f"{name}_message") or plain(said[name])
