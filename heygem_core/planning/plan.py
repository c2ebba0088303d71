"""Decides a shot once: who says it, which frames, which mouth shapes. Any range renders from the plan, anywhere, identically.

    video ─► face tracks ─► one face, smoothed, pose-free ─► its manner of talking ─┐
    speech ─► what is heard in it ─► motion in that manner ─► this person's shapes ─┴─► plan: a folder of arrays, found again by its key

What a plan is made from (face tracks and manner of the video, what is heard in the speech) is cached on its own, so new speech for an old
video, or an old speech for a new video, only does the other half.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ..cache import Cache, fingerprint, key_of
from ..engines.mesh.prepare import prepare
from ..errors import NoUsableFace, OutputError
from ..face.detection_cache import find_faces
from ..face.mesh import VERTICES, chunks, lip_gap, lip_opening, lip_width
from ..face.reasons import Reason
from ..face.tracks import TRACKS_VERSION, FaceTracks, build_tracks, describe_people
from ..media.info import MediaInfo
from ..media.sound import Sound
from ..motion.adaptation import PERSONAL_VERSION
from ..motion.model_choice import choose_head
from ..motion.motion import Motion
from ..motion.motion_model import Head, head_name
from ..motion.predict import motion_version, predict_with
from ..motion.speech_features import Heard, listen
from ..rendering.inputs import Inputs, open_inputs, refuse_changed
from ..shot import Event, Notice, Progress, RenderSettings, Shot, from_json, to_json
from ..speech.features import level
from ..speech.recording_checks import remarks
from .frame_map import TakeFrames
from .lip_calibration import ANSWER_VERSION, COMMON, answer_of
from .person import Person, eased, follow, person_of
from .plan_facts import PLAN_VERSION, Answer, PlanFacts
from .speaker_adaptation import Manner, manner_of

_TOLD_S = Fraction(1, 2)  # differences in length below this are not worth a notice
CONTEXT_S = 10  # of the clip before and after the range is looked at too: donors and this person's habits

Floats = NDArray[np.float32]
Ranges = Sequence[tuple[int, int]]  # of source frames, ends exclusive
Wanted = Callable[[slice], Floats]  # some of the take's frames → their wanted shapes (k, 478, 3) in face space


@dataclass(frozen=True, slots=True)
class Plan:
    """A decided shot: `folder` holds plan.json and one .npy file per array, read when asked for.

    frames (n,) int64 source frame numbers
    reasons (n,) uint8 of face.reasons.Reason: why a frame passes through, USABLE where it is rendered
    opening, width (n,) float32 wanted lip opening and width, eye distances; NaN where passed through
    gap (n,) float32 wanted distance of the inner lips down the face, signed, eye distances; NaN where passed through
    and the engine's own, see its `prepare`.
    """

    folder: Path
    facts: PlanFacts
    info: MediaInfo

    def array(self, name: str) -> NDArray[Any]:
        """An array by name, mapped from disk."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")


def make_plan(shot: Shot, settings: RenderSettings, cache: Cache, inputs: Inputs | None = None) -> Generator[Event, None, Plan]:
    """Yields progress, returns the plan. `inputs` of the shot where they are open already.

    Raises: InputError, NoUsableFace, SetupError, OutputError.
    """
    inputs = inputs or open_inputs(shot, settings)
    info, sound, frames = inputs.info, inputs.sound, inputs.frames
    head = choose_head(settings.motion, settings.speech_encoder)
    key = plan_key(shot, settings)
    refuse_changed(shot, inputs)  # the key is that of the files which `inputs` shows
    plan = cache.read("plans", key, lambda folder: open_plan(folder, info))
    if plan is None:
        tracks, damaged = yield from tracks_of(info, int(frames.source.min()), int(frames.source.max()) + 1, settings, cache)
        person, faces, several = person_of(tracks, info, shot.face), describe_people(tracks), len(tracks.people) > 1
        del tracks  # of a long clip they are large, and what is needed of them is known
        manner = manner_of(person, info, settings, head, cache)
        answer = answer_of(person, info, settings, head, cache)
        motion = yield from motion_of(sound, shot.speech, head, manner, cache)
        yield Progress(stage="plan", done=0, total=len(frames.source))
        facts = PlanFacts(
            key=key,
            shot=shot,
            settings=settings,
            duration=frames.timing.duration,
            frames=len(frames.source),
            face=person.number,
            faces=faces,
            drawn_mouth=not person.shows_mouth_inside,
            head=head_name(head),
            manner=manner.found.said,
            answer=answer,
            notices=(*_of_faces(person, faces, several), *_notices(person, inputs, damaged, motion, manner, shot.keep)),
        )
        with cache.making("plans", key) as made:
            decide(made, info, person, frames, _wanted(person, frames, motion, shot, settings), keep=shot.keep, answer=answer)
            (made / "plan.json").write_bytes(to_json(facts))
            refuse_changed(shot, inputs)
        plan = cache.read("plans", key, lambda folder: open_plan(folder, info))
        if plan is None:
            raise OutputError(
                f"The plan could not be kept in “{cache.root}”: check that no other program empties that folder while rendering."
            )
    # The plan may have been made for another take: as to format, sound and the names of files this task counts.
    plan = Plan(plan.folder, replace(plan.facts, shot=shot, settings=settings), info)
    for message in plan.facts.notices:
        yield Notice(message=message)
    return plan


def open_plan(folder: Path, info: MediaInfo) -> Plan:
    """A plan that was made before. Raises: SpecError — not a plan of this version; ValueError, OSError — its arrays are damaged."""
    for path in folder.glob("*.npy"):
        np.load(path, mmap_mode="r")
    return Plan(folder, from_json((folder / "plan.json").read_bytes(), PlanFacts), info)


def plan_key(shot: Shot, settings: RenderSettings) -> str:
    """Hash of everything a plan depends on; where the take goes and in which format is no part of it."""
    what = (
        shot.start,
        shot.end_exclusive,
        shot.face,
        settings.fit,
        settings.offset_ms,
        settings.intensity,
        settings.engine,
        settings.tracker,
        shot.speech_start,
        shot.speech_end,
        shot.speed,
        shot.keep,
    )
    heard = motion_version(choose_head(settings.motion, settings.speech_encoder))
    style = fingerprint(settings.style_from) if settings.style_from is not None else settings.adaptation
    versions = (PLAN_VERSION, TRACKS_VERSION, PERSONAL_VERSION, ANSWER_VERSION)
    return key_of(versions, heard, style, fingerprint(shot.video), fingerprint(shot.speech), what)


def tracks_of(
    info: MediaInfo, start: int, end: int, settings: RenderSettings, cache: Cache
) -> Generator[Event, None, tuple[FaceTracks, NDArray[np.int64]]]:
    """The faces of a range and of `CONTEXT_S` around it, and the frames that are damaged; from the cache or from the pictures."""
    first = info.frame_at(max(info.time_of(start) - CONTEXT_S, Fraction(0)))
    last = min(info.frame_count, info.frame_at(info.time_of(end - 1) + CONTEXT_S) + 1)
    seen, damaged, version = yield from find_faces(info, first, last, settings.tracker, cache)
    return build_tracks(seen, version), damaged


def motion_of(sound: Sound, speech: str, head: Head, manner: Manner, cache: Cache) -> Generator[Event, None, Motion]:
    """The mouth that the whole speech wants from this person; tells the stage "speech" only where it listens."""
    heard = yield from heard_of(sound, speech, head, cache)
    return predict_with(head, sound.samples, manner.adaptation, heard)


def heard_of(sound: Sound, speech: str, head: Head, cache: Cache) -> Generator[Event, None, Heard]:
    """What the head makes of the speech, for whoever will say it: listened to once, however many shots need it at the same time."""
    key = key_of(motion_version(head), fingerprint(speech))
    heard = cache.read("heard", key, Heard.load)
    if heard is not None:
        return heard
    with cache.alone("heard", key):
        heard = cache.read("heard", key, Heard.load)  # whoever was here before may have made it
        if heard is not None:
            return heard
        yield Progress(stage="speech", done=0)
        heard = listen(head, level(sound.samples), features=True)
        with cache.making("heard", key) as made:
            heard.save(made)
    return heard


def decide(
    folder: Path,
    info: MediaInfo,
    person: Person,
    frames: TakeFrames,
    wanted: Wanted,
    *,
    keep: Ranges = (),
    answer: Answer = COMMON,
) -> None:
    """Writes a plan's arrays; `keep`: source frames that stay as they are, ends exclusive. Raises: NoUsableFace."""
    at = frames.source - person.first_frame
    reasons = _reasons(person, frames, keep)
    usable = reasons == Reason.USABLE
    if not usable.any():
        why = Reason(int(np.bincount(reasons).argmax())).words
        raise NoUsableFace(f"Face {person.number} cannot be rendered in any frame between in and out: {why}. Choose another range or face.")
    share = eased(person, frames.source, frames.times, usable)
    shapes = np.empty((len(at), VERTICES, 3), np.float32)
    for part in chunks(len(at)):
        shapes[part] = follow(person.neutral, person.shapes[at[part]], wanted(part), share[part])
    np.save(folder / "frames.npy", frames.source)
    np.save(folder / "reasons.npy", reasons)
    for name, measured in (("opening", lip_opening), ("width", lip_width), ("gap", lip_gap)):
        np.save(folder / f"{name}.npy", np.where(usable, measured(shapes), np.nan).astype(np.float32))
    further = (answer.across, answer.down, 1.0)
    prepare(info, person, frames.source, shapes, frames.fps, folder, answer=further, share=share)


def _reasons(person: Person, frames: TakeFrames, keep: Ranges) -> NDArray[np.uint8]:
    """(n,) why each frame of the take passes through."""
    reasons = person.reasons[frames.source - person.first_frame]
    for first, end in keep:
        reasons[(frames.source >= first) & (frames.source < end)] = Reason.CHOICE
    return reasons


def _wanted(person: Person, frames: TakeFrames, motion: Motion, shot: Shot, settings: RenderSettings) -> Wanted:
    """This person's shapes for the motion of the part of the speech that is heard."""
    times = frames.times + float(shot.speech_start) - settings.offset_ms / 1000
    heard = (float(shot.speech_start), motion.duration_s if shot.speech_end is None else float(shot.speech_end))
    deltas = motion.at(times, intensity=settings.intensity, heard=heard)

    def wanted(part: slice) -> Floats:
        shapes = np.repeat(person.neutral[None], len(deltas[part]), 0)
        shapes[:, list(motion.vertices)] += deltas[part]
        return shapes

    return wanted


def _of_faces(person: Person, faces: str, several: bool) -> Iterator[str]:
    if several:
        yield f"There are several faces; face {person.number} speaks. Found: {faces}. Choose another with --face."
    if not person.shows_mouth_inside:
        yield "The clip shows too little of the inside of the mouth to lend it, so teeth and tongue are drawn."


def _notices(person: Person, inputs: Inputs, damaged: NDArray[np.int64], motion: Motion, manner: Manner, keep: Ranges) -> Iterator[str]:
    """What the user should know about this shot, a sentence each."""
    info, sound, frames = inputs.info, inputs.sound, inputs.frames
    reasons = _reasons(person, frames, keep)
    passed, broken = int((reasons != Reason.USABLE).sum()), np.intersect1d(damaged, frames.source)
    if passed:
        yield f"{passed} of {len(reasons)} frames pass through untouched; the report lists them with their reasons."
    if len(broken):
        yield f"{len(broken)} frames of the clip are damaged, the first one is frame {broken[0]}: the frame before stands in for each."
    if info.missing_frames:
        yield f"“{info.path.name}” breaks off: its header promises {info.missing_frames} more frames. Copy or export it again."
    yield from remarks(sound.samples, motion.speaking)
    if manner.found.notice:
        yield manner.found.said
    if inputs.heard_s < frames.timing.duration - _TOLD_S:
        yield f"The speech ends at {float(inputs.heard_s):.1f} of {float(frames.timing.duration):.1f} s: after it the mouth stays closed."
    elif inputs.heard_s > frames.timing.duration + _TOLD_S:
        yield f"The speech lasts {float(inputs.heard_s):.1f} s and the take {float(frames.timing.duration):.1f} s: its end is cut off."
