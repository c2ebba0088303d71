"""What is heard in a take: the new speech, the source's own sound, one of each, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import NoSound, UnsupportedMedia
from ..media.sound import take_layout, take_sound
from ..media.sound_tracks import SoundTrack

if TYPE_CHECKING:
    from ..media.info import MediaInfo
    from ..media.take_timing import TakeTiming
    from ..shot import RenderSettings, Shot


def take_sounds(
    shot: Shot, settings: RenderSettings, info: MediaInfo, frames: NDArray[np.int64], timing: TakeTiming
) -> tuple[SoundTrack, ...]:
    """The streams for a whole take of these source frames (n,). Raises: NoSound, UnsupportedMedia — see `check_sound`."""
    check_sound(settings, info, frames)
    tracks = []
    if settings.sound in ("speech", "both"):
        samples = take_sound(shot.speech, shot.speech_start, timing.duration, end_s=shot.speech_end)
        tracks.append(SoundTrack(samples=samples, layout=take_layout(shot.speech), title="New speech"))
    if settings.sound in ("source", "both"):
        samples = take_sound(info.path, info.time_of(int(frames[0])), timing.duration)
        tracks.append(SoundTrack(samples=samples, layout=take_layout(info.path), title="Source sound"))
    return tuple(tracks)


def check_sound(settings: RenderSettings, info: MediaInfo, frames: NDArray[np.int64]) -> None:
    """Raises: NoSound — the source's sound is wanted and it has none; UnsupportedMedia — it cannot follow the picture."""
    if settings.sound not in ("source", "both"):
        return
    if info.sound is None:
        raise NoSound("sound.no-own", file=info.path.name)
    if (np.diff(frames) != 1).any():
        raise UnsupportedMedia("sound.other-speed", file=info.path.name)
