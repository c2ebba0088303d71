"""Posters, proxies and contact sheets are made once, and again when they or what they show are not what they were."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from heygem_core.tasks.specs import PosterTask
from heygem_server.rendering.preview_cache import PreviewCache

from .running_services import settings


class Looks:
    """Writes the text of the source as its poster, and counts."""

    executor = None

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, task: Any) -> None:
        assert isinstance(task, PosterTask)
        self.asked += 1
        Path(task.output).write_bytes(b"poster of " + Path(task.path).read_bytes())


async def test_a_damaged_look_is_made_again_and_a_whole_one_is_not(tmp_path: Path) -> None:
    """A file of any content counted, if only it was not empty."""
    clip, other = tmp_path / "clip.mp4", tmp_path / "other.mp4"
    clip.write_bytes(b"one")
    other.write_bytes(b"two")
    looks = Looks()
    cache = PreviewCache(looks, None, settings(tmp_path))  # type: ignore[arg-type]
    made = await cache.poster(str(clip))
    assert await cache.poster(str(clip)) == made
    assert looks.asked == 1
    made.write_bytes(b"poster of 0ne")
    assert (await cache.poster(str(clip))).read_bytes() == b"poster of one"
    assert looks.asked == 2
    second = await cache.poster(str(other))
    aside = tmp_path / "aside"
    made.parent.rename(aside)
    second.parent.rename(made.parent)
    aside.rename(second.parent)
    assert (await cache.poster(str(clip))).read_bytes() == b"poster of one"
    assert (await cache.poster(str(other))).read_bytes() == b"poster of two"
    assert looks.asked == 5


async def test_a_file_that_changed_is_looked_at_again_also_at_the_same_size_and_time(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"one")
    before = clip.stat()
    cache = PreviewCache(Looks(), None, settings(tmp_path))  # type: ignore[arg-type]
    assert (await cache.poster(str(clip))).read_bytes() == b"poster of one"
    new = tmp_path / "new"
    new.write_bytes(b"two")
    new.replace(clip)
    os.utime(clip, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (await cache.poster(str(clip))).read_bytes() == b"poster of two"
