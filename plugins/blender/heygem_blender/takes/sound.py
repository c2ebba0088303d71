"""Speech that came as a file goes to a channel of its own; the old dialogue falls silent if the editor chose so."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

from heygem_host.errors import HostError
from heygem_host.messages import Message, tell

from .. import names
from ..timeline import channels, strips


def place_speech(scene: Any, file: str, start: int, length: int, speech_start: Fraction) -> list[Message]:
    """The stretch of speech that belongs to a take, on a channel of its own; returns notices.

    `speech_start` is the second of the file that is heard at the take's first frame; a negative one begins later. Blender lays sounds at
    whole frames.
    """
    rate = names.rate_of(scene)
    first = round(speech_start * rate)
    if first < 0:
        start, length, first = start - first, length + first, 0
    if length <= 0 or _is_there(scene, file, start, length):
        return []
    if not os.path.exists(file):
        return [tell("panel.speech-not-placed", problem=HostError("FileGone", "panel.file-gone", path=file))]
    try:
        channel = channels.free(scene, strips.SPEECH, 0, start, length)
        made = names.strips(scene).new_sound(
            name=os.path.basename(file), filepath=file, channel=channels.empty(scene), frame_start=start - first
        )
    except (HostError, RuntimeError) as problem:
        return [tell("panel.speech-not-placed", problem=problem)]
    there = int(made.frame_duration) - first  # frames that have sound
    if there <= 0:
        names.strips(scene).remove(made)
        return [tell("panel.speech-ends-early", got=0, wanted=length)]
    made.frame_start = start - first  # a sound whose stream begins late was laid later by as much
    made.frame_offset_start = first
    made.frame_final_duration = min(length, there)
    made.channel = channel
    made.select = False
    seen = [int(made.channel), strips.start_of(made)]
    if seen != [channel, start]:
        names.strips(scene).remove(made)
        wrong = HostError("NotPlaced", "panel.blender-speech-elsewhere", got=seen, wanted=[channel, start])
        return [tell("panel.speech-not-placed", problem=wrong)]
    channels.call(scene, channel, strips.SPEECH)
    return [tell("panel.speech-ends-early", got=there, wanted=length)] if there < length - 1 else []


def _is_there(scene: Any, file: str, start: int, length: int) -> bool:
    """Whether the file sounds there already: placed before, or the very strip that the speech was taken from."""
    return any(
        strips.is_sound(strip) and strips.same_file(strips.path_of(strip), file) and strips.overlaps(strip, start, length)
        for strip in names.strips_of(scene)
    )


def mute(scene: Any, covered: Any, how: str) -> list[Message]:
    """Mutes the sounds that were recorded with a strip, or the channels they lie on; the step of undo that takes the take away unmutes."""
    if covered is None:
        return [tell("panel.nothing-muted")]
    old = strips.own_sound(scene, covered)
    if not old:
        return [tell("panel.nothing-linked")]
    if how == "clip":
        for strip in old:
            strip.mute = True
        return []
    numbers = sorted({strip.channel for strip in old})
    for number in numbers:
        scene.sequence_editor.channels[number].mute = True
    return [tell("panel.track-muted", tracks=[str(scene.sequence_editor.channels[number].name) for number in numbers])]
