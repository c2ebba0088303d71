"""Everything behind the HTTP routes, brought up and taken down in order: store, events, workers, scheduler, retention."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from heygem_core.errors import HeygemError
from heygem_core.messages import tell, with_codes
from heygem_core.storage.cache import Cache

from ..errors import ServerError
from ..executors.base import Executor, Limits
from ..executors.inspection_pool import InspectionPool
from ..executors.registry import open_executor
from ..log import LOGGER
from ..settings import ServerSettings
from ..store import Store
from ..wire import Deletion, TakeView, TrashEmptied
from .clock_check import ages_can_be_told
from .events import Broadcaster
from .handing_in import REFUSED
from .job_log import JobLogs
from .preview_cache import PreviewCache
from .preview_making import make_previews
from .quality_measuring import measure_when_idle
from .retention import sweep
from .scheduler import Scheduler
from .take_files import check_takes
from .timeline_store import forget_timeline
from .trash import empty_trash, restore, settle_trash

_SWEPT_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the routes work with. `delete_…` block for a moment: call them in a thread."""

    store: Store
    events: Broadcaster
    scheduler: Scheduler
    look: PreviewCache
    logs: JobLogs
    executor: Executor
    data_folder: Path

    def delete_job(self, job: str, force: bool = False) -> Deletion:
        """Forgets a job; its takes go into the trash, except those that a timeline uses. Raises: NotFound, Conflict."""
        timeline = self.store.job_view(job).timeline
        gone = self.store.delete(job, force)
        settle_trash(self.store)
        forget_timeline(self.data_folder, timeline, job)
        self.logs.forget(job)
        return gone

    def delete_take(self, take: str, force: bool = False) -> TakeView:
        """Moves a take into the trash, with its files; notices name those that stay. Raises: NotFound, Conflict — it is pinned or used."""
        gone = self.store.delete_take(take, force)
        left = [tell("trash.other-file", file=path.name) for path in settle_trash(self.store).get(take, ())]
        said = (*with_codes(gone.notices, gone.notice_messages), *left)
        return replace(gone, notices=tuple(each.message for each in said), notice_messages=said) if left else gone

    def restore_take(self, take: str) -> TakeView:
        """Puts it back from the trash. Raises: NotFound — it is not there any more."""
        return restore(self.store, take)

    def empty_trash(self) -> TrashEmptied:
        """Removes all deleted takes for good."""
        takes, freed = empty_trash(self.store)
        return TrashEmptied(takes=takes, freed_bytes=freed)


@asynccontextmanager
async def open_services(settings: ServerSettings) -> AsyncIterator[Services]:
    """Runs until the block ends. The caller makes sure that nobody else uses the data folder (`running.only_one`).

    Raises: Broken — the database cannot be used; OSError — the folders cannot.
    """
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    store = await asyncio.to_thread(Store, settings.data_folder / "heygem.sqlite3")
    with suppress(*REFUSED):  # before anything of this start is written down
        await asyncio.to_thread(ages_can_be_told, store, time.time())
    events, logs = Broadcaster(store), JobLogs(settings.data_folder / "logs" / "jobs")
    limits = Limits(memory_bytes=settings.memory_limit_bytes, stall_s=settings.stall_limit_s)
    executor = open_executor(settings, limits)
    look = InspectionPool(
        threads=settings.threads_per_worker,
        memory_bytes=settings.memory_limit_bytes,
        whole_s=settings.look_limit_s,
        stall_s=settings.stall_limit_s,
    )
    scheduler = Scheduler(store, events, executor, look, logs, settings)
    if hasattr(executor, "listen"):
        executor.listen(scheduler.look_again)
    looks = PreviewCache(look, store, settings)
    services = Services(
        store=store, events=events, scheduler=scheduler, look=looks, logs=logs, executor=executor, data_folder=settings.data_folder
    )
    try:
        await scheduler.recover()
        working = [asyncio.create_task(scheduler.run()), asyncio.create_task(_sweep_now_and_then(services, settings))]
        if settings.make_previews:
            working.append(asyncio.create_task(make_previews(store, looks)))
        if settings.measure_takes:
            working.append(asyncio.create_task(measure_when_idle(store, scheduler, services.look)))
        try:
            yield services
        finally:
            await scheduler.stop()
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
    finally:
        await asyncio.gather(executor.close(), look.executor.close(1.0))
        await scheduler.settled()  # what was ended just now is recorded
        store.close()


async def _sweep_now_and_then(services: Services, settings: ServerSettings) -> None:
    """What does not succeed is tried again an hour later; one that fails keeps no other from its turn."""
    store = services.store
    turns: dict[str, Callable[[], object]] = {
        "copying the database": lambda: store.back_up_daily(time.time()),
        "sweeping": lambda: _freed(sweep(store, settings)),
        "sweeping the cache": lambda: _freed(Cache(settings.cache).prune()),
        "looking for takes": lambda: check_takes(store),
    }
    while True:
        for name, turn in turns.items():
            try:
                await asyncio.to_thread(turn)
            except (OSError, HeygemError, ServerError) as error:
                LOGGER.warning("%s did not succeed: %s", name, error)
            except Exception:
                LOGGER.exception("%s failed", name)
        await asyncio.sleep(_SWEPT_S)


def _freed(freed: int) -> None:
    if freed:
        LOGGER.info("swept", extra={"facts": {"freed_bytes": freed}})
