"""What an engine is: the part of a render that decides and draws the mouth. Everything around it is shared by all engines.

    face tracks, person, motion ─► [outline ─► generate, block by block] ─► plan ─► digest ─► draw ─► compositing
                                    only engines with a generation stage

The shared parts choose the frames of a take, follow the face, predict the motion, decode pictures and composite what the engine draws
into their planes. The engine writes its own arrays into the plan's folder and later draws any blocks of it. An engine is an object with
the members of `Engine`; one with a generation stage has those of `GeneratingEngine` too. `registry` finds it by name.

Frames of a take are numbered from 0. Work is cut at multiples of `Engine.block`, whatever part of a take is asked for, so that pieces
drawn apart equal the whole. An engine keeps that promise by drawing a block from nothing but the plan and the block's own window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard, runtime_checkable

from ..messages import Message
from ..shot import Struct
from ..storage.artefacts import array_of

if TYPE_CHECKING:
    import numpy as np
    import torch
    from av import VideoFrame
    from numpy.typing import NDArray

    from ..media.info import MediaInfo
    from ..media.kept_regions import KeptRegions
    from ..media.planes import Box
    from ..media.sound import Sound
    from ..motion.motion_model import MotionModel
    from ..planning.person import Person
    from ..shot import RenderSettings
    from ..storage.cache import Cache

DeviceKind = Literal["cuda", "mps", "cpu"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A file that an engine reads and that does not come with the program."""

    path: Path
    title: str  # as people call it: "Wav2Lip GAN"
    source: str  # what to do where it is missing, a clause: "download it from … into that folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A Python package that an engine imports and that is not among the program's own dependencies."""

    module: str  # as it is imported
    install: str  # the command that installs it


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an engine needs of the machine and of the clip; `requirements` checks it before any work."""

    devices: tuple[DeviceKind, ...] = ("cuda", "mps", "cpu")  # that it draws on, the preferred one first
    memory_bytes: int = 0  # that the device must have in all
    packages: tuple[Package, ...] = ()
    weights: tuple[Weights, ...] = ()  # files of the engine's own
    models: tuple[str | tuple[str, ...], ...] = ()  # ids of the catalogue (`weights`); of several in one tuple any one will do
    hdr: bool = True  # whether it draws pictures in PQ and HLG


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanContext:
    """What is known of a shot of n frames when an engine decides its part of the plan."""

    info: MediaInfo
    person: Person
    frames: NDArray[np.int64]  # (n,) frame numbers in the source file
    times: NDArray[np.float64]  # (n,) seconds from the take's first frame
    fps: float  # frames per second, on average
    reasons: NDArray[np.uint8]  # (n,) of face.reasons.Reason: USABLE where a frame is to be drawn, else why it passes through
    blend: NDArray[np.float32]  # (n,) 0 … 1 how far each frame goes from its own mouth to the new one, less than 1 beside gaps
    shapes: NDArray[np.float32]  # (n, 478, 3) wanted face shapes, face space; the engine may change them in place
    speech: Sound  # what the take needs of the recording and some seconds around it, mono at 16 kHz
    speech_times: NDArray[np.float64]  # (n,) second of the recording that is heard at each frame, outside of it = silence
    speech_range: tuple[float, float]  # seconds of the recording that are heard at all
    motion_model: MotionModel
    settings: RenderSettings
    cache: Cache  # for what an engine works out about the clip or the speech and can use again
    folder: Path  # where the engine writes its arrays, one NAME.npy each
    regions: KeptRegions | None = None  # what was kept of the clip when its faces were found; None = nothing
    generated: Generated | None = None  # what the generation stage made; None for engines without one


class LipCalibration(Struct, frozen=True, kw_only=True):
    """By how much further than wanted lips are drawn, so that they are seen to go as far as wanted."""

    across: float
    down: float


class EngineFacts(Struct, frozen=True, kw_only=True):
    """What an engine says about its part of a plan."""

    notices: tuple[Message | str, ...] = ()  # what the user should know; text is a sentence without a code
    drawn_mouth: bool = False  # the inside of the mouth is drawn, because the clip lends none
    lip_calibration: LipCalibration | None = None  # None = the engine measures no such thing


class PlanArrays(Protocol):
    """A plan as engines read it."""

    @property
    def info(self) -> MediaInfo:
        """The source clip."""

    @property
    def folder(self) -> Path:
        """Where its arrays lie, mostly in a cache."""

    def array(self, name: str) -> NDArray[Any]:
        """An array by name, mapped from disk: the engine's own, and those that every plan has (see `planning.plan.Plan`)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredArrays:
    """Arrays that lie in a folder, one NAME.npy each: an outline, or a plan that an engine makes for itself."""

    info: MediaInfo  # the source clip
    folder: Path

    def array(self, name: str) -> NDArray[Any]:
        """An array by name, mapped from disk."""
        return array_of(self.folder, name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """The pictures of one block of a take and of its neighbours, as far as the engine looks (`Engine.reach`) and the take goes."""

    start: int  # first frame of the block
    end_exclusive: int  # at most `block` frames later; the last block of a take may be shorter
    first: int  # frame that `pictures` begin with
    pictures: tuple[VideoFrame, ...]  # of frames [first, first + len(pictures))

    def picture(self, frame: int) -> VideoFrame:
        """The picture of a frame of the take."""
        return self.pictures[frame - self.first]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """How one frame changes. Pictures are Y'CbCr at luma resolution, as `media.planes.crop_planes` gives them, on the processor."""

    frame: int  # of the take
    box: Box  # the part of the stored picture that may change
    original: torch.Tensor  # (3, h, w) float32, the frame's own pixels in the box
    picture: torch.Tensor  # (3, h, w) float32, the new ones
    matte: torch.Tensor  # (h, w) float32 0 … 1: where it is 0 every stored sample stays as it is


@runtime_checkable
class Engine(Protocol):
    """Decides and draws mouths."""

    @property
    def name(self) -> str:
        """As in `RenderSettings.engine`: lower-case letters, digits and hyphens; a colon where one engine draws what another one says."""

    @property
    def version(self) -> int:
        """Raised whenever the same shot would give other arrays or other pixels: it is part of every key."""

    @property
    def block(self) -> int:
        """Frames that are drawn together."""

    @property
    def reach(self) -> int:
        """Frames before and after a block whose pictures are looked at too; mostly 0."""

    @property
    def needs(self) -> Needs:
        """What the machine and the clip must have."""

    def plan(self, context: PlanContext) -> EngineFacts:
        """Writes the engine's arrays into `context.folder`.

        `opening`, `width` and `gap` lie there already, measured on `context.shapes`. An engine that decides otherwise what the mouth does
        overwrites them: reports show them and takes are measured against them.
        """

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        """Hash of all that the engine's arrays say about the pixels of frames [start, end_exclusive), and of nothing else.

        Equal digests mean equal pixels, as long as the pictures within reach are the same. `start` is a multiple of `block`.
        """

    def matte(self, plan: PlanArrays, frame: int) -> tuple[Box, NDArray[np.float32]]:
        """Where a usable frame may change, without drawing it: the box and the matte (h, w) in it."""

    def draw(self, plan: PlanArrays, windows: Iterator[Window], device: torch.device) -> Iterator[Change]:
        """The changes of the usable frames of some consecutive blocks, in order. What is loaded for it is kept between blocks."""


class GeneratingEngine(Engine, Protocol):
    """An engine with a generation stage: pictures or figures that cost much are made block by block before the plan is decided.

    Blocks lie at multiples of `block` of the take, are cached by content and made by whichever process is free. `plan` then finds
    them all in `context.generated`.
    """

    def outline(self, context: PlanContext) -> None:
        """Writes the arrays that `generate` reads into `context.folder`: crops, windows of speech, reference frames."""

    def generation_digest(self, outline: PlanArrays, start: int, end_exclusive: int) -> bytes:
        """Hash of all that the outline says about what `generate` makes of this block."""

    def generate(self, outline: PlanArrays, window: Window, device: torch.device) -> Mapping[str, NDArray[Any]]:
        """Makes one block: arrays by name, whose first axis counts the frames of the block."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Generated:
    """What the generation stage made of a whole take: a folder of arrays per block. It lies in the cache and may go with it: an engine
    copies what it needs for drawing into its plan."""

    block: int
    folders: tuple[Path, ...]  # of the blocks, in order

    def array(self, name: str, start: int) -> NDArray[Any]:
        """An array by name, of the block that begins at this frame, mapped from disk."""
        return array_of(self.folders[start // self.block], name)


def about_a_second(fps: float, block: int) -> int:
    """Frames of the whole blocks that come nearest to a second, at least one block: how far apart the places are at which an engine may
    begin anew, and how long the pieces of a take are that are kept."""
    return max(1, round(fps / block)) * block


def generates(engine: Engine) -> TypeGuard[GeneratingEngine]:
    """Whether an engine has a generation stage."""
    return callable(getattr(engine, "generate", None))
