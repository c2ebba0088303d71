"""Which finished takes belong onto the timeline and are not there yet: decided from what the server says, so nothing gets lost meanwhile.

A take counts as dealt with once this editor told the server that it placed it (or once it placed another version of the shot
and the person chose to keep that), even if somebody removed it from the timeline since: it never comes back by itself.
How a take is placed (file, frames, speech) is the server's to say; here it is only decided whether it is placed or switched to.
"""

from __future__ import annotations

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


def call_for(
    take: dict[str, Any], placing: dict[str, Any], project: str, versions: list[dict[str, Any]], host: str
) -> dict[str, Any] | None:
    """The call that brings a take onto the timeline; None = it belongs to another project.

    `placing` is the server's PlaceParams of the take; `versions` are takes among which the other versions of its shot are.
    """
    if placing["placement"]["project"] != project:
        return None
    another = any(placed_by(other, host) for other in versions if other["shot"] == take["shot"] and other["id"] != take["id"])
    return {"method": "host.switchTake" if another else "host.place", "params": placing}
