"""Rendering what is selected straight from the native window, with the settings that a Resolve timeline wants."""

from __future__ import annotations

from typing import Any

from . import selecting
from .editor import Editor, open_project
from .trouble import HostError

_SETTINGS = {"fit": "hold", "sound": "none", "format": "dnxhr"}  # a file with sound would bring it onto an audio track


def order(editor: Editor, host_id: str, speech: str | None) -> dict[str, Any]:
    """The body of POST /api/v1/timelines. Raises: HostError — nothing is selected, nothing is said, or this Resolve writes no timelines."""
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
        "origin": {"kind": "host", "host": host_id, "project": project},
        "selection": selection,
    }
    if speech:
        selection["speech"] = speech
        selection["ids"] = [item["id"] for item in found["items"] if item["kind"] == "picture"]
        selection["speech_from"] = "clip"
    return body


def outcome(answer: dict[str, Any]) -> str:
    """What became of it, in a sentence."""
    shots = answer["conformed"]["shots"]
    failed = [shot for shot in shots if shot.get("error") or shot.get("needs_host_export")]
    wrong = [f"{shot['clip']}: {shot.get('error') or shot['needs_host_export']}" for shot in failed]
    if answer.get("job") is None:
        return "Nothing can be rendered. " + " ".join(wrong or [skipped["why"] for skipped in answer["conformed"].get("skipped", [])])
    count = answer["job"]["job"]["shots_total"]
    return f"{count} {'clip is' if count == 1 else 'clips are'} being rendered. " + " ".join(wrong)
