"""What runs on a node: an actor for each slot, which owns a worker process with its limits and passes on what that says.

Ray imports this module on the node, by its name: a node has the same version of this program, or is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path

from heygem_core.errors import HeygemError
from heygem_core.messages import tell
from heygem_core.rendering.report import report_path
from heygem_core.shot import RenderTask, from_json, to_json
from heygem_core.storage.artefacts import sync_all
from heygem_core.storage.os_errors import why
from heygem_core.tasks.specs import Task
from heygem_core.tasks.worker import BEAT_S, Beat, Told

from ...errors import ServerError
from ..base import Watcher, WorkFailed
from ..local import LocalExecutor
from .facts import facts_here, setup_here, slots_here
from .fetching import Fetcher
from .lines import FileWritten, Give, Over, Said
from .paths import mapped_task


class SlotActor:
    """One slot of a node."""

    def __init__(self, slot: int) -> None:
        setup = setup_here()
        self._setup = setup
        self._slot = slots_here(setup)[slot]
        self._executor: LocalExecutor | None = None
        self._fetcher = None if setup.server_pass is None else Fetcher(setup.server_pass)
        self._stops: dict[int, asyncio.Event] = {}

    async def ready(self) -> bool:
        """Answers once the actor is there."""
        return True

    async def describe(self) -> bytes:
        """The facts of its node, as JSON."""
        return to_json(await asyncio.to_thread(facts_here, self._setup))

    async def call_off(self, number: int) -> None:
        """Ends the task of that number, as the server's own workers are asked to."""
        if number in self._stops:
            self._stops[number].set()

    async def run(self, text: bytes) -> AsyncIterator[bytes]:
        """Does the task of a `Give`; yields `Said`s and at last `Over`, as JSON, one a line: whatever waits travels at once."""
        give = from_json(text, Give)
        said: asyncio.Queue[Said | Over] = asyncio.Queue()
        stop = self._stops[give.number] = asyncio.Event()
        doing = asyncio.create_task(self._do(give, said, stop))
        try:
            while True:
                try:
                    lines = [await asyncio.wait_for(said.get(), BEAT_S)]
                except TimeoutError:
                    lines = [Said(number=give.number, line=Beat())]
                while not said.empty():
                    lines.append(said.get_nowait())
                yield b"\n".join(map(to_json, lines))
                if isinstance(lines[-1], Over):
                    return
        finally:
            stop.set()
            with suppress(Exception):
                await doing
            del self._stops[give.number]

    async def _do(self, give: Give, said: asyncio.Queue[Said | Over], stop: asyncio.Event) -> None:
        watcher = Watcher(
            tell=lambda event: said.put_nowait(Said(number=give.number, line=Told(number=give.number, event=event))),
            show=lambda picture: said.put_nowait(Said(number=give.number, line=picture)),
        )
        if self._executor is None:
            self._executor = LocalExecutor((self._slot,), threads=self._setup.threads, limits=give.limits)
        try:
            task = await self._prepared(give)
            answer = await self._executor.run(task, watcher=watcher, stop=stop, limits=give.limits)
            files = await asyncio.to_thread(self._handed_over, task, give.task)
            over = Over(number=give.number, answer=answer, files=files)
        except WorkFailed as failure:
            over = Over(number=give.number, outcome=failure.outcome, reason=failure.reason, failed=failure.failed)
        except ServerError as error:
            over = Over(number=give.number, outcome="crashed", reason=error.said)
        except HeygemError as error:
            over = Over(number=give.number, outcome="failed", reason=error.said)
        except OSError as error:  # after the work: while it works they are told by who does it
            what = Path(error.filename or getattr(give.task, "output", "")).name
            over = Over(number=give.number, outcome="failed", reason=tell("farm.written-gone", file=what, error=why(error)))
        except Exception as error:
            over = Over(number=give.number, outcome="crashed", reason=tell("program.internal-error", error=error))
        finally:
            if self._fetcher is not None:
                await asyncio.to_thread(self._fetcher.end)
        said.put_nowait(over)

    async def _prepared(self, give: Give) -> Task:
        """The task with its files as this machine calls them, fetched where it does not share them."""
        if self._fetcher is None:
            return mapped_task(give.task, self._setup.path_maps)
        assert isinstance(give.task, RenderTask), "only segments are given to those who fetch"
        return await asyncio.to_thread(self._fetcher.begin, give.task, give.files)

    def _handed_over(self, here: Task, there: Task) -> tuple[FileWritten, ...]:
        """What was written, where the server finds it."""
        if not isinstance(here, RenderTask) or not isinstance(there, RenderTask):
            return ()
        return _written(here, there) if self._fetcher is None else self._fetcher.deliver(here, there)


def _written(here: RenderTask, there: RenderTask) -> tuple[FileWritten, ...]:
    """The files of a segment, written through to the disk, with what the server compares them by."""
    pairs = [(Path(here.output), there.output), (report_path(here.output), str(report_path(there.output)))]
    sync_all([path for path, _ in pairs], Path(here.output).parent)
    found = []
    for path, called in pairs:
        with path.open("rb") as file:
            found.append(FileWritten(path=called, size=path.stat().st_size, sha256=file_digest(file, "sha256").hexdigest()))
    return tuple(found)
