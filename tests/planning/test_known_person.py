"""The person of a known clip is not looked for again among the faces of its frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import SpecError
from heygem_core.media.probe import probe
from heygem_core.planning import known_person as module
from heygem_core.planning.known_person import KnownPerson, known_person
from heygem_core.storage.cache import Cache


def person(clip: Path, cache: Path, first: int = 0, last: int = 30, face: int | None = None) -> KnownPerson:
    steps = known_person(probe(clip), first, last, face, "mediapipe", Cache(cache))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def test_new_speech_for_a_known_clip_finds_its_person_as_they_were(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = clips / "grid" / "bbaf2n.mpg"
    before = person(clip, tmp_path)
    linked: list[Any] = []
    really = module.build_tracks
    monkeypatch.setattr(module, "build_tracks", lambda *about: linked.append(about) or really(*about))
    again = person(clip, tmp_path)
    assert not linked
    assert (again.faces, again.person.number, again.person.first_frame) == (before.faces, 1, 0)
    np.testing.assert_array_equal(again.damaged, before.damaged)
    for name in ("shapes", "reasons", "scenes", "neutral"):
        one, other = getattr(again.person, name), getattr(before.person, name)
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    for name in ("scale", "rotation", "shift"):
        np.testing.assert_array_equal(getattr(again.person.pose, name), getattr(before.person.pose, name))
    assert len(person(clip, tmp_path, last=20).person.shapes) == 20
    assert len(linked) == 1, "another range is another person's frames"
    with pytest.raises(SpecError):
        person(clip, tmp_path, face=2)
