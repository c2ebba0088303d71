"""Maps each frame of a take to a source frame: by the speed of the picture and its fit to the speech."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRange, SpeechTooLong
from ..media.take_timing import TakeTiming, timing_of

if TYPE_CHECKING:
    from ..media.info import MediaInfo
    from ..shot import Fit

STILL_RATE = Fraction(25)  # frames per second of a take made from a still, which has no rate of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFrames:
    """The frames of a take, n of them."""

    source: NDArray[np.int64]  # (n,) frame numbers in the source file
    timing: TakeTiming

    @property
    def times(self) -> NDArray[np.float64]:
        """(n,) seconds from the take's first frame."""
        return self.timing.pts[:-1] * float(self.timing.time_base)

    @property
    def fps(self) -> float:
        """Frames per second, on average."""
        return len(self.source) / float(self.timing.duration)


def take_frames(
    info: MediaInfo,
    start: int,
    end_exclusive: int | None,
    speech_s: Fraction,
    fit: Fit,
    speed: Fraction = Fraction(1),
    shows: Sequence[int] = (),
) -> TakeFrames:
    """The take of frames [start, end_exclusive) of a clip at a speed, or of those that `shows` lists, and speech_s seconds of speech.

    Raises: BadRange — the range does not lie in the clip. SpeechTooLong — fit "none" and more than one frame too much.
    """
    numbers = _numbers(info, start, end_exclusive, speech_s, fit, speed, shows)
    return TakeFrames(source=numbers, timing=timing_of(info, numbers.tolist(), rate=STILL_RATE))


def picture_lasts(
    info: MediaInfo, start: int, end_exclusive: int | None, speed: Fraction, shows: Sequence[int] = ()
) -> tuple[Fraction, Fraction] | None:
    """(seconds of a range at a speed, of one of its frames on average); None of a still, which lasts as long as the speech.

    Raises: BadRange.
    """
    end = end_of(info, start, end_exclusive)
    if info.kind == "still":
        return None
    numbers = retimed(start, end, speed, shows)
    seconds = timing_of(info, numbers.tolist()).duration
    return seconds, seconds / len(numbers)


def retimed(start: int, end_exclusive: int, speed: Fraction, shows: Sequence[int] = ()) -> NDArray[np.int64]:
    """The source frames of a range at a constant speed, as editors pick them: the one on screen at each frame's beginning.

    Forwards take frame k shows start + ⌊k · speed⌋, backwards end_exclusive − 1 − ⌊k · |speed|⌋. `shows`, where there is any, says it.
    """
    if shows:
        return np.array(shows, np.int64)
    step = abs(speed)
    steps = np.arange(-(-(end_exclusive - start) * step.denominator // step.numerator), dtype=np.int64)
    steps = steps * step.numerator // step.denominator
    return start + steps if speed > 0 else end_exclusive - 1 - steps


def frames_under(
    info: MediaInfo, start: int, end_exclusive: int | None, fit: Fit, speed: Fraction, count: int, shows: Sequence[int] = ()
) -> NDArray[np.int64]:
    """(count,) the source frames below a take that has been made, of so many frames; nothing needs to be known of its speech.

    Raises: BadRange — the clip or the range is shorter than the take needs.
    """
    if info.kind == "still":
        return np.zeros(count, np.int64)
    end = end_of(info, start, end_exclusive)
    numbers = retimed(start, end, speed, shows)
    if fit == "loop":
        return np.resize(_there_and_back(numbers), count)
    if count > len(numbers):
        raise BadRange("take.other-source", count=count, file=info.path.name, in_range=len(numbers))
    return numbers[:count]


def _there_and_back(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([numbers, numbers[-2:0:-1]])


def end_of(info: MediaInfo, start: int, end_exclusive: int | None) -> int:
    """One past the last frame of a range. Raises: BadRange."""
    end = info.frame_count if end_exclusive is None else end_exclusive
    if not 0 <= start < end <= info.frame_count:
        raise BadRange("range.outside", start=start, end=end, file=info.path.name, frames=info.frame_count)
    return end


def _numbers(
    info: MediaInfo, start: int, end_exclusive: int | None, speech_s: Fraction, fit: Fit, speed: Fraction, shows: Sequence[int]
) -> NDArray[np.int64]:
    end = end_of(info, start, end_exclusive)
    if info.kind == "still":
        return np.zeros(_frames_for(speech_s, STILL_RATE), np.int64)
    numbers = retimed(start, end, speed, shows)
    timing = timing_of(info, numbers.tolist())
    picture_s = timing.duration
    if fit == "loop":
        return np.resize(_there_and_back(numbers), _frames_for(speech_s, len(numbers) / picture_s))
    if fit == "trim" and speech_s < picture_s:
        return numbers[: max(1, bisect_left(range(len(numbers)), speech_s, key=timing.time_of))]
    if fit == "none" and speech_s > picture_s + picture_s / len(numbers):
        raise SpeechTooLong("speech.too-long", speech_s=f"{float(speech_s):.2f}", picture_s=f"{float(picture_s):.2f}")
    return numbers


def _frames_for(seconds: Fraction, rate: Fraction) -> int:
    return max(1, round(seconds * rate))
