"""Which finished takes belong onto the timeline and are not there yet: decided from what the server says, so nothing gets lost meanwhile.

A take counts as dealt with once this editor told the server that it placed it (or once it placed another version of the shot
and the person chose to keep that), even if somebody removed it from the timeline since: it never comes back by itself.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def due(takes: list[dict[str, Any]], host: str) -> list[dict[str, Any]]:
    """The newest version of each shot that this editor has not placed, oldest first."""
    newest: dict[str, dict[str, Any]] = {}
    for take in takes:
        known = newest.get(take["shot"])
        if known is None or take["version"] > known["version"]:
            newest[take["shot"]] = take
    waiting = [take for take in newest.values() if not take.get("missing") and not placed_by(take, host)]
    return sorted(waiting, key=lambda take: take["created"])


def placed_by(take: dict[str, Any], host: str) -> bool:
    return any(placed["host"] == host for placed in take.get("placed") or ())


def request_for(
    take: dict[str, Any], shot: dict[str, Any], project: str, versions: list[dict[str, Any]], host: str, data_folder: str
) -> dict[str, Any] | None:
    """The call that brings a take onto the timeline; None = it is not meant for a timeline of this project.

    Speech that is a file of its own comes along; the panel leaves it out where the timeline has it already.
    """
    spot = shot["request"].get("placement")
    if spot is None or spot["project"] != project:
        return None
    visible = visible_frames(take, spot)
    handles = max(0, spot.get("handles") or 0)
    params = {"take": take["id"], "file": take["path"], "name": take["name"], "placement": spot, "handles": handles, "frames": visible}
    params.update(_speech(shot["request"], take, handles, data_folder))
    if any(placed_by(other, host) for other in versions if other["shot"] == take["shot"]):
        return {"method": "host.switchTake", "params": params}
    return {"method": "host.place", "params": params}


def visible_frames(take: dict[str, Any], spot: dict[str, Any]) -> int:
    """Frames of the file that cover the clip: the clip's length at the file's own rate."""
    rate = Fraction(take["rate"]) if take.get("rate") else Fraction(spot["rate"])
    wanted = Fraction(spot["record_duration"]) * rate / Fraction(spot["rate"])
    return min(int(take["frames"]), -(-wanted.numerator // wanted.denominator))


def _speech(request: dict[str, Any], take: dict[str, Any], handles: int, data_folder: str) -> dict[str, Any]:
    """What the server mixed or keeps for a while lies in its own folder and never belongs on a timeline."""
    path = (request.get("speech") or {}).get("path")
    if not path or path.replace("\\", "/").startswith(data_folder.replace("\\", "/").rstrip("/") + "/"):
        return {}
    rate = Fraction(take.get("rate") or request["placement"]["rate"])
    heard = Fraction(request.get("speech_start") or 0) + handles / rate
    return {"speech": path, "speech_start": f"{heard.numerator}/{heard.denominator}"}
