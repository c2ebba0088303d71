"""What a plan is made from, whatever the engine: one person of the clip, how they talk, and the motion that the speech asks of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..face.tracks import FaceTracks
from ..media.kept_regions import KeptRegions
from ..messages import Message
from ..motion.model_choice import choose_motion_model
from ..motion.predict import predict_with
from ..motion.speech_features import SpeechFeatures, encode_in_steps
from ..shot import Event, Progress, RenderSettings, Shot
from ..speech.features import level
from ..storage.cache import Cache
from .covered import with_covered
from .heard import HeardBefore
from .known_person import find_tracks, known_person
from .person import Person
from .speaker_adaptation import SpeakerAdaptation, adaptation_of

if TYPE_CHECKING:
    from ..media.info import MediaInfo
    from ..media.sound import Sound
    from ..motion.motion import Motion
    from ..motion.motion_model import MotionModel
    from ..rendering.inputs import Inputs

CONTEXT_S = 10  # of the clip before and after the range is looked at too: donors and this person's habits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """What is known of a shot before its plan is decided."""

    person: Person  # who speaks
    faces: list[Message]  # all faces of the range, a message each
    damaged: NDArray[np.int64]  # source frames that could not be decoded
    model: MotionModel  # the motion model
    adaptation: SpeakerAdaptation
    motion: Motion
    regions: KeptRegions  # what was kept of the clip when its faces were found


def basis_of(shot: Shot, settings: RenderSettings, cache: Cache, inputs: Inputs) -> Generator[Event, None, Basis]:
    """Yields progress; each part comes from the cache where it can. Raises: InputError, NoUsableFace, SetupError, SpecError."""
    info, frames, regions = inputs.info, inputs.frames, KeptRegions(inputs.info)
    model = choose_motion_model(settings.motion, settings.speech_encoder)
    looked = looked_at(info, int(frames.source.min()), int(frames.source.max()) + 1)
    person, faces, damaged = yield from known_person(info, *looked, shot.face, settings.tracker, cache, regions)
    person = yield from with_covered(person, info, inputs.holdout, settings, cache, regions)
    adaptation = adaptation_of(person, info, shot.source_channels, settings, model, cache)
    motion = yield from motion_of(inputs.sound, model, adaptation, cache, len(frames.source))
    return Basis(person=person, faces=faces, damaged=damaged, model=model, adaptation=adaptation, motion=motion, regions=regions)


def tracks_of(
    info: MediaInfo, start: int, end: int, settings: RenderSettings, cache: Cache
) -> Generator[Event, None, tuple[FaceTracks, NDArray[np.int64]]]:
    """The faces of a range and of `CONTEXT_S` around it, and the frames that are damaged; from the cache or from the pictures."""
    return (yield from find_tracks(info, *looked_at(info, start, end), settings.tracker, cache))


def looked_at(info: MediaInfo, start: int, end: int) -> tuple[int, int]:
    """The frames [first, last) whose faces are found for a range: it and `CONTEXT_S` around it."""
    first = info.frame_at(max(info.time_of(start) - CONTEXT_S, Fraction(0)))
    return first, min(info.frame_count, info.frame_at(info.time_of(end - 1) + CONTEXT_S) + 1)


def motion_of(sound: Sound, model: MotionModel, adaptation: SpeakerAdaptation, cache: Cache, frames: int) -> Generator[Event, None, Motion]:
    """The mouth that the speech wants from this person; tells the stage "speech" only where features are computed.

    frames: of the take, which progress is told in.
    """
    features = yield from features_of(sound, model, cache, frames)
    return predict_with(model, sound.samples, adaptation.adaptation, features)


def features_of(sound: Sound, model: MotionModel, cache: Cache, frames: int) -> Generator[Event, None, SpeechFeatures]:
    """What the model's encoder makes of the speech: computed once, however many shots need it at the same time. It is found by the
    samples themselves, some seconds at a time, whatever file they came from."""
    samples, kept = level(sound.samples), HeardBefore(model, cache)
    with kept.alone(samples):
        work = encode_in_steps(model, samples, features=True, kept=kept)
        while True:
            try:
                yield Progress(stage="speech", done=int(next(work) * frames), total=frames)
            except StopIteration as end:
                features: SpeechFeatures = end.value
                return features
