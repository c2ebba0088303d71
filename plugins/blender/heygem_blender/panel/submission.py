"""Rendering what is selected straight from the side bar, with the settings that takes in a sequencer want."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from heygem_host.choices import Choices
from heygem_host.errors import HostError
from heygem_host.render_request import Offer, Order

from .. import identity
from ..timeline import document
from ..timeline.selection import read_selection

SETTINGS = {"fit": "hold", "sound": "none", "format": "prores"}  # the sound that is heard lies on its own strip


def order(host_id: str, speech: str | None, choices: Choices, face: int | None) -> Order:
    """What is selected now. Raises: HostError — nothing is selected, or nothing is said."""
    found = read_selection()
    if found["sequence"] is None:
        raise HostError("NoTimeline", "panel.blender-no-strips")
    pictures = [item for item in found["items"] if item["kind"] == "picture"]
    if not pictures:
        raise HostError("NothingSelected", "panel.blender-nothing-selected")
    if len(pictures) == len(found["items"]) and not speech:
        raise HostError("NoSpeech", "panel.blender-no-speech")
    project = identity.project()
    held = tuple(item["id"] for item in pictures if item["needs_host_export"])
    wanted = [item["id"] for item in found["items"] if item["id"] not in held and (item["kind"] == "picture" or not speech)]
    selection: dict[str, Any] = {"ids": wanted, "project": project, "sequence": found["sequence"]["id"]}
    if speech:
        selection |= {"speech": speech, "speech_from": "clip"}
    if face is not None:
        selection["faces"] = {item["id"]: face for item in pictures}
    body = {
        "document": found["document"],
        "name": found["sequence"]["name"],
        "settings": SETTINGS,
        "laying": choices.laying(),
        "origin": {"kind": "host", "host": host_id, "project": project},
        "selection": selection,
    }
    return Order(body=body, items=tuple(found["items"]), editor="Blender", held=held)


def as_it_is_now(given: Offer) -> Offer:
    """The same offer with the timeline as it is now: strips may have been trimmed since. Raises: HostError — it is gone."""
    selection = given.order.body["selection"]
    scene = identity.scene_of(selection["project"], selection["sequence"])
    return replace(given, order=replace(given.order, body={**given.order.body, "document": document.written(scene)}))
