"""The mouths that a plan takes out of a clip are there for the next one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.engines.mesh import prepare
from heygem_core.planning.plan import Plan, make_plan
from heygem_core.shot import RenderSettings, Shot
from heygem_core.storage.cache import Cache


def planned(clip: Path, speech: Path, cache: Path) -> Plan:
    steps = make_plan(Shot(video=str(clip), speech=str(speech)), RenderSettings(motion="mel", fit="hold"), Cache(cache))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def test_other_speech_for_a_known_clip_decodes_only_the_mouths_that_are_new(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second of other speech cost reading most of the clip again."""
    grid = clips / "grid"
    clip, one, two = grid / "bbaf2n.mpg", grid / "lrwp9a.mpg", grid / "sbwe5n.mpg"
    read: list[list[int]] = []
    really = prepare._read

    def noted(info: Any, numbers: Any, *others: Any) -> Iterator[Any]:
        read.append(numbers.tolist())
        return really(info, numbers, *others)

    planned(clip, one, tmp_path / "cache")
    shutil.copytree(tmp_path / "cache", tmp_path / "other", ignore=shutil.ignore_patterns("mouths", "plans"))
    monkeypatch.setattr(prepare, "_read", noted)
    after, afresh = planned(clip, two, tmp_path / "cache"), planned(clip, two, tmp_path / "other")
    some, all_of_them = read
    assert set(some) < set(all_of_them)
    assert len(some) < 0.7 * len(all_of_them)
    for name in (*prepare.ARRAYS, "patch_digests"):
        np.testing.assert_array_equal(after.array(name), afresh.array(name))


@pytest.mark.full
def test_kept_mouths_that_were_damaged_are_taken_from_the_clip(clips: Path, tmp_path: Path) -> None:
    grid = clips / "grid"
    clip, one, two = grid / "bbaf2n.mpg", grid / "lrwp9a.mpg", grid / "sbwe5n.mpg"
    planned(clip, one, tmp_path / "cache")
    shutil.copytree(tmp_path / "cache", tmp_path / "other", ignore=shutil.ignore_patterns("mouths", "plans"))
    (kept,) = (tmp_path / "cache" / "mouths").glob("*/patches.npy")
    bytes_of = bytearray(kept.read_bytes())
    bytes_of[len(bytes_of) // 2] ^= 255
    kept.unlink()  # the plan has the file under another name
    kept.write_bytes(bytes_of)
    after, afresh = planned(clip, two, tmp_path / "cache"), planned(clip, two, tmp_path / "other")
    np.testing.assert_array_equal(after.array("patches"), afresh.array("patches"))
