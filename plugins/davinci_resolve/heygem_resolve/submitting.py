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
    selection: dict[str, Any] = {"ids": [item["id"] for item in found["items"]], "project": project, "sequence": found["sequence"]["id"]}
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
        selection["ids"] = [item["id"] for item in found["items"] if item["kind"] == "picture"]
        selection["speech_from"] = "clip"
    return Order(body=body, items=tuple(found["items"]))


def offer(given: Order, answer: dict[str, Any]) -> Offer | None:
    """What Resolve has to export so that the clips left over can be rendered too; None = nothing that it could help with.

    A sound that only Resolve can play is missing under every clip that was left over, so all of them are asked for again.
    """
    if given.body.get("exports"):
        return None
    chosen = set(given.body["selection"]["ids"])
    left = [shot for shot in answer["conformed"]["shots"] if shot.get("shot") is None]
    pictures = tuple(dict.fromkeys(_clip_of(shot) for shot in left if shot.get("needs_host_export")))
    sounds = tuple(
        item["id"] for item in given.items if item["kind"] == "sound" and item["id"] in chosen and item.get("needs_host_export") and left
    )
    if not pictures and not sounds:
        return None
    again = {_clip_of(shot) for shot in left} if sounds else set(pictures)
    kept = [item["id"] for item in given.items if item["id"] in chosen and (item["kind"] == "sound" or item["id"] in again)]
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
    return replace(given, body={**given.body, "exports": ids})


def outcome(answer: dict[str, Any]) -> str:
    """What became of it, in a sentence."""
    shots = answer["conformed"]["shots"]
    failed = [shot for shot in shots if shot.get("error") or (shot.get("needs_host_export") and shot.get("shot") is None)]
    wrong = [f"{shot['clip']}: {shot.get('error') or shot['needs_host_export']}" for shot in failed]
    if answer.get("job") is None:
        return "Nothing can be rendered. " + " ".join(wrong or [skipped["why"] for skipped in answer["conformed"].get("skipped", [])])
    count = answer["job"]["job"]["shots_total"]
    return f"{count} {'clip is' if count == 1 else 'clips are'} being rendered. " + " ".join(wrong)
