"""Tracks of our own: takes and speech go to tracks that carry our name, so that nobody else's clips are ever in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heygem_host.errors import HostError

from . import clips

if TYPE_CHECKING:
    from .. import api

NAMES = {"video": clips.TAKES, "audio": clips.SPEECH}


def free_track(timeline: api.Timeline, kind: str, above: int, start: int, length: int) -> int | None:
    """A track of ours above the track `above` on which nothing lies in the range; None = there is none."""
    for track in range(above + 1, timeline.GetTrackCount(kind) + 1):
        ours = (timeline.GetTrackName(kind, track) or "").startswith(NAMES[kind])
        if ours and not timeline.GetIsTrackLocked(kind, track) and not covered(timeline, kind, track, start, length):
            return track
    return None


def covered(timeline: api.Timeline, kind: str, track: int, start: int, length: int) -> list[str]:
    """Names of the clips of a track that lie at least partly in a range (frames from the timeline's start)."""
    return [
        item.GetName() or "a clip"
        for item in clips.items_in(timeline, kind, track)
        if clips.start_of(timeline, item) < start + length and clips.start_of(timeline, item) + clips.length_of(item) > start
    ]


def new_track(timeline: api.Timeline, kind: str) -> int:
    """On top. Raises: HostError — Resolve refuses."""
    before = timeline.GetTrackCount(kind)
    if kind == "audio":
        timeline.AddTrack("audio", "stereo")  # type: ignore[attr-defined]  # two forms, which one Protocol cannot say
    else:
        timeline.AddTrack("video")  # type: ignore[attr-defined]
    track = timeline.GetTrackCount(kind)
    if track != before + 1:
        raise HostError("NoTrack", "panel.no-video-track" if kind == "video" else "panel.no-audio-track")
    timeline.SetTrackName(kind, track, NAMES[kind])
    return track


def hidden_by(timeline: api.Timeline, clip_track: int, take_track: int, start: int, length: int) -> list[str]:
    """Clips between a clip and its take, which the take now covers: titles, lower thirds."""
    return [name for track in range(clip_track + 1, take_track) for name in covered(timeline, "video", track, start, length)]
