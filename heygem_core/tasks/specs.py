"""Specs of all tasks that a child process can do: `python -m heygem_core SPEC` runs any of them.

A task prints events (`heygem_core.shot`) and, where it finds something out, one result: the struct that its spec names.
Media is opened nowhere else than in such a task, so a hostile file harms nothing but a child process.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec import field

from ..engines.names import EngineName
from ..messages import Message
from ..shot import DeviceName, Fit, RenderSettings, RenderTask, Shot, Struct


class PlanTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="plan"):
    """Plan a shot once, into the cache. Result: `Planned` or `ToGenerate`."""

    shot: Shot
    settings: RenderSettings = RenderSettings()
    segment_frames: int | None = None  # longest segment; None = the take in one piece
    cache: str | None = None  # cache folder; None = the user's own
    draws_on: DeviceName | None = None  # device of another machine that will draw; None = one of this machine
    hand_out_generation: bool = False  # answer `ToGenerate` where the engine has to generate something first, instead of doing it here


class PlannedSegment(Struct, frozen=True, kw_only=True):
    """One piece of a take, the unit of retry and reuse."""

    start: int  # frame of the take
    end_exclusive: int
    key: str  # hash of all its pixels and sound depend on: equal keys, equal files


class Planned(Struct, frozen=True, kw_only=True, tag_field="answer", tag="planned"):
    """What the plan of a shot says to those who hand out its segments."""

    key: str
    frames: int
    rate: Fraction | None  # frames per second; None = variable
    segments: tuple[PlannedSegment, ...]
    reused_tracks: bool  # the face tracks were there already
    reused_motion: bool  # the speech had been listened to already
    reused_plan: bool
    transparent: bool = False  # the source has an alpha, so a format without one cannot hold the take
    device: DeviceName | None = (
        None  # that the plan is made for: all its segments are drawn on one of that kind; None = of an earlier version
    )
    engine: EngineName | None = None  # that the plan is made for, where “auto” was asked for: no later task decides that again
    chosen: Message | None = None  # why it is that one
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()  # the same with their codes


class ToGenerate(Struct, frozen=True, kw_only=True, tag_field="answer", tag="to-generate"):
    """What has to be generated before the shot can be planned, a `GenerateTask` for each range; then the shot is planned again."""

    ranges: tuple[tuple[int, int], ...]  # frames of the take, ends exclusive
    device: DeviceName | None = None  # as of `Planned`
    engine: EngineName | None = None
    chosen: Message | None = None


class GenerateTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="generate"):
    """Make an engine's costly blocks of a range of the take, into the cache; those that are there already stay."""

    shot: Shot
    settings: RenderSettings = RenderSettings()
    start: int  # frame of the take
    end_exclusive: int
    cache: str | None = None  # cache folder; None = the user's own


class JoinTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="join"):
    """Put the segments of a take together by packet copy, check the result and write its report."""

    shot: Shot
    settings: RenderSettings = RenderSettings()
    pieces: tuple[str, ...]  # paths of the segments in order
    output: str
    plan: str | None = None  # key of the plan that the segments belong to: other files are refused; None = whatever the files give
    cache: str | None = None
    chosen: Message | None = None  # why the engine is that one, as of `Planned`


class ProbeTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="probe"):
    """Say what a media file is. Result: `Probed`."""

    path: str


class Probed(Struct, frozen=True, kw_only=True, tag_field="answer", tag="probed"):
    """Facts of a media file, as people and pages want them. Unknown is None."""

    kind: str  # "video", "still" or "sound"
    width: int | None = None  # pixels upright on screen
    height: int | None = None
    rate: Fraction | None = None  # frames per second; None = variable or none
    frames: int | None = None
    duration_s: float | None = None
    start_timecode: str | None = None
    codec: str | None = None
    bit_depth: int | None = None
    colour: str | None = None  # in words: "BT.709", "BT.2020 PQ" …
    sound_channels: int | None = None  # None = no sound
    sound_rate: int | None = None  # Hz
    sound_streams: tuple[int, ...] = ()  # how many channels each stream of sound has, in the file's order; 0 = it does not say
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()  # the same with their codes


class PosterTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="poster"):
    """Write one frame as a JPEG."""

    path: str
    output: str
    frame: int | None = None  # None = one from the middle
    longest_side: int = 480  # pixels


class SheetTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="contact-sheet"):
    """Write frames of a take beside those of its source, as one JPEG."""

    source: str
    take: str
    output: str


class FacesTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="faces"):
    """Find the people of a clip, numbered as reports number them. Result: `FacesFound`."""

    path: str
    start: int = 0
    end_exclusive: int | None = None
    cache: str | None = None


class FaceFound(Struct, frozen=True, kw_only=True):
    """One person of a clip, outlined where they are seen best."""

    number: int  # from 1, the most prominent first
    frame: int  # of the clip, where the box was taken
    box: tuple[float, float, float, float]  # left, top, right, bottom as shares (0–1) of the upright picture
    usable_share: float  # of the frames (0–1)


class FacesFound(Struct, frozen=True, kw_only=True, tag_field="answer", tag="faces-found"):
    """The people of a clip."""

    faces: tuple[FaceFound, ...]
    width: int
    height: int


class WaveformTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="waveform"):
    """Measure how loud a file is over time. Result: `Waveform`."""

    path: str
    points: int = 1000
    channels: tuple[int, ...] = ()  # that are heard, see `Shot.speech_channels`


class Waveform(Struct, frozen=True, kw_only=True, tag_field="answer", tag="waveform-found"):
    """Peaks (0–1) of equal stretches of a sound."""

    duration_s: float
    peaks: tuple[float, ...]


class ProxyTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="proxy"):
    """Write a small video that every browser plays, frame for frame as the original, or as a take plays it."""

    path: str
    output: str  # .mp4
    longest_side: int = 1280  # pixels
    start: int = 0
    end_exclusive: int | None = None
    speed: Fraction = field(default_factory=lambda: Fraction(1))  # these five as in the shot and settings of a take that it is shown beside
    shows: tuple[int, ...] = ()
    fit: Fit = "none"
    deinterlace: bool = False
    frames: int | None = None  # of that take; None = all of the range, once
    channels: tuple[int, ...] = ()  # of its sound that are heard, see `Shot.speech_channels`


class MeasureTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="measure"):
    """Look at a finished take again; figures and weak frames go into its report."""

    take: str
    source: str | None = None  # the footage; None = as the report says
    cache: str | None = None


Task = (
    RenderTask
    | PlanTask
    | GenerateTask
    | JoinTask
    | ProbeTask
    | PosterTask
    | SheetTask
    | FacesTask
    | WaveformTask
    | ProxyTask
    | MeasureTask
)
TaskResult = Planned | ToGenerate | Probed | FacesFound | Waveform
