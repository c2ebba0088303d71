"""Opens the two files of a shot and finds everything that is wrong with them before any long work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..errors import BadRange, MediaNotFound, UnreadableMedia
from ..media.content import samples_digest, state_of
from ..media.holdout import Holdout, open_holdout
from ..media.info import MediaInfo
from ..media.probe import probe, probe_sound
from ..media.sound import Sound, read_speech, tracks_of_sound
from ..planning.frame_map import TakeFrames, end_of, picture_lasts, take_frames
from ..shot import RenderSettings, Shot
from ..storage.artefacts import FileState
from ..storage.cache import key_of

CONTEXT_S = 8  # of the speech before and after what is seen of it: the voice's level, the background and the model's own view need it


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The two files of a shot, opened once."""

    info: MediaInfo  # of the picture
    sound: Sound  # of the speech: what the take needs of it, with its context
    heard_s: Fraction  # seconds from the take's first frame to the end of the speech, or of the part of it that is asked for
    frames: TakeFrames  # which source frames the take is made of
    said: str  # digest of what is heard of the speech
    speech_state: FileState  # of its file, before it was read
    holdout: Holdout | None = None  # a matte of what lies before the face


def open_inputs(shot: Shot, settings: RenderSettings) -> Inputs:
    """Probes the picture, reads what is needed of the speech and maps the frames of the take. Raises: InputError."""
    info = probe(shot.video, deinterlace=settings.deinterlace)
    state, sound, heard_s = _listen(shot, settings, info)
    frames = take_frames(info, shot.start, shot.end_exclusive, heard_s, settings.fit, shot.speed, shot.shows)
    said, holdout = _said(shot, sound, heard_s), holdout_of(shot, settings, info)
    return Inputs(info=info, sound=sound, heard_s=heard_s, frames=frames, said=said, speech_state=state, holdout=holdout)


def holdout_of(shot: Shot, settings: RenderSettings, info: MediaInfo) -> Holdout | None:
    """The matte that the settings name. Raises: InputError — there is none, or it does not fit the clip."""
    if settings.holdout is None:
        return None
    return open_holdout(settings.holdout, info, shot.start, end_of(info, shot.start, shot.end_exclusive))


def refuse_other_speech(shot: Shot, settings: RenderSettings, inputs: Inputs) -> None:
    """Makes sure that the speech is still what was opened. Raises: UnreadableMedia — it changed since."""
    if state_of(shot.speech) == inputs.speech_state:
        return
    _, sound, heard_s = _listen(shot, settings, inputs.info)
    if _said(shot, sound, heard_s) != inputs.said:
        raise UnreadableMedia("media.changed", file=Path(shot.speech).name)


def listened_to(shot: Shot, settings: RenderSettings, info: MediaInfo) -> tuple[Fraction, Fraction | None]:
    """The seconds of the speech's file that a take needs, with their context; None = to its end, whose time decides the take's length.

    Whole seconds, so that the hundredths that motion is sampled at stay those of the file. Raises: BadRange.
    """
    ends = shot.speech_end
    picture = None if settings.fit == "loop" else picture_lasts(info, shot.start, shot.end_exclusive, shot.speed, shot.shows)
    if picture is not None:
        lasts, frame = picture
        seen = shot.speech_start + lasts + frame  # speech that is longer by more than a frame may be an error: that much is read
        ends = seen if ends is None else min(ends, seen)
    first = Fraction(max(0, math.floor(shot.speech_start - CONTEXT_S)))
    return first, None if ends is None else max(first, Fraction(math.ceil(ends + CONTEXT_S)))


def _listen(shot: Shot, settings: RenderSettings, info: MediaInfo) -> tuple[FileState, Sound, Fraction]:
    """The state of the speech's file before it is read, what is needed of it, and how long it lasts from the take's first frame on."""
    first, last = listened_to(shot, settings, info)
    try:
        state = state_of(shot.speech)
    except MediaNotFound:
        read_speech(shot.speech)  # has the better sentence
        raise
    sound = read_speech(shot.speech, first, last, channels=shot.speech_channels)
    return state, sound, _heard_s(shot, sound, last)


def _said(shot: Shot, sound: Sound, heard_s: Fraction) -> str:
    """Digest of what is heard, and of what notices say about it."""
    return key_of(samples_digest(sound), sound.start_s, sound.clipped, heard_s, len(tracks_of_sound(shot.speech)))


def _heard_s(shot: Shot, sound: Sound, read_to: Fraction | None) -> Fraction:
    """Seconds of the speech from the take's first frame on. Raises: BadRange."""
    ends = sound.start_s + sound.duration
    if not len(sound.samples):  # it ends before what was asked for
        ends = probe_sound(shot.speech).duration or ends
    elif read_to is not None and ends >= read_to:  # it goes on: as long as the file says
        ends = max(ends, probe_sound(shot.speech).duration or ends)
    if shot.speech_start >= ends or not len(sound.samples):
        raise BadRange("speech.starts-after-end", start_s=float(shot.speech_start), speech_s=f"{float(ends):.2f}")
    end = ends if shot.speech_end is None else min(shot.speech_end, ends)
    if end <= 0:
        raise BadRange("speech.ends-before-start", end_s=float(end))
    return end - shot.speech_start
