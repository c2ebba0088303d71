"""Holds the facts of a file with a picture, as `probe` finds them, and maps between its frames, times and points."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from . import timecode
from .colour import ColourTags
from .geometry import Affine, Points, coded_to_display, display_size, display_to_coded, map_points
from .hdr import StaticHdr
from .packets import Numbering
from .pixels import PixelFormat, is_full_range

Deinterlacing: TypeAlias = Literal["never", "marked", "all"]
"""What the reader makes progressive: nothing, the pictures that say that they are two fields, or all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundInfo:
    """The sound stream that speech is read from: the container's default one, else the first."""

    stream_index: int  # in the container
    codec: str
    sample_rate: int  # Hz
    channels: int
    layout: str  # FFmpeg's name: "mono", "stereo", "5.1(side)" …
    duration: Fraction | None  # seconds as the container claims; None = it does not


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MediaInfo:
    """Facts of a file with a picture. Frame numbers count from 0, seconds from the first frame."""

    path: Path
    kind: Literal["video", "still"]
    container: str  # FFmpeg's name of the format
    codec: str
    stream_index: int
    coded_size: tuple[int, int]  # width, height of the stored picture
    sample_aspect: Fraction  # width of a stored pixel / its height
    rotation: int  # degrees clockwise that the stored picture is turned for showing: 0, 90, 180 or 270
    mirrored: bool  # flipped left-right before turning
    display_matrix: tuple[int, ...] | None  # as stored, to be written again; None = none
    pixels: PixelFormat  # of the frames that the reader gives
    has_alpha: bool
    colour: ColourTags
    hdr: StaticHdr
    siting: str | None = None  # FFmpeg's name of where the chroma samples lie; None = where they usually do
    rate: Fraction | None  # nominal frames per second; None for a still, or where a single frame does not tell
    variable: bool  # frame times do not follow the rate
    time_base: Fraction
    frame_pts: npt.NDArray[np.int64]  # (frames,) ascending, in units of time_base
    last_duration: Fraction  # seconds that the last frame is shown
    keyframes: npt.NDArray[np.int64]  # (keys,) frame numbers that decoding can start from
    keyframe_dts: npt.NDArray[np.int64]  # (keys,) decoding time of the same
    interlaced: bool = False  # pictures of it are two fields; the reader gives them deinterlaced
    deinterlacing: Deinterlacing = "never"
    seekable: bool  # whether frame times stay exact after a seek
    numbering: Numbering = "time"  # what tells the number of a decoded picture
    missing_frames: int  # frames that the container's header promises and the file no longer holds
    start_timecode: str | None  # of the first frame, `;` for drop-frame; counts pictures
    timecode_rate: Fraction | None = None  # frames per second that the file's own timecode counts; None = as many as there are pictures
    reel: str | None
    sound: SoundInfo | None

    @property
    def pix_fmt(self) -> str:
        return self.pixels.name

    @property
    def bit_depth(self) -> int:
        return self.pixels.bits

    @property
    def full_range(self) -> bool:
        """Whether black and white are the ends of the code range."""
        return is_full_range(self.pixels, self.colour)

    @property
    def frame_count(self) -> int:
        return len(self.frame_pts)

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last; 0 for a still."""
        return self.time_of(self.frame_count)

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height as shown: upright, square pixels."""
        return display_size(self.coded_size, self.sample_aspect, self.rotation)

    @property
    def coded_to_display(self) -> Affine:
        """(2, 3), see `geometry` for the convention of pixel centres."""
        return coded_to_display(self.coded_size, self.sample_aspect, self.rotation, self.mirrored)

    @property
    def display_to_coded(self) -> Affine:
        """(2, 3), see `geometry` for the convention of pixel centres."""
        return display_to_coded(self.coded_size, self.sample_aspect, self.rotation, self.mirrored)

    def to_coded(self, points: npt.ArrayLike) -> Points:
        """(…, 2) display-space points in the stored picture."""
        return map_points(self.display_to_coded, points)

    def to_display(self, points: npt.ArrayLike) -> Points:
        """(…, 2) points of the stored picture in display space."""
        return map_points(self.coded_to_display, points)

    @property
    def mean_rate(self) -> Fraction:
        """Frames per second, also where the frame times follow no rate: then on the whole."""
        return self.rate or self.frame_count / max(self.duration, Fraction(1, 1000))

    def time_of(self, frame: int) -> Fraction:
        """Seconds from the first frame to that one; of `frame_count`: the end of the last."""
        if self.rate is not None and not self.variable:
            return frame / self.rate
        if frame >= self.frame_count:
            return self.time_of(self.frame_count - 1) + self.last_duration
        return int(self.frame_pts[frame] - self.frame_pts[0]) * self.time_base

    def frame_at(self, seconds: Fraction) -> int:
        """The frame shown at that time (the first one before, the last one after the end)."""
        if self.rate is not None and not self.variable:
            return min(max(int(seconds * self.rate // 1), 0), self.frame_count - 1)
        ticks = int(seconds / self.time_base // 1) + int(self.frame_pts[0])
        return max(int(np.searchsorted(self.frame_pts, ticks, side="right")) - 1, 0)

    def timecode_of(self, frame: int) -> str | None:
        """The timecode of a frame; None where the clip has none."""
        if self.start_timecode is None or self.rate is None:
            return None
        return timecode.advanced(self.start_timecode, frame, self.rate)
