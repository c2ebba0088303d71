"""Rendering what is selected straight from the native window, with the settings that a Resolve timeline wants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from . import document, selecting
from .choices import Choices
from .editor import Editor, open_project, timeline_by_id
from .trouble import HostError

_SETTINGS = {"fit": "hold", "sound": "none", "format": "dnxhr"}  # a file with sound would bring it onto an audio track


@dataclass(frozen=True)
class Order:
    """What is asked of the server, and the selection it was made from."""

    body: dict[str, Any]  # of POST /api/v1/timelines
    items: tuple[dict[str, Any], ...]  # the protocol's SelectedItem
    held: tuple[str, ...] = ()  # pictures that are not in the body: the server would read another angle, or nothing

    @property
    def asks(self) -> bool:
        """Whether a picture is left that the server can read."""
        pictures = {item["id"] for item in self.items if item["kind"] == "picture"}
        return any(id in pictures for id in self.body["selection"]["ids"])


@dataclass(frozen=True)
class Offer:
    """Clips that Resolve has to export first, and the order that is made with the files."""

    order: Order
    pictures: tuple[str, ...]  # ids of clips
    sounds: tuple[str, ...]
    seconds: float  # of timeline that Resolve has to play

    @property
    def sentence(self) -> str:
        """For a button: what happens, and what it costs."""
        count = len(self.pictures) + len(self.sounds)
        whole = max(1, round(self.seconds))
        return (
            f"Let Resolve export {count} {'clip' if count == 1 else 'clips'} "
            f"(about {whole // 60}:{whole % 60:02}; Resolve cannot be used meanwhile) and render"
        )


def order(editor: Editor, host_id: str, speech: str | None, choices: Choices) -> Order:
    """What is selected now. Raises: HostError — nothing is selected, nothing is said, or this Resolve writes no timelines."""
    found = selecting.selection(editor)
    if found["sequence"] is None:
        raise HostError("NoTimeline", "No timeline is open in Resolve: open one and try again.")
    kinds = [item["kind"] for item in found["items"]]
    if "picture" not in kinds:
        raise HostError("NothingSelected", "No clip is selected: select some, or put in and out marks around them.")
    if "sound" not in kinds and not speech:
        raise HostError(
            "NoSpeech", "No speech lies under the selected clips: choose a file, or lay the speech on an audio track below them."
        )
    if found["document"] is None:
        raise HostError("NoDocument", "This Resolve does not export OpenTimelineIO: choose the clips in the page instead.")
    project = open_project(editor).GetUniqueId()
    held = tuple(item["id"] for item in found["items"] if item["kind"] == "picture" and item["needs_host_export"])
    wanted = [item["id"] for item in found["items"] if item["id"] not in held and (item["kind"] == "picture" or not speech)]
    selection: dict[str, Any] = {"ids": wanted, "project": project, "sequence": found["sequence"]["id"]}
    body = {
        "document": found["document"],
        "name": found["sequence"]["name"],
        "settings": _SETTINGS,
        "laying": choices.laying(),
        "origin": {"kind": "host", "host": host_id, "project": project},
        "selection": selection,
    }
    if speech:
        selection["speech"] = speech
        selection["speech_from"] = "clip"
    return Order(body=body, items=tuple(found["items"]), held=held)


def offer(given: Order, answer: dict[str, Any] | None) -> Offer | None:
    """What Resolve has to export so that the clips left over can be rendered too; None = nothing that it could help with.

    `answer` is the server's; None = it was not asked, since no clip is left that it could read. A sound that only Resolve can play
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


def as_it_is_now(editor: Editor, given: Offer) -> Offer:
    """The same offer with the timeline as it is now: clips may have been trimmed since. Raises: HostError — it is gone."""
    selection = given.order.body["selection"]
    timeline = timeline_by_id(open_project(editor, selection["project"]), selection["sequence"])
    written = document.exported(editor, timeline)
    if written is None:
        raise HostError("NoDocument", "Resolve did not write the timeline: try again.")
    return replace(given, order=replace(given.order, body={**given.order.body, "document": written}))


def with_exports(given: Order, ids: list[str]) -> Order:
    return replace(given, body={**given.body, "exports": ids}, held=())


def left_to_resolve(given: Order) -> str:
    """Why the server was not asked."""
    whys = [f"{item['name']}: {item['needs_host_export']}" for item in given.items if item["id"] in given.held]
    return "Nothing can be rendered yet. " + " ".join(whys)


def outcome(answer: dict[str, Any]) -> str:
    """What became of it, in a sentence."""
    shots = answer["conformed"]["shots"]
    failed = [shot for shot in shots if shot.get("error") or (shot.get("needs_host_export") and shot.get("shot") is None)]
    wrong = [f"{shot['clip']}: {shot.get('error') or shot['needs_host_export']}" for shot in failed]
    if answer.get("job") is None:
        return "Nothing can be rendered. " + " ".join(wrong or [skipped["why"] for skipped in answer["conformed"].get("skipped", [])])
    count = answer["job"]["job"]["shots_total"]
    return " ".join([f"{count} {'clip is' if count == 1 else 'clips are'} being rendered.", *wrong])
