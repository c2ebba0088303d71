"""What is heard in a take: the new speech, the source's own sound, one of each, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import NoSound, UnsupportedMedia
from ..media.sound import heard_of, take_layout, take_sound, tracks_of_sound
from ..media.sound_tracks import SoundTrack
from ..messages import Message, tell

if TYPE_CHECKING:
    from ..media.info import MediaInfo
    from ..media.take_timing import TakeTiming
    from ..shot import RenderSettings, Shot


def take_sounds(
    shot: Shot, settings: RenderSettings, info: MediaInfo, frames: NDArray[np.int64], timing: TakeTiming
) -> tuple[SoundTrack, ...]:
    """The streams for a whole take of these source frames (n,). Raises: NoSound, UnsupportedMedia — see `check_sound`."""
    check_sound(shot, settings, info, frames)
    tracks = []
    if settings.sound in ("speech", "both"):
        chosen = shot.speech_channels
        samples = take_sound(shot.speech, shot.speech_start, timing.duration, end_s=shot.speech_end, channels=chosen)
        tracks.append(SoundTrack(samples=samples, layout=take_layout(shot.speech, chosen), title="New speech"))
    if settings.sound in ("source", "both"):
        own = _own_tracks(shot, info)
        for number, chosen in enumerate(own, 1):
            samples = take_sound(info.path, info.time_of(int(frames[0])), timing.duration, channels=chosen)
            title = "Source sound" if len(own) == 1 else f"Source sound {number}"
            tracks.append(SoundTrack(samples=samples, layout=take_layout(info.path, chosen), title=title))
    return tuple(tracks)


def sound_remarks(shot: Shot, settings: RenderSettings, info: MediaInfo) -> Iterator[Message]:
    """What happens to the sounds of a take that somebody may not expect, a message each. Raises: InputError."""
    if settings.sound in ("speech", "both"):
        yield from _folding(shot.speech, shot.speech_channels, "--speech-channel")
    if settings.sound in ("source", "both") and info.sound is not None:
        own = _own_tracks(shot, info)
        for chosen in own:
            yield from _folding(info.path, chosen, "--source-channel")
        unreadable = 0 if shot.source_channels else len(tracks_of_sound(info.path)) - len(own)
        if unreadable:
            yield tell("sound.tracks-left-out", file=info.path.name, tracks=unreadable)


def check_sound(shot: Shot, settings: RenderSettings, info: MediaInfo, frames: NDArray[np.int64]) -> None:
    """Raises: NoSound — the source's sound is wanted and it has none; UnsupportedMedia — it cannot follow the picture; BadRange — it has
    not the channels that were chosen; UnreadableMedia — none of its streams says how many channels it has."""
    if settings.sound not in ("source", "both"):
        return
    if info.sound is None:
        raise NoSound("sound.no-own", file=info.path.name)
    if (np.diff(frames) != 1).any():
        raise UnsupportedMedia("sound.other-speed", file=info.path.name)
    for chosen in _own_tracks(shot, info) or ((),):
        heard_of(info.path, chosen)


def _own_tracks(shot: Shot, info: MediaInfo) -> tuple[tuple[int, ...], ...]:
    """The channels of each stream that a take has of the source's sound: all that can be read, or one of those that were chosen."""
    return (shot.source_channels,) if shot.source_channels else tuple(each for each in tracks_of_sound(info.path) if each)


def _folding(path: str | Path, chosen: tuple[int, ...], option: str) -> Iterator[Message]:
    heard = heard_of(path, chosen)
    if heard.folded:
        yield tell("sound.folded", file=Path(path).name, channels=len(heard.places), layout=heard.layout, option=option)
