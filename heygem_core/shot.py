"""The vocabulary: what a shot, its settings, a render task and a take are, as frozen structs that travel as JSON.

Struct fields are validated when they are decoded *and* when they are built by hand (`__post_init__`), so a shot that
exists is a shot that makes sense. Rates and durations are `fractions.Fraction`, written as "24000/1001" on the wire;
frame numbers count from 0 at the first frame of the file; ranges name whether their end belongs to them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import field

from .engines.names import ENGINE_NAMES, EngineName
from .errors import SpecError
from .face.tracker_names import TRACKER_NAMES, TrackerName
from .media.deliverables import DELIVERABLES, DeliverableName
from .messages import Message
from .options import check_limits, option

SPEC_VERSION = 1
_MOST_FRAMES = 2**53  # what every reader of JSON holds exactly
_MOST_SECONDS = 10_000_000
MOST_CHANNELS = 256
_FRACTION = re.compile(r"\s*[+-]?(\d+(/\d+)?|\d*\.\d+|\d+\.)([eE][+-]?\d{1,2})?\s*", re.ASCII)
_LONGEST_FRACTION = 120  # letters

Fit = Literal["none", "trim", "hold", "loop"]
"""What happens when picture and speech differ in length.

none: the picture's length; an error if the speech is more than one frame longer.
trim: as long as the shorter. hold: the picture's length, speech padded with silence or cut.
loop: the speech's length, picture played forth and back."""

TakeKind = Literal["full", "patch"]
"""full: the whole frame. patch: only what changed, with a soft matte as alpha, to lie above the original."""

Sound = Literal["speech", "source", "both", "none"]
"""The streams of sound in a take: the new speech, the source's own sound, one of each, or none (what a timeline wants)."""

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the vocabulary: immutable, an unknown key is an error. Each class says `frozen` and `kw_only` for itself."""


class Shot(Struct, frozen=True, kw_only=True):
    """One range of one source video plus the speech it must say."""

    video: str  # path of a video or a still
    speech: str  # path of any file with sound
    start: Annotated[int, option("first frame of the range", flag="--in", metavar="IN")] = 0
    end_exclusive: Annotated[int | None, option("one past the last frame", flag="--out", metavar="OUT")] = (
        None  # None = the end of the file
    )
    speech_start: Annotated[
        Fraction,
        option("second of the speech that is heard at the first frame (-1 = it begins a second later)", flag="--speech-in", metavar="S"),
    ] = field(default_factory=Fraction)
    speech_end: Annotated[Fraction | None, option("second of the speech at which it is cut off", flag="--speech-out", metavar="S")] = (
        None  # None = its end
    )
    speech_channels: Annotated[
        tuple[int, ...],
        option(
            "channel of the speech's file that is heard, counted from 1 through all its tracks of sound; may be repeated (default: all "
            "channels of its first or default track)",
            flag="--speech-channel",
            metavar="N",
        ),
    ] = ()
    source_channels: Annotated[
        tuple[int, ...],
        option(
            "channel of the video's own sound, likewise; may be repeated (default: --sound source keeps all tracks)",
            flag="--source-channel",
            metavar="N",
        ),
    ] = ()
    speed: Annotated[
        Fraction, option("of the picture: 2 = twice as fast, every other frame; -1 = backwards", flag="--speed", metavar="X")
    ] = field(default_factory=lambda: Fraction(1))
    shows: tuple[int, ...] = ()  # the source frame at each frame of the take, where no constant speed tells; empty = by range and speed
    keep: Annotated[
        tuple[tuple[int, int], ...], option("leave these source frames alone, ends not included", flag="--keep", metavar="A-B")
    ] = ()
    face: Annotated[
        int | None, option("which face speaks, as the report numbers them from 1 (default: the most prominent)", flag="--face", metavar="N")
    ] = None

    def __post_init__(self) -> None:
        if self.start < 0:
            raise SpecError("shot.start-negative", start=self.start)
        if self.end_exclusive is not None and self.end_exclusive <= self.start:
            raise SpecError("shot.range-empty", end=self.end_exclusive, start=self.start)
        if self.speech_end is not None and self.speech_end <= self.speech_start:
            raise SpecError("shot.speech-empty", end_s=float(self.speech_end))
        if max(self.start, self.end_exclusive or 0, *(end for _, end in self.keep)) > _MOST_FRAMES:
            raise SpecError("shot.frames-too-large", most=_MOST_FRAMES)
        if abs(self.speech_start) > _MOST_SECONDS or (self.speech_end is not None and abs(self.speech_end) > _MOST_SECONDS):
            raise SpecError("shot.seconds-too-large", most=_MOST_SECONDS)
        if self.speed != 1 and not Fraction(1, 100) <= abs(self.speed) <= 100:
            raise SpecError("shot.speed", speed=f"{float(self.speed):.2%}")
        if self.shows and (
            self.speed != 1 or self.end_exclusive is None or not self.start <= min(self.shows) <= max(self.shows) < self.end_exclusive
        ):
            raise SpecError("shot.shows", start=self.start, end=self.end_exclusive)
        for start, end in self.keep:
            if not 0 <= start < end:
                raise SpecError("shot.keep-empty", start=start, end=end)
        lowest = min((*self.speech_channels, *self.source_channels), default=1)
        if lowest < 1:
            raise SpecError("shot.channel-number", channel=lowest)
        if max(len(self.speech_channels), len(self.source_channels)) > MOST_CHANNELS:
            raise SpecError("shot.channels-too-many", most=MOST_CHANNELS)
        if self.face is not None and self.face < 1:
            raise SpecError("shot.face-number", face=self.face)


class SpeechPiece(Struct, frozen=True, kw_only=True):
    """A stretch of one sound file on a common time: several of them are mixed into the speech of one shot."""

    path: str
    start_s: Fraction  # where the stretch begins in the file
    duration_s: Fraction
    at_s: Fraction  # where it is heard, from the take's first frame
    channels: tuple[int, ...] = ()  # see `Shot.speech_channels`

    def __post_init__(self) -> None:
        if self.duration_s <= 0 or self.start_s < 0 or self.at_s < 0:
            raise SpecError("shot.speech-piece-empty")


class RenderSettings(Struct, frozen=True, kw_only=True):
    """How a shot is rendered."""

    engine: Annotated[
        EngineName, option("what draws the mouth; auto = the best one that is here", flag="--engine", choices=ENGINE_NAMES.choices)
    ] = "mesh"
    tracker: Annotated[TrackerName, option("what finds the face", flag="--tracker", choices=TRACKER_NAMES.names)] = "mediapipe"
    device: Annotated[DeviceName, option("where to compute; auto = the best one that works here", flag="--device")] = "auto"
    fit: Annotated[
        Fit,
        option("when lengths differ: fail, cut to the shorter, hold the picture's length, or loop the picture", flag="--fit"),
    ] = "none"
    offset_ms: Annotated[
        float,
        option(
            "move the mouth later (+) or earlier (-), milliseconds",
            flag="--offset",
            metavar="MS",
            limits=(-2000, 2000),
            unit="ms",
            slider=(-500, 500, 5),
        ),
    ] = 0.0
    intensity: Annotated[
        float,
        option("0 = the mouth stays closed, 1 = as spoken, up to 2", flag="--intensity", metavar="X", limits=(0, 2), slider=(0, 2, 0.05)),
    ] = 1.0
    motion: Annotated[
        str, option("the motion model: auto, mel, whisper, or the path of one you trained", flag="--motion", metavar="MODEL")
    ] = "auto"
    speech_encoder: Annotated[
        str | None,
        option(
            "name or path of the motion model's speech encoder (default: where it was found in training)",
            flag="--speech-encoder",
            metavar="NAME|PATH",
        ),
    ] = None
    adaptation: Annotated[
        bool, option("learn how this person talks from the clip's own speech, where there is some", flag="--no-adaptation")
    ] = True
    style_from: Annotated[
        str | None, option("learn how the person talks from this other footage of them", flag="--style-from", metavar="CLIP")
    ] = None
    occlusion: Annotated[
        bool,
        option(
            "find a microphone or a hand that comes before the mouth for a while and keep it whole; weak with what else has the colour of "
            "skin; frames in which most of the mouth is hidden pass through",
            flag="--no-occlusion",
        ),
    ] = True
    holdout: Annotated[
        str | None,
        option(
            "a matte of what lies before the face and stays whole (a microphone, a hand): a grey video or picture, white where it lies, or "
            "one with transparency",
            flag="--holdout",
            metavar="FILE",
        ),
    ] = None
    format: Annotated[
        DeliverableName | None,
        option("how the take is written (default: by the suffix of the output)", flag="--format", choices=DELIVERABLES.names),
    ] = None
    kind: Annotated[
        TakeKind,
        option(
            "the whole frame, or only what changed as a transparent layer for above the original (.mov ProRes 4444 or .mkv)", flag="--kind"
        ),
    ] = "full"
    deinterlace: Annotated[bool, option("make an interlaced video progressive instead of refusing it", flag="--deinterlace")] = False
    sound: Annotated[  # segments carry none: it is put in when they are joined
        Sound,
        option(
            "what is heard: the new speech, the source's own sound, both as separate streams, or none, as timelines want it", flag="--sound"
        ),
    ] = "speech"
    label_synthetic: Annotated[
        bool, option("write into the file that it is synthetic media (IPTC digital source type)", flag="--no-synthetic-label")
    ] = True
    sign_with: Annotated[
        tuple[str, str] | None,
        option(
            "sign the take with this certificate chain and private key (C2PA; .mov, .mp4)",
            flag="--sign-with",
            metavar=("CERT.pem", "KEY.pem"),
        ),
    ] = None

    def __post_init__(self) -> None:
        check_limits(self)


class RenderTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="render"):
    """One render as a file: what `python -m heygem_core SPEC` runs."""

    shot: Shot
    settings: RenderSettings = RenderSettings()
    output: str  # path of the take; its report lies beside it
    matte: str | None = None  # path of a grey video of the matte
    segment: tuple[int, int] | None = None  # render only these frames of the take, end exclusive; None = all
    plan: str | None = None  # key of the plan that it is a part of: other files are refused; None = whatever the files give
    cache: str | None = None  # cache folder; None = the user's own
    version: int = SPEC_VERSION

    def __post_init__(self) -> None:
        if self.version != SPEC_VERSION:
            raise SpecError("spec.version", version=self.version, known=SPEC_VERSION)


Stage = Literal["probe", "track", "speech", "generate", "plan", "render", "measure", "finish"]


class Progress(Struct, frozen=True, kw_only=True, tag_field="event", tag="progress"):
    """Work done so far in one stage of a task."""

    stage: Stage
    done: int  # frames
    total: int | None = None  # frames; None = not known yet
    fps: float | None = None  # frames per second; None until it is stable
    eta_s: float | None = None  # seconds until this stage ends; None until it is stable


class Notice(Struct, frozen=True, kw_only=True, tag_field="event", tag="notice"):
    """Something the user should know that does not stop the render; one sentence."""

    message: str
    code: str | None = None  # of the catalogue in `messages`
    params: dict[str, Any] = {}


class Finished(Struct, frozen=True, kw_only=True, tag_field="event", tag="finished"):
    """The take is at its place."""

    output: str
    report: str | None = None


class Failed(Struct, frozen=True, kw_only=True, tag_field="event", tag="failed"):
    """The task ended without a take. `error` is the class name in `heygem_core.errors`."""

    error: str
    message: str
    exit_code: int
    code: str | None = None  # of the catalogue in `messages`
    params: dict[str, Any] = {}


def notice(said: Message) -> Notice:
    """A message as an event."""
    return Notice(message=said.message, code=said.code, params=said.params)


Event = Progress | Notice | Finished | Failed

_T = TypeVar("_T")


def _encode_other(value: Any) -> Any:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise NotImplementedError(f"{type(value).__name__} has no form on the wire")


def _decode_other(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return _fraction(value)
    raise NotImplementedError(f"{kind.__name__} has no form on the wire")


@lru_cache(maxsize=4096)
def _fraction(text: Any) -> Fraction:
    """Rates and whole seconds come by the thousand in a list of shots, and there are few different ones.

    A stranger's text is looked at first: Python would work out “1e999999999” for as long as it takes.
    """
    if isinstance(text, str) and (len(text) > _LONGEST_FRACTION or not _FRACTION.fullmatch(text)):
        raise ValueError(f"“{text[:40]}” is no number such as 25, 0.5 or 24000/1001")
    return Fraction(text)


def to_json(value: Any) -> bytes:
    """One line of UTF-8 JSON."""
    return msgspec.json.encode(value, enc_hook=_encode_other)


def from_json(text: bytes | str, kind: type[_T]) -> _T:
    """Raises: SpecError — not JSON, an unknown key, or a value out of range."""
    try:
        return msgspec.json.decode(text, type=kind, dec_hook=_decode_other)
    except (msgspec.DecodeError, ValueError, ZeroDivisionError) as error:
        raise SpecError("spec.not-valid", error=error) from error
