"""What people look at before and after a render: facts, posters, faces, waveforms, small versions. Made once by a child, then kept in the cache.

A key is the file's fingerprint and the question, so a changed file is looked at again. Two who ask at the same time wait for the same child.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from heygem_core.cache import Cache, fingerprint, key_of
from heygem_core.errors import OutputError
from heygem_core.shot import from_json, to_json
from heygem_core.tasks import FacesFound, FacesTask, PosterTask, Probed, ProbeTask, ProxyTask, SheetTask, Waveform, WaveformTask

if TYPE_CHECKING:
    from .workers.look import Look

_KIND = "looks"


class Pictures:
    """Every method waits for a child where nothing is kept. Raises: HeygemError as the child said it."""

    def __init__(self, look: Look, cache: Path) -> None:
        self._look, self._root, self._cache = look, cache, Cache(cache)
        self._making: dict[str, asyncio.Task[Path]] = {}

    async def probe(self, path: str) -> Probed:
        return await self._answer(ProbeTask(path=path), Probed)

    async def faces(self, path: str) -> FacesFound:
        return await self._answer(FacesTask(path=path, cache=str(self._root)), FacesFound)

    async def waveform(self, path: str) -> Waveform:
        return await self._answer(WaveformTask(path=path), Waveform)

    async def poster(self, path: str, frame: int | None = None) -> Path:
        """A JPEG."""
        return await self._file(path, "poster.jpg", lambda output: PosterTask(path=path, output=output, frame=frame))

    async def proxy(self, path: str, start: int = 0, end_exclusive: int | None = None) -> Path:
        """A video that every browser plays."""
        return await self._file(
            path, "proxy.mp4", lambda output: ProxyTask(path=path, output=output, start=start, end_exclusive=end_exclusive)
        )

    async def contact_sheet(self, source: str, take: str) -> Path:
        """A JPEG of frames of the take beside those of its source."""
        return await self._file(take, "sheet.jpg", lambda output: SheetTask(source=source, take=take, output=output))

    async def _answer(self, task: Any, kind: type) -> Any:
        async def make(folder: Path) -> None:
            answer = await self._look.ask(task)
            (folder / "answer.json").write_bytes(to_json(answer))

        made = await self._kept(task.path, _without_path(task), make)
        return from_json(await asyncio.to_thread((made / "answer.json").read_bytes), kind)

    async def _file(self, path: str, name: str, task: Callable[[str], Any]) -> Path:
        async def make(folder: Path) -> None:
            await self._look.ask(task(str(folder / name)))

        return await self._kept(path, _without_path(task(name)), make) / name

    async def _kept(self, path: str, question: Any, make: Callable[[Path], Any]) -> Path:
        """The cache's folder of this question about this file."""
        key = key_of(question, await asyncio.to_thread(fingerprint, path))
        found = await asyncio.to_thread(self._cache.entry, _KIND, key)
        if found is not None:
            return found
        if key not in self._making:
            self._making[key] = task = asyncio.create_task(self._make(key, make))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(self._making[key])

    async def _make(self, key: str, make: Callable[[Path], Any]) -> Path:
        with self._cache.making(_KIND, key) as folder:
            await make(folder)
        made = self._cache.entry(_KIND, key)
        if made is None:
            raise OutputError("The cache was emptied meanwhile: try again.")
        return made


def _without_path(task: Any) -> Any:
    """The question alone: a moved file is the same file."""
    return msgspec.structs.replace(task, **({"path": ""} if hasattr(task, "path") else {"take": ""}))
