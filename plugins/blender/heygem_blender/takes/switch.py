"""host.switchTake: another version at the place where one lies already. The other versions stay where they are, muted."""

from __future__ import annotations

from typing import Any

from .. import names
from ..timeline import channels, strips
from . import placement


def switch(params: dict[str, Any]) -> dict[str, Any]:
    """One step of undo. Raises: HostError — then nothing has changed."""
    scene = placement.scene_with_sequencer(params["placement"])
    there = placement.find_placed(scene, params["file"])
    placed = placement.result(params, True, there) if there is not None else placement.place_in(scene, params)
    there = placement.find_placed(scene, params["file"])
    hidden = [strip for strip in _others(scene, there) if not strip.mute]
    for strip in hidden:
        strip.mute = True
    shown, there.mute = there.mute, False
    if hidden or shown or not placed["already"]:
        placement.one_step(params)
        placed = {**placed, "already": False}
    return placed


def _others(scene: Any, shown: Any) -> list[Any]:
    """Other takes at the place of one, on channels of ours."""
    return [
        strip
        for strip in names.strips_of(scene)
        if strip.type == "MOVIE"
        and strip != shown
        and channels.is_ours(scene, strip.channel, strips.TAKES)
        and strips.start_of(strip) == strips.start_of(shown)
    ]
