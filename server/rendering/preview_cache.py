"""Looks at files and takes for the page: made once, kept by what they show, dropped by retention when nobody asked for long."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from heygem_core.shot import RenderSettings, Shot, Struct
from heygem_core.storage.artefacts import FOLDER_SEAL, FileState, folder_is_whole, seal_folder
from heygem_core.tasks.specs import (
    FacesFound,
    FacesTask,
    MeasureTask,
    PosterTask,
    Probed,
    ProbeTask,
    ProxyTask,
    SheetTask,
    Task,
    Waveform,
    WaveformTask,
)

from ..errors import NotFound
from ..executors.inspection_pool import InspectionPool
from ..settings import ServerSettings
from ..store import Store
from ..wire import TakeView
from .steps import weak_of
from .take_files import report_as_written

_T = TypeVar("_T")

LOGGER = logging.getLogger(__name__)


class _Source(Struct, frozen=True, kw_only=True):
    """What is needed of a shot to show the frames it was made from."""

    shot: Shot
    settings: RenderSettings


class PreviewCache:
    """Every method raises HeygemError where the file cannot be looked at."""

    def __init__(self, look: InspectionPool, store: Store, settings: ServerSettings) -> None:
        self.ask, self.executor = look.ask, look.executor
        self._store, self._settings = store, settings
        self._folder = settings.data_folder / "looks"
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._measuring: dict[str, asyncio.Task[TakeView]] = {}

    async def probe(self, path: str) -> Probed:
        """The facts of a file."""
        return await self._answer(ProbeTask(path=path), Probed)

    async def faces(self, path: str, *, start: int = 0, end_exclusive: int | None = None) -> FacesFound:
        """The people of a range of a clip, numbered as a shot of that range numbers them; followed once, for the render too."""
        task = FacesTask(path=path, start=start, end_exclusive=end_exclusive, cache=str(self._settings.cache))
        return await self._answer(task, FacesFound)

    async def waveform(self, path: str, channels: tuple[int, ...] = ()) -> Waveform:
        return await self._answer(WaveformTask(path=path, channels=channels), Waveform)

    async def poster(self, path: str, frame: int | None = None) -> Path:
        """A JPEG of one frame; None = one from the middle."""
        return await self._made(path, f"poster {frame}", "poster.jpg", lambda out: PosterTask(path=path, output=out, frame=frame))

    async def proxy(self, path: str, channels: tuple[int, ...] = ()) -> Path:
        """An .mp4 that every browser plays; its folder's name names this version of this file and nothing else."""
        what = f"proxy {channels}" if channels else "proxy"
        return await self._made(path, what, "proxy.mp4", lambda out: ProxyTask(path=path, output=out, channels=channels))

    async def source_proxy(self, take: TakeView) -> Path:
        """The frames of the original that lie under the take's, in its order, as an .mp4."""
        source = await asyncio.to_thread(self._source, take)
        shot, settings = source.shot, source.settings

        def task(out: str) -> ProxyTask:
            return ProxyTask(
                path=shot.video,
                output=out,
                start=shot.start,
                end_exclusive=shot.end_exclusive,
                speed=shot.speed,
                shows=shot.shows,
                fit=settings.fit,
                deinterlace=settings.deinterlace,
                frames=take.frames,
            )

        what = f"source {shot.start} {shot.end_exclusive} {shot.speed} {settings.fit} {settings.deinterlace} {take.frames}"
        what += f" {shot.shows}" if shot.shows else ""
        return await self._made(shot.video, what, "source.mp4", task)

    async def contact_sheet(self, take: TakeView) -> Path:
        """A JPEG of frames of the take below those of its source."""
        source = await asyncio.to_thread(self._source, take)
        return await self._made(
            take.path, "sheet", "contact-sheet.jpg", lambda out: SheetTask(source=source.shot.video, take=take.path, output=out)
        )

    async def measure(self, take: TakeView) -> TakeView:
        """Looks at the take again: figures go into its report, weak frames also into its view. Once at a time for each take."""
        measuring = self._measuring.get(take.id)
        if measuring is None:
            measuring = self._measuring[take.id] = asyncio.create_task(self._measure(take))
            measuring.add_done_callback(lambda _: self._measuring.pop(take.id, None))
        return await asyncio.shield(measuring)

    async def _measure(self, take: TakeView) -> TakeView:
        await self.ask(MeasureTask(take=take.path, cache=str(self._settings.cache)))
        weak = await asyncio.to_thread(weak_of, Path(take.path))
        report = await asyncio.to_thread(report_as_written, Path(take.path))
        return await asyncio.to_thread(self._store.measured, take.id, weak, () if report is None else (report,))

    async def _answer(self, task: Task, kind: type[_T]) -> _T:
        answer = await self.ask(task)
        assert isinstance(answer, kind)
        return answer

    async def _made(self, path: str, what: str, name: str, task: Callable[[str], Task]) -> Path:
        """The file of an earlier look at the same bytes, or a new one; who asks for the same at the same time waits for it."""
        made = self._folder / await asyncio.to_thread(_key, path, what) / name
        if await asyncio.to_thread(_used, made):
            return made
        making = self._making.get(made)
        if making is None:
            making = self._making[made] = asyncio.create_task(self._make(made, task(str(made))))
            making.add_done_callback(lambda _: self._making.pop(made, None))
        # Who asked first may leave: the others still wait for it.
        await asyncio.shield(making)
        return made

    async def _make(self, made: Path, task: Task) -> None:
        await asyncio.to_thread(made.parent.mkdir, parents=True, exist_ok=True)
        try:
            await self.ask(task)
            await asyncio.to_thread(seal_folder, made.parent, made.parent.name)
        except BaseException:
            with suppress(OSError):  # not empty where somebody else was faster
                made.parent.rmdir()
            raise

    def _source(self, take: TakeView) -> _Source:
        """Raises: NotFound — the shot was deleted."""
        found = self._store.source_of(take.shot)
        if found is None:
            raise NotFound("take.original-unknown", take=take.name)
        return _Source(shot=found[0], settings=found[1])


def _key(path: str, what: str) -> str:
    """Names the file as it is now. Raises: NotFound."""
    try:
        state = FileState.of(os.stat(path))
    except OSError:
        raise NotFound("media.gone", file=Path(path).name) from None
    return sha256(f"{os.path.abspath(path)}\0{state}\0{what}".encode()).hexdigest()[:32]


def _used(made: Path) -> bool:
    """Whether it is there, as it was made; from now on it counts as just used. Raises: OutputError, see `is_whole`."""
    folder = made.parent
    if folder_is_whole(folder, folder.name):
        with suppress(OSError):
            os.utime(folder)
        return True
    if (folder / FOLDER_SEAL).exists():
        LOGGER.warning("The look %s/%s is damaged: it is thrown away and made again", folder.name, made.name)
        shutil.rmtree(folder, ignore_errors=True)
    return False
