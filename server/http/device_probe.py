"""What this machine can draw and follow faces with, found out by a child some seconds after the start: that takes large packages."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType

from heygem_core.machine.python_process import apart, python_code

from ..log import LOGGER

_LONGEST_S = 120.0
_NOT_BEFORE_S = 3.0  # the first page comes first
_QUESTION = """
from heygem_core.face.tracker_registry import offered_trackers
from heygem_core.machine.device import devices_here
print(*reversed(devices_here()))
print(*offered_trackers())
"""


class DeviceProbe:
    """Both are empty until the child has answered."""

    def __init__(self) -> None:
        self.devices: tuple[str, ...] = ()
        self.trackers: tuple[str, ...] = ()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> DeviceProbe:
        self._task = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _ask(self) -> None:
        await asyncio.sleep(_NOT_BEFORE_S)
        child = await asyncio.create_subprocess_exec(
            *python_code(_QUESTION),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            **apart(),
        )
        try:
            async with asyncio.timeout(_LONGEST_S):
                answer, _ = await child.communicate()
            self.devices, self.trackers = (tuple(line.split()) for line in (*answer.decode().splitlines()[-2:], "", "")[:2])
        except TimeoutError:
            LOGGER.warning("This machine did not say within %g s what it can draw with.", _LONGEST_S)
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
