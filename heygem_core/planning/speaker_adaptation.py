"""Adapts the motion to the person of a shot: a correction fitted on their own speech in the source clip or in other footage.

The result is cached, also that there was nothing to learn from. The face is not tracked again for it: the shot's own tracks are used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import NoSound, UnreadableMedia
from ..face.detection_cache import faces_seen_in
from ..face.tracks import TRACKS_VERSION
from ..media.content import frames_content, remembered, sound_content
from ..media.probe import probe
from ..media.sound import read_speech
from ..messages import Message, tell
from ..motion.adaptation import ADAPTATION_VERSION, SHORTEST_S, Adaptation, adapt, speech_duration_s
from ..motion.footage import Footage, read_footage
from ..motion.model_choice import model_identity
from ..motion.motion_model import MotionModel
from ..shot import RenderSettings, Struct, from_json, to_json
from ..storage.cache import Cache, key_of
from .person import covered_digest

if TYPE_CHECKING:
    from ..media.info import MediaInfo
    from .person import Person

_AFTER_S = Fraction(1, 2)  # of sound behind the last frame
LONGEST_S = 90  # of footage that is learnt from: more costs time and teaches little


class AdaptationResult(Struct, frozen=True, kw_only=True):
    """What was learnt about a person, in words."""

    said: str  # one sentence; empty = there was nothing to learn from and nobody asked
    message: Message | None = None  # the same with its code; None = nothing, or learnt before there were codes
    notice: bool  # the user should know
    learnt: bool  # a correction lies beside it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeakerAdaptation:
    """The correction for one person, if there is one."""

    key: str  # of what it was learnt from; empty = nothing was learnt
    result: AdaptationResult
    adaptation: Adaptation | None


NOT_ADAPTED = SpeakerAdaptation(key="", result=AdaptationResult(said="", notice=False, learnt=False), adaptation=None)


def adaptation_of(
    person: Person, info: MediaInfo, channels: tuple[int, ...], settings: RenderSettings, model: MotionModel, cache: Cache
) -> SpeakerAdaptation:
    """The adaptation to a person: from the clip that `style_from` names, else from the shot's own clip where `adaptation` allows it.

    channels: of the clip's own sound, see `Shot.source_channels`.

    Raises: InputError, NoUsableFace — of the clip that `style_from` names.
    """
    first, last = person.first_frame, person.first_frame + len(person.shapes)
    learnt_from = adaptation_source(info, first, last, channels, settings, cache)
    if learnt_from is None:
        return NOT_ADAPTED
    seen = None if settings.style_from is not None else (settings.tracker, person.number, first, last, *covered_digest(person))
    key = key_of(ADAPTATION_VERSION, TRACKS_VERSION, model_identity(model), learnt_from, seen)
    known = cache.read("manners", key, lambda folder: _read(folder, key))
    if known is not None:
        return known
    adaptation, result = _of_own(person, info, channels, model) if settings.style_from is None else _of_style(settings.style_from, model)
    if adaptation_source(info, first, last, channels, settings, cache) != learnt_from:
        raise UnreadableMedia("media.changed", file=Path(settings.style_from or info.path).name)
    with cache.making("manners", key) as made:
        (made / "found.json").write_bytes(to_json(result))
        if adaptation is not None:
            adaptation.save(made / "manner.npz")
    return SpeakerAdaptation(key=key if result.learnt else "", result=result, adaptation=adaptation)


def adaptation_source(
    info: MediaInfo, first: int, last: int, channels: tuple[int, ...], settings: RenderSettings, cache: Cache
) -> str | None:
    """What the footage holds that the adaptation learns from, `first` and `last` (exclusive) being the frames of the clip that are looked
    at; None = it does not learn. channels: of the clip's own sound. Raises: InputError.
    """
    if settings.style_from is not None:
        path = Path(settings.style_from)
        return remembered(path, f"style {LONGEST_S}", lambda: _style_content(path, cache), cache)
    if not settings.adaptation or info.kind == "still":
        return None
    begin, last_learnt = info.time_of(first), _learnt_until(info, first, last) - 1
    seconds = Fraction(float(info.time_of(last_learnt) - begin)) + _AFTER_S
    sound = sound_content(info.path, begin, seconds, cache, channels=channels)
    return key_of("own", frames_content(info, *faces_seen_in(info, first, last), cache), sound)


def _style_content(path: Path, cache: Cache) -> str:
    info = probe(path, deinterlace=True)
    end = min(info.frame_count, info.frame_at(Fraction(LONGEST_S)) + 1)
    return key_of("style", frames_content(info, 0, end, cache), sound_content(path, Fraction(0), Fraction(LONGEST_S), cache))


def _read(folder: Path, key: str) -> SpeakerAdaptation:
    found = from_json((folder / "found.json").read_bytes(), AdaptationResult)
    return (
        SpeakerAdaptation(key=key, result=found, adaptation=Adaptation.load(folder / "manner.npz"))
        if found.learnt
        else replace(NOT_ADAPTED, result=found)
    )


def _of_style(path: str, model: MotionModel) -> tuple[Adaptation | None, AdaptationResult]:
    adaptation, said = adapt(read_footage(Path(path), longest_s=LONGEST_S), model)
    return adaptation, _result(tell("adaptation.style-from", file=Path(path).name, found=said), adaptation, adaptation is None)


def _of_own(person: Person, info: MediaInfo, channels: tuple[int, ...], model: MotionModel) -> tuple[Adaptation | None, AdaptationResult]:
    footage = _own_footage(person, info, channels)
    if footage is None:
        return None, NOT_ADAPTED.result
    adaptation, said = adapt(footage, model)
    # A clip without speech of its own is nothing to warn of; one with somebody else's voice is.
    notice = adaptation is None and speech_duration_s(footage) >= SHORTEST_S
    return adaptation, _result(said, adaptation, notice)


def _result(said: Message, adaptation: Adaptation | None, notice: bool) -> AdaptationResult:
    return AdaptationResult(said=said.message, message=said, notice=notice, learnt=adaptation is not None)


def _own_footage(person: Person, info: MediaInfo, channels: tuple[int, ...]) -> Footage | None:
    """The tracked frames with their own sound; None where the clip has no sound."""
    first = person.first_frame
    begin, times = _own_times(info, first, first + len(person.shapes))
    try:
        samples = read_speech(info.path, begin, begin + Fraction(times[-1]) + _AFTER_S, channels=channels).samples
    except NoSound:
        return None
    rows = slice(0, len(times))
    return Footage(name=info.path.stem, times=times, shapes=person.shapes[rows], usable=person.learnable[rows], samples=samples)


def _own_times(info: MediaInfo, first: int, last: int) -> tuple[Fraction, NDArray[np.float64]]:
    """Second of the first frame, and the seconds from there of those frames that are learnt from."""
    begin = info.time_of(first)
    return begin, np.array([float(info.time_of(k) - begin) for k in range(first, _learnt_until(info, first, last))])


def _learnt_until(info: MediaInfo, first: int, last: int) -> int:
    """One past the last frame that is learnt from."""
    return min(last, info.frame_at(info.time_of(first) + LONGEST_S) + 1)
