"""host.switchTake: another version at the place where one lies already. The other versions stay where they are, muted."""

from __future__ import annotations

from typing import Any

from heygem_host.messages import tell

from .. import names
from ..timeline import channels, strips
from . import placement


def switch(params: dict[str, Any]) -> dict[str, Any]:
    """One step of undo. Raises: HostError — then nothing has changed."""
    scene = placement.scene_with_sequencer(params["placement"])
    there = placement.find_placed(scene, params["file"])
    if there is None and (params["placement"].get("laying") or {}).get("mode") == "relink":
        take = _take_at(scene, params)
        if take is not None and _relinked(take, params["file"]):
            placement.one_step(params)
            return placement.result(params, False, take, notices=(tell("panel.blender-relinked"),))
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


def _take_at(scene: Any, params: dict[str, Any]) -> Any:
    """The topmost take that lies within the place of the clip and shows: it may have been trimmed."""
    _, start, _ = placement.where_it_goes(scene, params["placement"])
    end = start + params["placement"]["record_duration"]
    takes = [
        strip
        for strip in names.strips_of(scene)
        if strip.type == "MOVIE"
        and not strip.mute
        and channels.is_ours(scene, strip.channel, strips.TAKES)
        and strips.start_of(strip) >= start
        and strips.end_of(strip) <= end
    ]
    return max(takes, key=lambda strip: strip.channel, default=None)


def _relinked(take: Any, file: str) -> bool:
    """The file of a take gives way to another one: what was done to the take stays.

    Only to a file of the same length and rate, so that each frame shows what it showed; else the former file is put back.
    """
    former, before = take.filepath, _seen(take)
    take.filepath = file
    if strips.same_file(strips.path_of(take), file) and _seen(take) == before:
        return True
    take.filepath = former
    return False


def _seen(take: Any) -> tuple[Any, ...]:
    return strips.file_rate(take), take.frame_duration, strips.start_of(take), strips.length_of(take), take.frame_offset_start


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
