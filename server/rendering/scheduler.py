"""Gives work to workers: claims a piece, does it (`steps`), hands in what became of it; stops what was called off.

One loop claims as many pieces as there are free workers. It sleeps until something changed: a commit, a finished piece, a
delay that is over. Whoever changes a job's state does it in the store; here the running pieces follow within a moment.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from heygem_core import errors as core
from heygem_core.messages import Message, message_of, plain, tell
from heygem_core.shot import Event, Notice, Progress, Shot
from heygem_core.storage.os_errors import is_lasting, refused
from heygem_core.tasks.specs import Probed, ProbeTask
from heygem_core.tasks.worker import Picture

from ..errors import BadRequest, Broken, ServerError, StaleAttempt
from ..executors.base import Executor, Piece, SlotState, Watcher, WorkFailed, full_beside, room_for, slots_of
from ..executors.inspection_pool import InspectionPool
from ..log import LOGGER
from ..settings import ServerSettings
from ..store import Claim, Store
from ..store.work import HEARTBEAT_S, MOST_COUNTED, note_slot_in
from ..wire import Estimate, Happened, JobDetail, JobRequest, JobView, LogLine, PreviewHeader, ShotView, SlotView
from .disk_space import trouble
from .events import Broadcaster
from .handing_in import REFUSED, Together, hand_in
from .job_log import JobLogs
from .progress import LiveProgress
from .steps import StepContext, do, title
from .take_files import check_takes, settle_intents, sweep_staging
from .trash import settle_trash

_DISK_CHECKED_S = 2.0
REFUSED_S = 1.0  # between two tries of a queue that could not be read or written
_LONGEST_SLEEP_S = 30.0
_NOT_AGAIN = {kind.exit_code for kind in (core.SpecError, core.InputError, core.NoUsableFace, core.SetupError)}
"""Exit codes of failures that another try cannot mend."""
_MOST_PROBED, _PROBED_S = 20, 15.0  # videos looked at for an estimate, and for how long


@dataclass(slots=True, eq=False)
class _Running:
    claim: Claim
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    doing: asyncio.Task[None] | None = None
    slot: str | None = None  # where it runs; None = not yet


class Scheduler:
    """`await recover()`, then `run()` as a task, then `await stop()`."""

    def __init__(
        self, store: Store, events: Broadcaster, executor: Executor, look: InspectionPool, logs: JobLogs, settings: ServerSettings
    ) -> None:
        self.message: Message | None = None  # why nothing is given out at present
        self._store, self._events, self._executor, self._logs, self._settings = store, events, executor, logs, settings
        self._together = Together(store)
        self._context = StepContext(store=store, together=self._together, executor=executor, look=look, settings=settings)
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._running: dict[int, _Running] = {}
        self._last: Piece | None = None  # what was claimed last: the next is most likely one like it
        self._live = LiveProgress()
        self._writing: set[asyncio.Task[None]] = set()  # where pieces run, on its way into the store
        self._wake = asyncio.Event()
        self._stopping = False
        self._announced: Message | None = None  # what was last told of `message` by an event
        self._disk: Message | None = None  # a disk that is too full
        self._full: set[Path] = set()  # folders of jobs in which a take found no room
        self._disk_checked = 0.0
        self._loop = asyncio.get_running_loop()
        store.listen(self._heard)

    async def recover(self) -> None:
        """Sets right what a killed server left behind; nobody else may be at work on this data folder."""
        await asyncio.to_thread(self._recover)

    async def run(self) -> None:
        """Until `stop`."""
        beating = asyncio.create_task(self._beat())
        try:
            while not self._stopping:
                try:
                    await self._fill()
                    await self._sleep()
                except (*REFUSED, Broken) as refused:
                    await self._say(refused.said)
                    await asyncio.sleep(REFUSED_S)
                except Exception:
                    LOGGER.exception("the queue could not be read; trying again")
                    await asyncio.sleep(REFUSED_S)
        finally:
            beating.cancel()

    async def stop(self) -> None:
        """Calls all running pieces back; they wait for the next server."""
        self._stopping = True
        self._context.stopping.set()
        self._wake.set()
        for running in self._running.values():
            running.stop.set()
        await self.settled(self._executor.stop_grace_s)

    async def settled(self, within_s: float | None = None) -> None:
        """Until nothing is running any more."""
        doing = [*self._writing, *(running.doing for running in self._running.values() if running.doing is not None)]
        if doing:
            await asyncio.wait(doing, timeout=within_s)

    @property
    def idle(self) -> bool:
        """Whether no worker of the queue has work."""
        return not self._running

    def slots(self) -> tuple[SlotView, ...]:
        """Where tasks run, and what is in each now."""
        there = {running.slot: running.claim for running in self._running.values() if running.slot is not None}
        return tuple(_slot_view(slot, there.get(slot.name)) for slot in slots_of(self._executor))

    def look_again(self) -> None:
        """Somebody else put work into the database."""
        self._wake.set()

    # --- what people see -------------------------------------------------------------------------------------------

    def live_job(self, view: JobView) -> JobView:
        """A job as it is at this moment, with why it waits."""
        why = self._why(view)
        return msgspec.structs.replace(self._live.job(view), why=None if why is None else why.message, why_message=why)

    def live_shot(self, view: ShotView) -> ShotView:
        """A shot as it is at this moment, with why it waits."""
        if view.state == "queued" and view.why is None:
            for running in self._running.values():
                if running.claim.kind == "plan" and running.claim.request.video == view.request.video and running.claim.shot != view.id:
                    why = tell("queue.same-video", shot=running.claim.name)
                    return msgspec.structs.replace(view, why=why.message, why_message=why)
        return self._live.shot(view)

    def live(self, detail: JobDetail) -> JobDetail:
        """Both."""
        return JobDetail(job=self.live_job(detail.job), shots=tuple(map(self.live_shot, detail.shots)), next=detail.next)

    def estimate(self, request: JobRequest, shots: Sequence[Shot]) -> Estimate:
        """From what this machine did before and from the lengths of the videos. Blocks for their sake: never call it on the event loop."""
        known = self._frame_counts({shot.video for shot in shots if shot.end_exclusive is None})
        frames = 0
        for shot in shots:
            end = known.get(shot.video) if shot.end_exclusive is None else shot.end_exclusive
            if end is None:
                return Estimate(seconds=None, frames=None, disk_bytes=None)
            frames += len(shot.shows) or round(max(0, end - shot.start) / abs(shot.speed))
        pace, size = self._store.seconds_per_frame(), self._store.bytes_per_frame(request.settings.format)
        return Estimate(
            seconds=None if pace is None else round(frames * pace / min(self._executor.capacity, max(1, len(shots))), 1),
            frames=frames,
            disk_bytes=None if size is None else round(frames * size),
        )

    def _frame_counts(self, videos: set[str]) -> dict[str, int]:
        """Of those that can be looked at in time."""
        known: dict[str, int] = {}

        async def look(video: str) -> None:
            with suppress(core.HeygemError, ServerError):
                facts = await self._context.look.ask(ProbeTask(path=video))
                if isinstance(facts, Probed) and facts.kind == "video" and facts.frames is not None:
                    known[video] = facts.frames

        async def look_at_all() -> None:
            await asyncio.gather(*map(look, videos))

        if videos and len(videos) <= _MOST_PROBED:
            asked = asyncio.run_coroutine_threadsafe(look_at_all(), self._loop)
            with suppress(TimeoutError):
                asked.result(_PROBED_S)
        return known

    def _why(self, view: JobView) -> Message | None:
        if view.state == "paused":
            return tell("queue.paused")
        if view.state not in ("queued", "active"):
            return None
        if self.message is not None:
            return self.message
        if any(running.claim.job == view.id for running in self._running.values()):
            return None
        ahead = self._store.ahead(view.id)
        if ahead:
            if ahead == MOST_COUNTED:
                return tell("queue.waits-for-many", pieces=ahead)
            return tell("queue.waits-for-piece" if ahead == 1 else "queue.waits-for-pieces", pieces=ahead)
        busy = {running.claim.job_name for running in self._running.values()}
        if len(self._running) >= self._executor.capacity and busy:
            return tell("queue.workers-busy" if self._executor.capacity > 1 else "queue.worker-busy", job=sorted(busy)[0])
        return None

    # --- the loop ----------------------------------------------------------------------------------------------------

    async def _fill(self) -> None:
        """Claims for every free worker. Raises: DiskFull, Busy — the store refuses."""
        await self._check_disks()
        while not self._stopping and self._disk is None and len(self._running) < self._executor.capacity:
            claims = await self._claim()
            await self._say(None)
            if not claims:
                return
            for claim in claims:
                running = _Running(claim)
                self._running[claim.token] = running
                self._live.begin(claim)
                running.doing = asyncio.create_task(self._perform(running), name=f"{claim.kind} {claim.shot}")
                self._last = Piece(claim.kind, claim.lane)

    async def _claim(self) -> list[Claim]:
        """As many as there is room for, in one change as long as they are like the last one."""
        running = [Piece(running.claim.kind, running.claim.lane) for running in self._running.values()]
        full = full_beside(self._executor, running)
        most = 1 if self._last is None else room_for(self._executor, running, self._last, self._executor.capacity - len(running))
        return await asyncio.to_thread(
            self._store.claims, self._owner, most=max(1, most), like=self._last, holding=list(self._running), full=full
        )

    async def _sleep(self) -> None:
        wake = await asyncio.to_thread(self._store.next_wake)
        longest = _DISK_CHECKED_S if self.message is not None or self._running else _LONGEST_SLEEP_S
        seconds = longest if wake is None else max(0.05, min(longest, wake - self._store.steady()))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()

    async def _beat(self) -> None:
        """Keeps the leases; stops what no longer counts."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if not self._running:
                continue
            try:
                lost = await asyncio.to_thread(self._store.heartbeat, self._owner, list(self._running))
                if self._disk is None:  # the store takes something again, and all workers may be busy for long
                    await self._say(None)
            except REFUSED as refused:
                LOGGER.warning("leases could not be prolonged, trying again: %s", refused)
                continue
            except Exception:
                LOGGER.exception("leases could not be prolonged; trying again")
                continue
            for token in lost & self._running.keys():
                self._running[token].stop.set()

    async def _perform(self, running: _Running) -> None:
        claim = running.claim
        self._note(claim, "info", tell("log.begins", what=title(claim), number=claim.number))
        watcher = Watcher(
            tell=lambda event: self._tell(running, event),
            show=lambda picture: self._show(claim, picture),
            placed=lambda slot: self._placed(running, slot),
        )
        try:
            said = await do(claim, self._context, watcher, running.stop)
            self._note(claim, "info", said)
        except StaleAttempt:
            self._note(claim, "info", tell("log.called-off", what=title(claim)))
        except WorkFailed as failure:
            await self._failed(running, failure)
        except BadRequest as error:  # no other try mends that
            await self._failed(running, WorkFailed("failed", error.said), again=False)
        except (core.HeygemError, ServerError) as error:
            await self._failed(running, WorkFailed("failed", error.said))
        except OSError as error:
            told = refused(error)
            await self._failed(running, WorkFailed("failed", plain(str(error)) if told is None else told.said))
        except Exception as error:
            LOGGER.exception("%s failed", title(claim))
            await self._failed(running, WorkFailed("failed", tell("program.internal-error", error=error)))
        finally:
            del self._running[claim.token]
            self._live.end(claim.token)
            self._wake.set()

    async def _failed(self, running: _Running, failure: WorkFailed, *, again: bool = True) -> None:
        claim = running.claim
        code = failure.failed.exit_code if failure.failed is not None else None
        outcome = failure.outcome
        if outcome == "failed" and (code == core.OutputError.exit_code or code is None) and self._is_full(claim):
            outcome = "canceled"  # the disk is to blame, not the shot
        if outcome == "canceled" and running.stop.is_set():
            reason = tell("work.server-stopped" if self._stopping else "work.somebody-called-off")
        else:
            reason = failure.reason
        again = again and code not in _NOT_AGAIN and not is_lasting(failure.reason)
        try:
            again = await hand_in(self._store.fail, claim.token, outcome, reason, again=again, stop=running.stop)
        except (StaleAttempt, *REFUSED):
            return  # what is refused to the last is given out again by the next claim, or by the next start
        except Exception:
            LOGGER.exception("how %s ended could not be written down", title(claim))
            return
        ended = tell("log.did-not-succeed" if again else "log.failed", what=title(claim), outcome=outcome, reason=reason)
        self._note(claim, "warning" if again else "error", ended)

    # --- disks -------------------------------------------------------------------------------------------------------

    async def _check_disks(self) -> None:
        """Tells once that a disk is full, and once that it is not any more; what the store refused is over when it takes something."""
        if time.monotonic() - self._disk_checked < (_DISK_CHECKED_S if self.message is None else 0.5):
            return
        self._disk_checked = time.monotonic()
        folders = [self._settings.data_folder, self._settings.cache, self._settings.takes_folder, *self._full]
        before, self._disk = self._disk, await asyncio.to_thread(trouble, folders, self._settings.disk_floor_bytes)
        if self._disk is None:
            self._full.clear()
        if self._disk is not None or self.message == before:
            await self._say(self._disk)

    async def _say(self, message: Message | None) -> None:
        """Why nothing is given out; None = work goes on. The event follows as soon as the store takes it."""
        if (message is None) != (self.message is None):
            LOGGER.warning(message or tell("queue.room-again"))
        self.message = message
        if (message is None) != (self._announced is None):
            try:
                await asyncio.to_thread(self._store.announce, message)
            except (*REFUSED, Broken):
                return
            self._announced = message

    def _is_full(self, claim: Claim) -> bool:
        folder = Path(claim.folder)
        folders = [self._settings.data_folder, self._settings.cache, folder]
        if trouble(folders, self._settings.disk_floor_bytes) is None:
            return False
        self._full.add(folder)
        self._disk_checked = 0.0
        return True

    # --- what happens meanwhile --------------------------------------------------------------------------------------

    def _heard(self, events: tuple[Happened, ...]) -> None:
        """In the thread of whoever made the change."""
        with suppress(RuntimeError):  # the loop is closed: the server has stopped
            self._loop.call_soon_threadsafe(self._noticed, events)

    def _noticed(self, events: Iterable[Happened]) -> None:
        for event in events:
            if event.job is not None:
                self._live.job_changed(event.job)
                if event.job.state in ("paused", "canceled"):
                    self._call_off(job=event.job.id)
            if event.shot is not None:
                self._live.shot_changed(event.shot)
                if event.shot.state in ("canceled", "failed"):
                    self._call_off(shot=event.shot.id)
            if event.kind == "job.deleted" and event.id is not None:
                self._live.forget(event.id)
        self._wake.set()

    def _call_off(self, *, job: str | None = None, shot: str | None = None) -> None:
        for running in self._running.values():
            if running.claim.job == job or running.claim.shot == shot:
                running.stop.set()

    def _tell(self, running: _Running, event: Event) -> None:
        if isinstance(event, Progress):
            now = self._live.tell(running.claim.token, event)
            if now is not None:
                self._events.publish_progress(now)
        elif isinstance(event, Notice) and running.claim.kind == "plan":  # the other steps repeat them
            self._note(running.claim, "warning", message_of(event))

    def _placed(self, running: _Running, slot: str) -> None:
        if running.slot != slot:
            running.slot = slot
            self._note(running.claim, "info", tell("log.runs-in", what=title(running.claim), slot=slot))
            writing = asyncio.create_task(self._write_slot(running.claim.token, slot))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)

    async def _write_slot(self, token: int, slot: str) -> None:
        """For people alone: what the store refuses is left out."""
        with suppress(*REFUSED, Broken):
            await self._together(note_slot_in, token, slot)

    def _show(self, claim: Claim, picture: Picture) -> None:
        header = PreviewHeader(job=claim.job, shot=claim.shot, frame=picture.frame, width=picture.width, height=picture.height)
        self._events.publish_picture(header, picture.jpeg)

    def _note(self, claim: Claim, level: Literal["info", "warning", "error"], said: Message) -> None:
        line = LogLine(
            job=claim.job, shot=claim.shot, at=time.time(), level=level, message=said.message, code=said.code, params=said.params
        )
        self._events.publish_line(self._logs.write(line))

    def _recover(self) -> None:
        intents = self._store.recover(self._owner)
        saved = settle_intents(self._store, intents)
        unfinished = self._store.unfinished()
        settle_trash(self._store)
        sweep_staging(self._store, {str(self._settings.takes_folder), *self._store.folders()})
        for part in self._context.segments.glob("*/*.part"):
            part.unlink(missing_ok=True)
        gone, back = check_takes(self._store)
        for job in unfinished:
            self._live.job_changed(self._store.job_view(job))
        LOGGER.info(
            "recovered", extra={"facts": {"takes_saved": saved, "takes_missing": gone, "takes_back": back, "jobs": len(unfinished)}}
        )


def _slot_view(slot: SlotState, claim: Claim | None) -> SlotView:
    what = {} if claim is None else {"task": claim.kind, "job": claim.job, "shot": claim.shot, "segment": claim.segment}
    return SlotView(name=slot.name, kind=slot.kind, title=slot.title, memory_bytes=slot.memory_bytes, **what)  # type: ignore[arg-type]
