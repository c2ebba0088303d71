"""Speech that came as a file goes to an audio track of its own; the old dialogue falls silent if the editor chose so."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from heygem_host import timecode
from heygem_host.errors import HostError
from heygem_host.messages import Message, tell

from ..timeline import clips, tracks
from . import append, media_bin

if TYPE_CHECKING:
    from .. import api


def place_speech(
    media_pool: api.MediaPool, timeline: api.Timeline, file: str, start: int, length: int, speech_start: Fraction
) -> list[Message]:
    """The stretch of speech that belongs to a take, below it; returns notices. Sound is cut at whole frames of the timeline.

    `speech_start` is the second of the file that is heard at the take's first frame; a negative one begins later.
    """
    rate = timecode.exact(timeline.GetSetting("timelineFrameRate"))
    first = round(speech_start * rate)
    if first < 0:
        start, length, first = start - first, length + first, 0
    if length <= 0 or _is_there(timeline, file, start, length):
        return []
    try:
        media = media_bin.imported(media_pool, timeline, file)
        track = tracks.free_track(timeline, "audio", 0, start, length) or tracks.new_track(timeline, "audio")
        item = append.append(media_pool, timeline, "audio", track, media, start, first, length, None)
    except HostError as problem:
        return [tell("panel.speech-not-placed", problem=problem)]
    if clips.length_of(item) not in (length, length - 1, length + 1):
        return [tell("panel.speech-ends-early", got=clips.length_of(item), wanted=length)]
    return []


def _is_there(timeline: api.Timeline, file: str, start: int, length: int) -> bool:
    """Whether the file sounds there already: placed before, or the very clip that the speech was taken from."""
    return any(
        clips.same_file(clips.path_of(item), file)
        and clips.start_of(timeline, item) < start + length
        and clips.start_of(timeline, item) + clips.length_of(item) > start
        for _, item in clips.all_items(timeline, "audio")
    )


def mute(timeline: api.Timeline, covered: Any, how: str) -> list[Message]:
    """Switches off the sound linked to a clip, or the tracks it lies on; both are one click (or one undo) away from sounding again."""
    if covered is None:
        return [tell("panel.nothing-muted")]
    linked = {item.GetUniqueId() for item in covered.GetLinkedItems() or []}
    old = [(track, item) for track, item in clips.all_items(timeline, "audio") if item.GetUniqueId() in linked]
    if not old:
        return [tell("panel.nothing-linked")]
    if how == "clip":
        for _, item in old:
            item.SetClipEnabled(False)
        failed = [item for _, item in old if item.GetClipEnabled()]
        return [tell("panel.sound-not-disabled")] if failed else []
    tracks_of_it = sorted({track for track, _ in old})
    for track in tracks_of_it:
        timeline.SetTrackEnable("audio", track, False)
    names = [timeline.GetTrackName("audio", track) or f"A{track}" for track in tracks_of_it]
    if any(timeline.GetIsTrackEnabled("audio", track) for track in tracks_of_it):
        return [tell("panel.mute-not-confirmed", tracks=names)]
    return [tell("panel.track-muted", tracks=names)]
