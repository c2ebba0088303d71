"""Rendering what is selected straight from the native window, with the settings that a Resolve timeline wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from heygem_host.choices import Choices
from heygem_host.errors import HostError
from heygem_host.render_request import Offer, Order

from ..editor import Editor, open_project, timeline_by_id
from ..timeline import otio_document
from ..timeline.selection import read_selection

_SETTINGS = {"fit": "hold", "sound": "none", "format": "dnxhr"}  # a file with sound would bring it onto an audio track


def order(editor: Editor, host_id: str, speech: str | None, choices: Choices) -> Order:
    """What is selected now. Raises: HostError — nothing is selected, nothing is said, or this Resolve writes no timelines."""
    found = read_selection(editor)
    if found["sequence"] is None:
        raise HostError("NoTimeline", "panel.no-timeline")
    kinds = [item["kind"] for item in found["items"]]
    if "picture" not in kinds:
        raise HostError("NothingSelected", "panel.nothing-selected")
    if "sound" not in kinds and not speech:
        raise HostError("NoSpeech", "panel.no-speech")
    if found["document"] is None:
        raise HostError("NoDocument", "panel.no-document")
    project = open_project(editor).GetUniqueId()
    held = tuple(item["id"] for item in found["items"] if item["kind"] == "picture" and item["needs_host_export"])
    wanted = [item["id"] for item in found["items"] if item["id"] not in held and (item["kind"] == "picture" or not speech)]
    selection: dict[str, Any] = {"ids": wanted, "project": project, "sequence": found["sequence"]["id"]}
    if found["marks"]:
        selection["ranges"] = [found["marks"]]
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
    return Order(body=body, items=tuple(found["items"]), editor="Resolve", held=held)


def as_it_is_now(editor: Editor, given: Offer) -> Offer:
    """The same offer with the timeline as it is now: clips may have been trimmed since. Raises: HostError — it is gone."""
    selection = given.order.body["selection"]
    timeline = timeline_by_id(open_project(editor, selection["project"]), selection["sequence"])
    written = otio_document.exported(editor, timeline)
    if written is None:
        raise HostError("NoDocument", "panel.document-not-written")
    return replace(given, order=replace(given.order, body={**given.order.body, "document": written}))
