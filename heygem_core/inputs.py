"""Opens what a shot is made from and finds everything that is wrong with it before any long work."""

from __future__ import annotations

from dataclasses import dataclass

from .media.info import MediaInfo
from .media.probe import probe
from .media.sound import Sound, read_speech
from .shot import RenderSettings, Shot
from .timeline import TakeFrames, take_frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The two files of a shot, looked at once."""

    info: MediaInfo  # of the picture
    sound: Sound  # the speech
    frames: TakeFrames  # which source frames the take is made of


def open_inputs(shot: Shot, settings: RenderSettings) -> Inputs:
    """Probes the picture, reads the speech and lays one on the other. Raises: InputError."""
    info = probe(shot.video)
    sound = read_speech(shot.speech)
    return Inputs(info=info, sound=sound, frames=take_frames(info, shot.start, shot.end_exclusive, sound.duration, settings.fit))
