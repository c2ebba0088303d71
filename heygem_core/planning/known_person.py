"""Keeps the person of a clip in the cache: new speech for a known clip finds them as they are, instead of linking and smoothing the faces
of all its frames again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableMedia
from ..face.detection_cache import faces_seen_in, find_faces
from ..face.mesh import Pose
from ..face.tracker_registry import LazyTracker
from ..face.tracks import TRACKS_VERSION, FaceTracks, build_tracks, messages_of_people
from ..media.content import frames_content, read_content
from ..messages import Message
from ..shot import Event, Struct, from_json, to_json
from ..storage.arrays import load_array
from ..storage.artefacts import array_of
from ..storage.cache import Cache, key_of
from .person import PERSON_VERSION, Person, person_of

if TYPE_CHECKING:
    from ..media.info import MediaInfo
    from ..media.kept_regions import KeptRegions

_KIND = "people"
_POSE = ("scale", "rotation", "shift")


class KnownPerson(NamedTuple):
    """What the pictures of a range say about who is to speak."""

    person: Person  # as if nothing ever lay before the face
    faces: list[Message]  # all faces of the range, a message each
    damaged: NDArray[np.int64]  # source frames that could not be decoded


class _Facts(Struct, frozen=True, kw_only=True):
    number: int
    first_frame: int
    faces: list[Message]


def known_person(
    info: MediaInfo, first: int, last: int, face: int | None, tracker: str, cache: Cache, regions: KeptRegions | None = None
) -> Generator[Event, None, KnownPerson]:
    """The person with that number, or the most prominent one, among the faces of frames [first, last). Yields progress where pictures are
    looked at; what lies around the faces in them is then kept in `regions`. Raises: InputError, NoUsableFace, SetupError, OutputError.
    """
    seen_in = faces_seen_in(info, first, last)
    yield from read_content(info, *seen_in, cache)
    content = frames_content(info, *seen_in, cache)
    with closing(LazyTracker(tracker)) as seen_by:
        version = seen_by.version
    key = key_of(PERSON_VERSION, TRACKS_VERSION, tracker, version, content, first, last, float(info.mean_rate), face)
    known = cache.read(_KIND, key, _read)
    if known is not None:
        return known
    tracks, damaged = yield from find_tracks(info, first, last, tracker, cache, regions)
    found = KnownPerson(person_of(tracks, info, face), messages_of_people(tracks), damaged)
    del tracks  # of a long clip they are large, and what is needed of them is known
    if frames_content(info, *seen_in, cache) != content:
        raise UnreadableMedia("media.changed", file=info.path.name)
    with cache.making(_KIND, key) as made:
        _write(found, made)
    return found


def find_tracks(
    info: MediaInfo, first: int, last: int, tracker: str, cache: Cache, regions: KeptRegions | None = None
) -> Generator[Event, None, tuple[FaceTracks, NDArray[np.int64]]]:
    """The faces of frames [first, last), one track for each person, and the frames that are damaged. Raises: as `find_faces`."""
    seen, damaged, version = yield from find_faces(info, first, last, tracker, cache, regions)
    return build_tracks(seen, version), damaged


def _write(known: KnownPerson, folder: Path) -> None:
    person = known.person
    arrays = {name: getattr(person, name) for name in ("shapes", "reasons", "scenes", "neutral")}
    arrays |= {name: getattr(person.pose, name) for name in _POSE}
    for name, array in (*arrays.items(), ("damaged", known.damaged)):
        np.save(folder / f"{name}.npy", array)
    facts = _Facts(number=person.number, first_frame=person.first_frame, faces=known.faces)
    (folder / "person.json").write_bytes(to_json(facts))


def _read(folder: Path) -> KnownPerson:
    facts = from_json((folder / "person.json").read_bytes(), _Facts)
    reasons, scenes, neutral, damaged, *pose = (
        load_array(folder / f"{name}.npy") for name in ("reasons", "scenes", "neutral", "damaged", *_POSE)
    )
    person = Person(
        number=facts.number,
        first_frame=facts.first_frame,
        shapes=array_of(folder, "shapes"),
        pose=Pose(*pose),
        reasons=reasons,
        scenes=scenes,
        neutral=neutral,
    )
    return KnownPerson(person, facts.faces, damaged)
