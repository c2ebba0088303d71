"""Requests and results of conforming and publishing a timeline, as structs that travel as JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from msgspec import field

from heygem_core.errors import SpecError
from heygem_core.media import timecode
from heygem_core.messages import Message
from heygem_core.options import check_limits, option
from heygem_core.shot import MOST_CHANNELS, RenderSettings, Shot, SpeechPiece, Struct

from ..wire import Placement

PublishMode = Literal["references", "track", "both"]
"""references: each take is a further media reference of its clip, and the active one. track: each take is a clip on a new
track above, the original stays as it is. both: on the track above, and as a reference that can be switched to."""
PUBLISH_MODE: PublishMode = "references"  # where nobody says which


class Selection(Struct, frozen=True, kw_only=True):
    """Which clips become shots, and what they say. Without ids, tracks and ranges: every picture that speech lies under."""

    ids: tuple[str, ...] = ()  # the host's ids (metadata.heygem.id) of clips, pictures and speech alike
    tracks: Annotated[
        tuple[str, ...],
        option(
            "video track to render, by name or number, such as V2 or 2 (default: all that speech lies under)", flag="--track", metavar="V"
        ),
    ] = ()
    speech_tracks: Annotated[
        tuple[str, ...], option("audio track with the new speech, by name or number, such as A2 or 2", flag="--speech-track", metavar="A")
    ] = ()
    ranges: Annotated[
        tuple[tuple[int, int], ...],
        option("only these frames of the timeline, ends not included; clips are cut to them", flag="--range", metavar="IN-OUT"),
    ] = ()
    markers: Annotated[str | None, option("only within markers of this name that have a length", flag="--markers", metavar="NAME")] = None
    speech: Annotated[str | None, option("one sound file instead of a track", flag="--speech", metavar="FILE")] = None
    speech_from: Annotated[
        Literal["timeline", "clip"],
        option("where that file begins: at the timeline's first frame, or anew at each clip", flag="--speech-from"),
    ] = "timeline"
    speech_channels: Annotated[
        tuple[int, ...],
        option(
            "channel of --speech that is heard, counted from 1 through all its tracks of sound; may be repeated (default: all channels of "
            "its first or default track)",
            flag="--speech-channel",
            metavar="N",
        ),
    ] = ()
    faces: dict[str, int] = field(default_factory=dict)  # `TimelineShot.key` → which face of the clip speaks; absent = the one that does
    handles: Annotated[
        int,
        option(
            "further frames of the timeline on both sides of each take, as far as the media go",
            flag="--handles",
            metavar="N",
            limits=(0, 10_000),
            unit="frames",
        ),
    ] = 0
    project: str = ""  # the host's ids, for the placements
    sequence: str | None = None  # None = the timeline's name

    def __post_init__(self) -> None:
        check_limits(self)
        if any(not 0 <= start < end for start, end in self.ranges):
            raise SpecError("timeline.marked-range-empty")
        if self.speech_channels and min(self.speech_channels) < 1:
            raise SpecError("shot.channel-number", channel=min(self.speech_channels))
        if len(self.speech_channels) > MOST_CHANNELS:
            raise SpecError("shot.channels-too-many", most=MOST_CHANNELS)


class Sequence(Struct, frozen=True, kw_only=True):
    """The timeline itself."""

    name: str
    rate: Fraction
    start_frame: int  # number that its first frame carries as timecode
    drop_frame: bool

    def timecode(self, frame: int) -> str:
        """Of a record frame. A timeline that begins before 00:00:00:00 shows the hours of the day before."""
        drop = self.drop_frame and timecode.may_drop(self.rate)
        position = self.start_frame + frame
        count = max(position, 0) if drop else position % timecode.frames_per_day(self.rate, drop=False)
        return timecode.format(count, self.rate, drop=drop)


class TimelineShot(Struct, frozen=True, kw_only=True):
    """One clip of the timeline: a shot, or why there is none."""

    clip: str  # its name
    key: str  # the host's id of it, or one made from its place
    where: tuple[int, ...]  # indexes from the timeline's tracks down to it
    timecode_in: str  # record timecodes of what shows of it, end exclusive
    timecode_out: str
    placement: Placement
    shot: Shot | None = None  # its speech is a path even where `mix` says that the file has to be made first
    mix: tuple[SpeechPiece, ...] = ()  # several stretches of speech, to be mixed into one file
    pictures: Pictures | None = None  # the clip's media are these: the shot's video is the first of them until they are made into one file
    take_seconds: Fraction | None = None  # length of the take, handles included
    take_rate: Fraction | None = None  # None = variable
    handles_before: int = 0  # frames of the take before the first that shows
    handles_after: int = 0
    offset_s: Fraction = field(default_factory=Fraction)  # second of the take that stands at the clip's in point
    source_start_s: Fraction = field(default_factory=Fraction)  # the in point as the timeline counts the media's time
    start_timecode: str | None = None  # of the media's first frame
    media_frames: int | None = None
    covers_part: bool = False  # of the clip that the placement names: what is done to all of that clip is too much
    not_a_reference: str | None = None  # why its take goes on a track above instead
    not_above: str | None = None  # why its take becomes a reference instead
    versions: tuple[str, ...] = ()  # takes of it that the timeline holds already
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()  # these, and what ends in _message, say the same with codes
    needs_host_export: str | None = None  # why only an editor can play it
    needs_host_export_message: Message | None = None
    not_above_message: Message | None = None
    error: str | None = None  # why nothing can be done with it
    error_message: Message | None = None


class Skipped(Struct, frozen=True, kw_only=True):
    """A clip that was not chosen for a reason that may surprise."""

    clip: str
    timecode: str
    why: str
    why_message: Message | None = None


class Cue(Struct, frozen=True, kw_only=True):
    """A line of a cue sheet. Times are seconds from the timeline's first frame."""

    number: str  # as the sheet calls it
    start: Fraction
    end: Fraction | None = None  # None = when its file ends
    file: str
    source: Fraction = field(default_factory=Fraction)  # second of the file
    file_s: Fraction | None = None  # length of the file
    file_start_s: Fraction | None = None  # time of day of its first sample, where it says so
    character: str = ""
    off_screen: bool = False  # who speaks is not seen: the picture stays as it is


class Conformed(Struct, frozen=True, kw_only=True, tag_field="event", tag="conformed"):
    """A timeline as shots. Clips that failed are among `shots`, with their `error`."""

    sequence: Sequence
    shots: tuple[TimelineShot, ...]
    skipped: tuple[Skipped, ...] = ()
    cues: tuple[Cue, ...] = ()  # the lines of the cue sheet, as they lie under it
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()


class MediaFacts(Struct, frozen=True, kw_only=True):
    """What conforming needs to know of a media file."""

    kind: Literal["video", "still", "sound"]
    rate: Fraction | None = None  # nominal frames per second
    frames: int | None = None
    duration_s: Fraction | None = None
    start_timecode: str | None = None
    sound: bool = False
    sound_tracks: tuple[int, ...] = ()  # channels of each of its tracks of sound; empty = not known
    sound_start_s: Fraction | None = None  # time of day of the first sample, where a sound file says so
    frame_times: tuple[Fraction, ...] | None = None  # s of each frame, where they do not follow the rate


class Pictures(Struct, frozen=True, kw_only=True):
    """Numbered pictures on this machine that a clip plays as a film."""

    folder: str
    prefix: str
    suffix: str
    digits: int  # numbers with fewer are filled up with zeros
    first: int
    count: int  # frames
    step: int = 1  # each picture stands for so many frames, and numbers go on by as many
    rate: Fraction
    start_timecode: str | None = None  # of the first
    signed_apart: bool = False  # the sign of a number below 0 is no part of its digits


class Exported(Struct, frozen=True, kw_only=True):
    """The file that an editor made of one clip."""

    item: str  # the host's id of the clip
    kind: Literal["picture", "sound"]
    path: str
    handles: int = 0  # frames of the timeline on both sides, as they were asked for
    before: int | None = None  # frames before the clip begins, where the editor says; None = as asked, as far as the timeline goes back


class FinishedTake(Struct, frozen=True, kw_only=True):
    """A rendered take, to be published."""

    shot: TimelineShot
    path: str
    take: str  # id
    job: str | None = None
    version: int = 1
    frames: int
    rate: Fraction
    start_timecode: str | None = None
    settings: dict[str, str | int | float | bool | None] = field(default_factory=dict)


def simple_settings(settings: RenderSettings) -> dict[str, str | int | float | bool | None]:
    """Of a `FinishedTake`: settings that are text, numbers or switches."""
    return {name: value for name, value in msgspec.structs.asdict(settings).items() if isinstance(value, (str, int, float, bool))}
