"""Plans a shot once: whose face, which frames, which mouth shapes. Any range renders from the plan, anywhere, identically.

    video ─► face tracks ─► one face, smoothed, pose-free ─► adaptation to this speaker ─┐
    speech ─► speech features ─► motion, adapted ─► this person's shapes ─► engine ──────┴─► plan: a folder of arrays, found by its key

What a plan is made from (face tracks and adaptation of the video, features of the speech) is cached on its own, so new speech for an old
video, or an old speech for a new video, only does the other half. What is drawn, and from which arrays, is the engine's own part.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ..engines.base import Engine, EngineFacts, Generated, GeneratingEngine, PlanContext, StoredArrays, generates
from ..engines.registry import ENGINES
from ..engines.requirements import check_engine
from ..errors import NoUsableFace, OutputError, PlanChanged, SpecError, UnreadableMedia
from ..face.detection_cache import faces_seen_in
from ..face.mesh import OUTER_LIPS, VERTICES, chunks, lip_gap, lip_opening, lip_width
from ..face.occlusion import OCCLUSION_VERSION
from ..face.reasons import Reason
from ..face.tracks import TRACKS_VERSION
from ..media.content import frames_content, read_content
from ..media.info import MediaInfo
from ..media.sound import tracks_of_sound
from ..messages import Message, as_message, plain, tell, with_codes
from ..motion.adaptation import ADAPTATION_VERSION
from ..motion.motion_model import model_label
from ..motion.predict import version_of_choice
from ..rendering.inputs import Inputs, open_inputs, refuse_other_speech
from ..shot import Event, Progress, RenderSettings, Shot, from_json, notice, to_json
from ..speech.recording_checks import remarks
from ..storage.artefacts import array_of
from ..storage.cache import Cache, key_of
from ..storage.scratch import scratch_array
from ..weights.digests import model_digests
from .basis import Basis, basis_of, looked_at
from .covered import write_cover
from .frame_map import TakeFrames
from .generation import GenerationBlock, blocks_of, generate_blocks, kept_outline, outline_of
from .person import COVERED, Person, blend_shapes, eye_distances, fade_near_gaps, points_in_picture
from .plan_facts import PLAN_VERSION, PlanFacts
from .speaker_adaptation import adaptation_source

LOGGER = logging.getLogger(__name__)

_TOLD_S = Fraction(1, 2)  # differences in length below this are not worth a notice

Floats = NDArray[np.float32]
Ranges = Sequence[tuple[int, int]]  # of source frames, ends exclusive


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned shot of n frames: `folder` holds plan.json and one .npy file per array, read when asked for.

    frames (n,) int64 source frame numbers
    reasons (n,) uint8 of face.reasons.Reason: why a frame passes through, USABLE where it is rendered
    opening, width (n,) float32 wanted lip opening and width, eye distances; NaN where passed through
    gap (n,) float32 wanted distance of the inner lips down the face, signed, eye distances; NaN where passed through
    covered (n,) float32 share of the mouth that something lies before
    cover (n,) int32 row of what was found to lie there, −1 = nothing; cover_masks (m, R, C) bool, cover_positions (m, R, C, 2) float32: the
        places of `face.occlusion` that are covered, and where they lie in the stored picture, pixel centres at whole numbers; all three
        only where something was found
    eye_distance (n,) float32 between the outer eye corners, stored pixels
    mouth_box (n, 4) float32 left, top, right, bottom of the tracked lips, stored pixels, pixel centres at whole numbers
    and the engine's own.
    """

    folder: Path
    facts: PlanFacts
    info: MediaInfo

    def array(self, name: str) -> NDArray[Any]:
        """An array by name, mapped from disk."""
        return array_of(self.folder, name)


def make_plan(
    shot: Shot, settings: RenderSettings, cache: Cache, inputs: Inputs | None = None, *, wanted: str | None = None
) -> Generator[Event, None, Plan]:
    """Yields progress, returns the plan. `inputs` of the shot where they are open already; wanted: the key that the plan must have.

    Raises: InputError, NoUsableFace, SetupError, SpecError, OutputError; PlanChanged — the files give another plan than the wanted one.
    """
    inputs = inputs or open_inputs(shot, settings)
    info, frames = inputs.info, inputs.frames
    engine = ENGINES.get(settings.engine)
    check_engine(engine, info)
    yield from read_content(info, *_looked_at(inputs), cache)
    key = plan_key(shot, settings, inputs, cache)
    if wanted is not None and key != wanted:
        raise PlanChanged("plan.changed", file=info.path.name)
    plan = cache.read("plans", key, lambda folder: open_plan(folder, info))
    LOGGER.info("plan %s of %d frames: %s", key, len(frames.source), "made now" if plan is None else "from the cache")
    if plan is None:
        basis = yield from basis_of(shot, settings, cache, inputs)
        generated = None
        if generates(engine):
            outline = _outline_from(basis, engine, key, shot, settings, cache, inputs)
            generated = yield from generate_blocks(engine, outline, settings, cache)
        yield Progress(stage="plan", done=0, total=len(frames.source))
        with cache.making("plans", key) as made:
            context = context_of(made, basis, inputs, shot, settings, cache, generated)
            said = write_plan(engine, context)
            facts = _facts(key, shot, settings, basis, inputs, said)
            (made / "plan.json").write_bytes(to_json(facts))
            refuse_changed(shot, settings, inputs, cache, key)
        plan = cache.read("plans", key, lambda folder: open_plan(folder, info))
        if plan is None:
            raise OutputError("plan.not-kept", folder=cache.root)
    # The plan may have been made for another take: as to format, sound and the names of files this task counts.
    plan = Plan(plan.folder, replace(plan.facts, shot=shot, settings=settings, **_notices_about(shot, settings, plan.facts)), info)
    for told in with_codes(plan.facts.notices, plan.facts.notice_messages):
        yield notice(told)
    return plan


def outline_generation(
    shot: Shot, settings: RenderSettings, cache: Cache, inputs: Inputs
) -> Generator[Event, None, tuple[GenerationBlock, ...]]:
    """All blocks that have to be generated before the plan; none where the plan is there, or the engine has no such stage.

    Raises: as `make_plan`.
    """
    engine = ENGINES.get(settings.engine)
    yield from read_content(inputs.info, *_looked_at(inputs), cache)
    if not generates(engine) or cache.entry("plans", plan_key(shot, settings, inputs, cache)) is not None:
        return ()
    outline = yield from _outline(engine, shot, settings, cache, inputs)
    return blocks_of(engine, outline, settings, cache)


def generate_range(
    shot: Shot, settings: RenderSettings, cache: Cache, inputs: Inputs, start: int, end_exclusive: int
) -> Generator[Event, None, None]:
    """Generates the blocks of some frames of the take that the cache does not hold. Raises: as `make_plan`; SpecError — no such stage."""
    engine = ENGINES.get(settings.engine)
    if not generates(engine):
        raise SpecError("engine.generates-nothing", engine=engine.name)
    outline = yield from _outline(engine, shot, settings, cache, inputs)
    yield from generate_blocks(engine, outline, settings, cache, start, end_exclusive)


def _outline(
    engine: GeneratingEngine, shot: Shot, settings: RenderSettings, cache: Cache, inputs: Inputs
) -> Generator[Event, None, StoredArrays]:
    """From the cache, or made now."""
    yield from read_content(inputs.info, *_looked_at(inputs), cache)
    key = plan_key(shot, settings, inputs, cache)
    if (kept := kept_outline(key, cache, inputs.info)) is not None:
        return kept
    basis = yield from basis_of(shot, settings, cache, inputs)
    return _outline_from(basis, engine, key, shot, settings, cache, inputs)


def _outline_from(
    basis: Basis, engine: GeneratingEngine, key: str, shot: Shot, settings: RenderSettings, cache: Cache, inputs: Inputs
) -> StoredArrays:
    def context(folder: Path) -> PlanContext:
        refuse_changed(shot, settings, inputs, cache, key)
        return context_of(folder, basis, inputs, shot, settings, cache)

    return outline_of(engine, key, cache, inputs.info, context)


def open_plan(folder: Path, info: MediaInfo) -> Plan:
    """A plan that was made before. Raises: SpecError — not a plan of this version."""
    facts = from_json((folder / "plan.json").read_bytes(), PlanFacts)
    if facts.version != PLAN_VERSION:
        raise SpecError("plan.version", version=facts.version, known=PLAN_VERSION)
    return Plan(folder, facts, info)


def plan_key(shot: Shot, settings: RenderSettings, inputs: Inputs, cache: Cache) -> str:
    """Hash of everything a plan depends on: what the files hold, never what they are called or when they were written. Where the take
    goes and in which format is no part of it. Raises: InputError.
    """
    engine, info, frames = ENGINES.get(settings.engine), inputs.info, inputs.frames
    what = (
        shot.start,
        shot.end_exclusive,
        shot.face,
        settings.fit,
        settings.offset_ms,
        settings.intensity,
        engine.name,
        engine.version,
        settings.device if generates(engine) else None,  # devices make slightly different pictures of the same
        *model_digests(engine.needs.models, cache),
        settings.tracker,
        shot.speech_start,
        shot.speech_end,
        shot.speed,
        shot.keep,
        shot.speech_channels,
        shot.source_channels,
    )
    looked = _looked_at(inputs)
    content = (
        frames_content(info, *faces_seen_in(info, *looked), cache),
        blake2b(frames.source.tobytes() + frames.times.tobytes(), digest_size=16).hexdigest(),
        inputs.said,
        settings.adaptation,
        adaptation_source(info, *looked, shot.source_channels, settings, cache),
        *([] if inputs.holdout is None else [inputs.holdout.content(*looked, cache), inputs.holdout.first]),
        *([("occlusion", OCCLUSION_VERSION)] if settings.occlusion else []),
    )
    model = version_of_choice(settings.motion, settings.speech_encoder, cache)
    return key_of((PLAN_VERSION, TRACKS_VERSION, ADAPTATION_VERSION), model, content, what)


def refuse_changed(shot: Shot, settings: RenderSettings, inputs: Inputs, cache: Cache, key: str) -> None:
    """Makes sure that the files still hold what the plan of that key was made from. Raises: UnreadableMedia — one changed since."""
    if plan_key(shot, settings, inputs, cache) != key:
        raise UnreadableMedia("media.changed", file=inputs.info.path.name)
    refuse_other_speech(shot, settings, inputs)


def _looked_at(inputs: Inputs) -> tuple[int, int]:
    """The frames [first, last) of the clip that decide its plan."""
    source = inputs.frames.source
    return looked_at(inputs.info, int(source.min()), int(source.max()) + 1)


def context_of(
    folder: Path,
    basis: Basis,
    inputs: Inputs,
    shot: Shot,
    settings: RenderSettings,
    cache: Cache,
    generated: Generated | None = None,
) -> PlanContext:
    """All that the engine is told; its arrays go to `folder`. Raises: NoUsableFace."""
    person, frames = basis.person, inputs.frames
    usable = reasons_of(person, frames, shot.keep) == Reason.USABLE
    if not usable.any():
        why = Reason(int(np.bincount(reasons_of(person, frames, shot.keep)).argmax())).message
        raise NoUsableFace("face.unusable-in-range", number=person.number, reason=why)
    begins = shot.speech_start - inputs.sound.start_s  # in the part of the speech that was listened to
    speech_times = frames.times + float(begins) - settings.offset_ms / 1000
    ends = basis.motion.duration_s if shot.speech_end is None else float(shot.speech_end - inputs.sound.start_s)
    speech_range = (float(begins), ends)
    blend = fade_near_gaps(person, frames.source, frames.times, usable)
    deltas = basis.motion.at(speech_times, intensity=settings.intensity, speech_range=speech_range)
    at = frames.source - person.first_frame
    shapes = scratch_array((len(at), VERTICES, 3))
    for part in chunks(len(at)):
        wanted = np.repeat(person.neutral[None], len(deltas[part]), 0)
        wanted[:, list(basis.motion.vertices)] += deltas[part]
        shapes[part] = blend_shapes(person.neutral, person.shapes[at[part]], wanted, blend[part])
    return PlanContext(
        info=inputs.info,
        person=person,
        frames=frames.source,
        times=frames.times,
        fps=frames.fps,
        reasons=reasons_of(person, frames, shot.keep),
        blend=blend,
        shapes=shapes,
        speech=inputs.sound,
        speech_times=speech_times,
        speech_range=speech_range,
        motion_model=basis.model,
        settings=settings,
        cache=cache,
        folder=folder,
        regions=basis.regions,
        generated=generated,
    )


def write_plan(engine: Engine, context: PlanContext) -> EngineFacts:
    """Writes all arrays of a plan: those that every plan has, then the engine's."""
    write_shared_arrays(context.folder, context.info, context.person, context.frames, context.reasons, context.shapes)
    return engine.plan(context)


def write_shared_arrays(
    folder: Path, info: MediaInfo, person: Person, frames: NDArray[np.int64], reasons: NDArray[np.uint8], shapes: Floats
) -> None:
    """The arrays that every plan has, see `Plan`; shapes (n, 478, 3): the wanted ones."""
    usable = reasons == Reason.USABLE
    arrays: dict[str, NDArray[Any]] = {"frames": frames, "reasons": reasons, "eye_distance": eye_distances(person, info, frames)}
    for name, measured in (("opening", lip_opening), ("width", lip_width), ("gap", lip_gap)):
        arrays[name] = np.where(usable, measured(shapes), np.nan).astype(np.float32)
    write_cover(folder, info, person, frames, usable)
    lips = points_in_picture(person, info, frames, OUTER_LIPS)
    arrays["mouth_box"] = np.concatenate([lips.min(1), lips.max(1)], 1)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def reasons_of(person: Person, frames: TakeFrames, keep: Ranges) -> NDArray[np.uint8]:
    """(n,) why each frame of the take passes through; `keep`: source frames that stay as they are, ends exclusive."""
    reasons = np.asarray(person.reasons[frames.source - person.first_frame])
    for first, end in keep:
        reasons[(frames.source >= first) & (frames.source < end)] = Reason.CHOICE
    return reasons


def _facts(key: str, shot: Shot, settings: RenderSettings, basis: Basis, inputs: Inputs, said: EngineFacts) -> PlanFacts:
    frames = inputs.frames
    notices = (*_of_faces(basis), *map(as_message, said.notices), *_notices(basis, inputs, shot))
    return PlanFacts(
        key=key,
        shot=shot,
        settings=settings,
        duration=frames.timing.duration,
        frames=len(frames.source),
        face=basis.person.number,
        faces=", ".join(said.message for said in basis.faces),
        face_messages=tuple(basis.faces),
        drawn_mouth=said.drawn_mouth,
        motion_model=model_label(basis.model),
        adaptation=basis.adaptation.result.said,
        lip_calibration=said.lip_calibration,
        notices=tuple(notice.message for notice in notices),
        notice_messages=notices,
    )


def _notices_about(shot: Shot, settings: RenderSettings, facts: PlanFacts) -> dict[str, tuple[Any, ...]]:
    """The notices of a plan that may have been made when its files had other names."""
    before = (facts.shot.video, facts.shot.speech, facts.settings.style_from)
    names = {
        Path(old).name: Path(new).name
        for old, new in zip(before, (shot.video, shot.speech, settings.style_from), strict=True)
        if old and new
    }
    notices = tuple(_renamed(said, names) for said in facts.notice_messages)
    return {"notices": tuple(said.message for said in notices), "notice_messages": notices} if notices else {}


def _renamed(said: Message, names: Mapping[str, str]) -> Message:
    """A notice, and whatever is said within it, about files that have other names now."""

    def now(param: str, value: Any) -> Any:
        if isinstance(value, dict):
            return _renamed(msgspec.convert(value, Message), names)
        if isinstance(value, list):
            return [now("", each) for each in value]
        return names.get(value, value) if param == "file" else value

    if said.code is None:
        return said
    told = tell(said.code, **{param: now(param, value) for param, value in said.params.items()})
    return said if told.params == said.params else told


def _of_faces(basis: Basis) -> Iterator[Message]:
    if len(basis.faces) > 1:
        yield tell("face.several", number=basis.person.number, faces=basis.faces)


def _notices(basis: Basis, inputs: Inputs, shot: Shot) -> Iterator[Message]:
    """What the user should know about this shot, a sentence each."""
    info, sound, frames = inputs.info, inputs.sound, inputs.frames
    reasons = reasons_of(basis.person, frames, shot.keep)
    passed, broken = int((reasons != Reason.USABLE).sum()), np.intersect1d(basis.damaged, frames.source)
    if passed:
        yield tell("plan.passed-through", passed=passed, frames=len(reasons))
    if basis.person.covered is not None:
        covered = basis.person.covered[frames.source - basis.person.first_frame] > COVERED
        if covered.any():
            yield tell("plan.covered", covered=int(covered.sum()), frames=len(reasons))
    if len(broken):
        yield tell("plan.damaged-frames", count=len(broken), first=broken[0])
    if info.missing_frames:
        yield tell("plan.breaks-off", file=info.path.name, missing=info.missing_frames)
    tracks = tracks_of_sound(shot.speech)
    if len(tracks) > 1 and not shot.speech_channels:
        yield tell("speech.other-tracks", file=Path(shot.speech).name, tracks=len(tracks))
    yield from remarks(sound.samples, basis.motion.speaking, clipped=sound.clipped)
    if basis.adaptation.result.notice:
        yield basis.adaptation.result.message or plain(basis.adaptation.result.said)
    lengths = {"speech_s": f"{float(inputs.heard_s):.1f}", "take_s": f"{float(frames.timing.duration):.1f}"}
    if inputs.heard_s < frames.timing.duration - _TOLD_S:
        yield tell("speech.ends-early", **lengths)
    elif inputs.heard_s > frames.timing.duration + _TOLD_S:
        yield tell("speech.cut-off", **lengths)
