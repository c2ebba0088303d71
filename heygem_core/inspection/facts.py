"""Describes a media file for people and pages: container, picture, sound, and notices about them."""

from __future__ import annotations

from collections.abc import Generator

from ..errors import NoPicture
from ..media.colour import ColourTags
from ..media.info import MediaInfo
from ..media.probe import probe, probe_sound
from ..media.sound import tracks_of_sound
from ..messages import Message, tell
from ..shot import Event, Progress
from ..tasks.specs import Probed, ProbeTask

# ITU-T H.273
_PRIMARIES = {1: "BT.709", 5: "BT.601 625", 6: "BT.601 525", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFERS = {8: "linear", 13: "sRGB", 16: "PQ", 18: "HLG"}


def probe_media(task: ProbeTask) -> Generator[Event, None, Probed]:
    """The facts of a file. Raises: MediaNotFound, UnreadableMedia, UnsupportedMedia, NoSound — neither picture nor sound."""
    yield Progress(stage="probe", done=0)
    try:
        info = probe(task.path)
    except NoPicture:
        sound = probe_sound(task.path)
        return Probed(
            kind="sound",
            duration_s=None if sound.duration is None else float(sound.duration),
            codec=sound.codec,
            sound_channels=sound.channels,
            sound_rate=sound.sample_rate,
            sound_streams=_streams(task.path),
        )
    still = info.kind == "still"
    return Probed(
        kind=info.kind,
        width=info.display_size[0],
        height=info.display_size[1],
        rate=None if info.variable else info.rate,
        frames=info.frame_count,
        duration_s=None if still else float(info.duration),
        start_timecode=info.start_timecode,
        codec=info.codec,
        bit_depth=info.bit_depth,
        colour=describe_colour(info.colour),
        sound_channels=info.sound.channels if info.sound else None,
        sound_rate=info.sound.sample_rate if info.sound else None,
        sound_streams=_streams(task.path) if info.sound else (),
        notices=tuple(said.message for said in _notices(info)),
        notice_messages=tuple(_notices(info)),
    )


def _streams(path: str) -> tuple[int, ...]:
    return tuple(len(numbers) for numbers in tracks_of_sound(path))


def describe_colour(tags: ColourTags) -> str | None:
    """The name of the file's colours, such as "BT.2020 PQ"; None = the file does not tell."""
    words = [_PRIMARIES.get(tags.primaries or 0), _TRANSFERS.get(tags.transfer or 0)]
    return " ".join(word for word in words if word) or None


def _notices(info: MediaInfo) -> Generator[Message, None, None]:
    if info.variable:
        yield tell("media.variable-rate")
    if info.missing_frames:
        yield tell("media.breaks-off", missing=info.missing_frames)
    if info.kind == "video" and info.sound is None:
        yield tell("media.no-sound")
