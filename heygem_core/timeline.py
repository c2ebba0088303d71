"""Which source frame stands at each frame of a take, and when: the fit of picture to speech."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import BadRange, SpeechTooLong

if TYPE_CHECKING:
    from .media.probe import MediaInfo
    from .shot import Fit

STILL_RATE = Fraction(25)  # frames per second of a take made from a still, which has no rate of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFrames:
    """The frames of a take, n of them."""

    source: NDArray[np.int64]  # (n,) frame numbers in the source file
    times: NDArray[np.float64]  # (n,) seconds from the take's first frame, for reading motion
    rate: Fraction | None  # None = variable: times are the source's own
    duration: Fraction  # seconds


def take_frames(info: MediaInfo, start: int, end_exclusive: int | None, speech_s: Fraction, fit: Fit) -> TakeFrames:
    """The take of frames [start, end_exclusive) of a clip and speech_s seconds of speech.

    Raises: BadRange — the range does not lie in the clip. SpeechTooLong — fit "none" and more than one frame too much.
    """
    end = info.frame_count if end_exclusive is None else end_exclusive
    if start >= info.frame_count or end > info.frame_count:
        raise BadRange(
            f"The range {start}–{end} does not lie in the clip, which has {info.frame_count} frames: choose in and out between 0 and {info.frame_count}."
        )
    if info.kind == "still":
        return _steady(np.zeros(_frames_for(speech_s, STILL_RATE), np.int64), STILL_RATE)
    picture_s = info.time_of(end) - info.time_of(start)
    one_frame_s = picture_s / (end - start)
    if fit == "none" and speech_s > picture_s + one_frame_s:
        raise SpeechTooLong(
            f"The speech lasts {float(speech_s):.2f} s and the picture only {float(picture_s):.2f} s: "
            "choose --fit trim (cut the speech), hold (keep the picture's length) or loop (play the picture forth and back), or pick a longer range."
        )
    numbers = np.arange(start, end, dtype=np.int64)
    if fit == "loop":
        return _looped(info, numbers, speech_s)
    if fit == "trim" and speech_s < picture_s:
        count = sum(1 for k in numbers if info.time_of(int(k)) - info.time_of(start) < speech_s)
        numbers = numbers[: max(1, count)]
    if info.rate is not None and not info.variable:
        return _steady(numbers, info.rate)
    times = np.array([float(info.time_of(int(k)) - info.time_of(start)) for k in numbers])
    return TakeFrames(source=numbers, times=times, rate=None, duration=info.time_of(int(numbers[-1]) + 1) - info.time_of(start))


def _looped(info: MediaInfo, numbers: NDArray[np.int64], speech_s: Fraction) -> TakeFrames:
    """Forth and back without showing a turning frame twice, for as long as the speech lasts, at a steady rate."""
    rate = info.rate or STILL_RATE
    there_and_back = np.concatenate([numbers, numbers[-2:0:-1]])
    return _steady(np.resize(there_and_back, _frames_for(speech_s, rate)), rate)


def _frames_for(seconds: Fraction, rate: Fraction) -> int:
    return max(1, round(seconds * rate))


def _steady(source: NDArray[np.int64], rate: Fraction) -> TakeFrames:
    times = np.arange(len(source)) / float(rate)
    return TakeFrames(source=source, times=times, rate=rate, duration=len(source) / rate)
