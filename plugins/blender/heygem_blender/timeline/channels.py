"""Channels of our own: takes and speech go to channels that carry our name, so that nobody else's strips are ever in the way.

Blender moves a strip that overlaps another one of its channel somewhere else, so a channel is looked at before anything is put on it.
"""

from __future__ import annotations

from typing import Any

from heygem_host.errors import HostError

from .. import names
from . import strips


def on(scene: Any, channel: int) -> list[Any]:
    return [strip for strip in names.strips_of(scene) if strip.channel == channel]


def covered(scene: Any, channel: int, start: int, length: int) -> list[Any]:
    """The strips of a channel that lie at least partly in a range."""
    return [strip for strip in on(scene, channel) if strips.overlaps(strip, start, length)]


def is_ours(scene: Any, channel: int, name: str) -> bool:
    return str(scene.sequence_editor.channels[channel].name).startswith(name)


def free(scene: Any, name: str, above: int, start: int, length: int) -> int:
    """A channel of ours above another one on which nothing lies in the range; else the next empty one, which gets our name.

    Raises: HostError — every channel above is in use.
    """
    held = {strip.channel for strip in names.strips_of(scene)}
    every = range(above + 1, names.CHANNELS + 1)
    for channel in every:
        own = is_ours(scene, channel, name) and not _shut(scene, channel)
        if own and not covered(scene, channel, start, length):
            return channel
    for channel in every:
        if channel not in held and not _shut(scene, channel) and not is_other(scene, channel):
            return channel
    raise HostError("NoTrack", "panel.blender-no-channel", above=above)


def is_other(scene: Any, channel: int) -> bool:
    """Whether an empty channel has a name that somebody gave it: it waits for something."""
    return str(scene.sequence_editor.channels[channel].name) != f"Channel {channel}"


def _shut(scene: Any, channel: int) -> bool:
    """Locked, or muted: a take there would not be seen."""
    about = scene.sequence_editor.channels[channel]
    return bool(about.lock or about.mute)


def call(scene: Any, channel: int, name: str) -> None:
    """Gives a channel our name, the first time something is put there."""
    about = scene.sequence_editor.channels[channel]
    if not str(about.name).startswith(name):
        about.name = name


def empty(scene: Any) -> int:
    """A channel without any strip, from the top: what is made there touches nothing. Raises: HostError."""
    held = {strip.channel for strip in names.strips_of(scene)}
    found = next((channel for channel in range(names.CHANNELS, 0, -1) if channel not in held), None)
    if found is None:
        raise HostError("NoTrack", "panel.blender-no-channel", above=0)
    return found
