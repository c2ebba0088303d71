"""The vocabulary: what a shot, its settings, a render task and a take are, as frozen structs that travel as JSON.

Struct fields are validated when they are decoded *and* when they are built by hand (`__post_init__`), so a shot that
exists is a shot that makes sense. Rates and durations are `fractions.Fraction`, written as "24000/1001" on the wire;
frame numbers count from 0 at the first frame of the file; ranges name whether their end belongs to them.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import field

from .engines.registry import EngineName
from .errors import SpecError
from .media.deliverables import DeliverableName

SPEC_VERSION = 1
_MOST_FRAMES = 2**53  # what every reader of JSON holds exactly
_MOST_SECONDS = 10_000_000
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
TrackerName = Literal["mediapipe", "face-landmarker", "face-alignment"]


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the vocabulary: immutable, an unknown key is an error. Each class says `frozen` and `kw_only` for itself."""


class Shot(Struct, frozen=True, kw_only=True):
    """One range of one source video plus the speech it must say."""

    video: str  # path of a video or a still
    speech: str  # path of any file with sound
    start: int = 0  # first frame of the range
    end_exclusive: int | None = None  # one past the last frame; None = the end of the file
    speech_start: Fraction = field(default_factory=Fraction)  # second of the speech heard at the take's first frame; negative = later
    speech_end: Fraction | None = None  # second of the speech at which it is cut off; None = its end
    speed: Fraction = field(default_factory=lambda: Fraction(1))  # of the picture: 2 = every other frame, negative = from the end back
    keep: tuple[tuple[int, int], ...] = ()  # source frames that stay as they are, ends exclusive ("no lip-sync here")
    face: int | None = None  # which face, numbered from 1 as the report lists them; None = the most prominent one

    def __post_init__(self) -> None:
        if self.start < 0:
            raise SpecError(f"The first frame must be 0 or more, got {self.start}.")
        if self.end_exclusive is not None and self.end_exclusive <= self.start:
            raise SpecError(f"The range is empty: it ends at frame {self.end_exclusive}, before or at its start {self.start}.")
        if self.speech_end is not None and self.speech_end <= self.speech_start:
            raise SpecError(f"The speech is empty: it ends at second {float(self.speech_end):g}, before or at its start.")
        if max(self.start, self.end_exclusive or 0, *(end for _, end in self.keep)) > _MOST_FRAMES:
            raise SpecError(f"Frames are numbered up to {_MOST_FRAMES}: no file has more.")
        if abs(self.speech_start) > _MOST_SECONDS or (self.speech_end is not None and abs(self.speech_end) > _MOST_SECONDS):
            raise SpecError(f"Seconds of the speech lie within ±{_MOST_SECONDS}.")
        if not Fraction(1, 100) <= abs(self.speed) <= 100:
            raise SpecError(f"The speed must lie between 1 % and 10000 %, forwards or backwards, got {float(self.speed):.2%}.")
        for start, end in self.keep:
            if not 0 <= start < end:
                raise SpecError(f"A range without lip-sync must begin at 0 or later and end after it begins, got {start}–{end}.")
        if self.face is not None and self.face < 1:
            raise SpecError(f"Faces are numbered from 1, got {self.face}.")


class SpeechPiece(Struct, frozen=True, kw_only=True):
    """A stretch of one sound file on a common time: several of them are mixed into the speech of one shot."""

    path: str
    start_s: Fraction  # where the stretch begins in the file
    duration_s: Fraction
    at_s: Fraction  # where it is heard, from the take's first frame

    def __post_init__(self) -> None:
        if self.duration_s <= 0 or self.start_s < 0 or self.at_s < 0:
            raise SpecError("A piece of speech must begin at second 0 or later and last longer than nothing.")


class RenderSettings(Struct, frozen=True, kw_only=True):
    """How a shot is rendered. Every option of the command line and the API is declared here, once."""

    engine: EngineName = "mesh"
    tracker: TrackerName = "mediapipe"
    device: DeviceName = "auto"
    fit: Fit = "none"
    offset_ms: float = 0.0  # positive = the mouth moves later
    intensity: float = 1.0  # 0 = closed neutral mouth, 1 = as measured, up to 2
    motion: str = "auto"  # the head that listens: "auto", "mel", "whisper", or the path of one from `heygem train motion`
    speech_encoder: str | None = None  # name or path of the head's speech encoder; None = where it was found in training
    adaptation: bool = True  # learn how this person talks from the source clip's own speech, where there is some
    style_from: str | None = None  # path of other footage of the person to learn that from
    format: DeliverableName | None = None  # None = by the suffix of the output
    kind: TakeKind = "full"
    deinterlace: bool = False  # make interlaced pictures progressive instead of refusing them
    sound: Sound = "speech"  # segments carry none: it is put in when they are joined
    label_synthetic: bool = True  # the file says that it is synthetic (IPTC digital source type)
    sign_with: tuple[str, str] | None = None  # paths of a certificate chain and its private key (PEM): a C2PA signature in MP4 and MOV

    def __post_init__(self) -> None:
        if not -2000 <= self.offset_ms <= 2000:
            raise SpecError(f"The offset must lie within ±2000 ms, got {self.offset_ms:g}.")
        if not 0 <= self.intensity <= 2:
            raise SpecError(f"The intensity must lie between 0 and 2, got {self.intensity:g}.")


class RenderTask(Struct, frozen=True, kw_only=True, tag_field="task", tag="render"):
    """One render as a file: what `python -m heygem_core SPEC` runs."""

    shot: Shot
    settings: RenderSettings = RenderSettings()
    output: str  # path of the take; its report lies beside it
    matte: str | None = None  # path of a grey video of the matte
    segment: tuple[int, int] | None = None  # render only these frames of the take, end exclusive; None = all
    cache: str | None = None  # cache folder; None = the user's own
    version: int = SPEC_VERSION

    def __post_init__(self) -> None:
        if self.version != SPEC_VERSION:
            raise SpecError(f"This spec is version {self.version}; this program reads version {SPEC_VERSION}.")


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


class Finished(Struct, frozen=True, kw_only=True, tag_field="event", tag="finished"):
    """The take is at its place."""

    output: str
    report: str | None = None


class Failed(Struct, frozen=True, kw_only=True, tag_field="event", tag="failed"):
    """The task ended without a take. `error` is the class name in `heygem_core.errors`."""

    error: str
    message: str
    exit_code: int


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
        raise SpecError(f"The spec is not valid: {error}. The page “Python” of the documentation lists all fields.") from error
