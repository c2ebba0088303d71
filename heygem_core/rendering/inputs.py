"""Opens the two files of a shot and finds everything that is wrong with them before any long work."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..cache import fingerprint
from ..errors import BadRange, MediaNotFound, UnreadableMedia
from ..media.info import MediaInfo
from ..media.probe import probe
from ..media.sound import Sound, read_speech
from ..planning.frame_map import TakeFrames, take_frames
from ..shot import RenderSettings, Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The two files of a shot, opened once."""

    info: MediaInfo  # of the picture
    sound: Sound  # the whole speech
    heard_s: Fraction  # seconds from the take's first frame to the end of the speech, or of the part of it that is asked for
    frames: TakeFrames  # which source frames the take is made of
    marks: tuple[str, str]  # fingerprints of picture and speech before they were looked at


def open_inputs(shot: Shot, settings: RenderSettings) -> Inputs:
    """Probes the picture, reads the speech and maps the frames of the take. Raises: InputError."""
    marks = _mark(shot.video), _mark(shot.speech)
    info = probe(shot.video, deinterlace=settings.deinterlace)
    sound = read_speech(shot.speech, channels=shot.speech_channels)
    heard_s = _heard_s(shot, sound)
    frames = take_frames(info, shot.start, shot.end_exclusive, heard_s, settings.fit, shot.speed)
    return Inputs(info=info, sound=sound, heard_s=heard_s, frames=frames, marks=marks)


def _mark(path: str) -> str:
    """The fingerprint of a file; empty where it is not there: opening it gives the better sentence."""
    try:
        return fingerprint(path)
    except MediaNotFound:
        return ""


def refuse_changed(shot: Shot, inputs: Inputs) -> None:
    """Makes sure that both files are still those that were opened: results are cached by fingerprint.

    Raises: UnreadableMedia — a file changed since.
    """
    for path, mark in zip((shot.video, shot.speech), inputs.marks, strict=True):
        if _mark(path) != mark:
            raise UnreadableMedia("media.changed", file=Path(path).name)


def _heard_s(shot: Shot, sound: Sound) -> Fraction:
    """Raises: BadRange."""
    if shot.speech_start >= sound.duration:
        raise BadRange("speech.starts-after-end", start_s=float(shot.speech_start), speech_s=f"{float(sound.duration):.2f}")
    end = sound.duration if shot.speech_end is None else min(shot.speech_end, sound.duration)
    if end <= 0:
        raise BadRange("speech.ends-before-start", end_s=float(end))
    return end - shot.speech_start
