"""The server's side of the bridge: starts it, hears it, starts it again with growing waits when it ended."""

from __future__ import annotations

import asyncio
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from heygem_core.errors import HeygemError, SpecError
from heygem_core.machine.python_process import apart, detached
from heygem_core.messages import Message, tell
from heygem_core.shot import from_json, to_json

from ...log import LOGGER
from ..process_tree import kill_tree
from .cluster import bridge_process, read_farm_file
from .lines import Connect, FromBridge, ToBridge, Trouble

_LONGEST_LINE = 64 << 20
_WAITS_S = (1.0, 2.0, 5.0, 15.0, 30.0)
_END_S = 8.0
_ANSWERS_S = 3.0  # within which a head that runs accepts a connection


class BridgeProcess:
    """`keep()` as a task for as long as the server runs."""

    def __init__(self, data_folder: Path, hear: Callable[[FromBridge], None], lost: Callable[[Message], None]) -> None:
        """hear: gets each line. lost: whatever ran over the bridge has ended, and why."""
        self._folder, self._hear, self._lost = data_folder, hear, lost
        self._process: asyncio.subprocess.Process | None = None
        self._logged: Message | None = None  # why it ended, as last written to the log

    @property
    def pid(self) -> int | None:
        """None = it does not run."""
        return None if self._process is None else self._process.pid

    async def keep(self) -> None:
        """Until it is cancelled."""
        tries = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                reason = await self._once()
            except (HeygemError, OSError) as error:
                reason = (
                    error.said if isinstance(error, HeygemError) else tell("farm.bridge-not-started", error=error.strerror or str(error))
                )
            self._lost(reason)
            tries = 0 if asyncio.get_running_loop().time() - began > 60 else min(tries + 1, len(_WAITS_S))
            await asyncio.sleep(_WAITS_S[max(0, tries - 1)])

    async def say(self, line: ToBridge) -> None:
        """Nothing happens where it does not run: whoever waits for an answer hears that it is lost."""
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(ConnectionError):
                process.stdin.write(to_json(line) + b"\n")
                await process.stdin.drain()

    async def _once(self) -> Message:
        """One life of the bridge; returns why it ended. Raises: HeygemError, OSError — it does not start."""
        found = await asyncio.to_thread(read_farm_file, self._folder)
        if found is None:
            return tell("farm.not-started")
        command, environment = bridge_process(Path(found.token_file))
        process = self._process = await asyncio.create_subprocess_exec(
            *command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=_LONGEST_LINE,
            **(apart(stdin=subprocess.PIPE, **environment) | detached()),
        )
        words: deque[str] = deque(maxlen=5)
        assert process.stdout is not None
        assert process.stderr is not None
        reading = asyncio.create_task(_keep_words(process.stderr, words))
        trouble: Message | None = None
        try:
            await self.say(Connect(address=found.address))
            while line := await process.stdout.readline():
                with suppress(SpecError):  # a library wrote around our redirection
                    heard: FromBridge = from_json(line, FromBridge)  # type: ignore[arg-type]
                    if isinstance(heard, Trouble):
                        trouble = heard.reason
                    self._hear(heard)
            await process.wait()
        finally:
            self._process = None
            if process.returncode is not None:
                await asyncio.wait({reading}, timeout=1)  # whoever else holds its standard error may live on
            reading.cancel()
            await _end(process)
        reason = trouble or await _why_ended(process.returncode, found.address)
        if reason != self._logged:
            self._logged = reason
            LOGGER.warning("the farm's bridge ended (code %s); its last words: %s", process.returncode, " | ".join(words) or "none")
        return reason


async def _why_ended(code: int | None, address: str) -> Message:
    """Of a bridge that said nothing itself. What Ray writes then is for the log: it tells people nothing to do."""
    if code is not None and code < 0:
        return tell("farm.bridge-killed", signal=-code)
    host, _, port = address.rpartition(":")
    try:
        _, line = await asyncio.wait_for(asyncio.open_connection(host.strip("[]"), int(port)), _ANSWERS_S)
        line.close()
    except (OSError, TimeoutError, ValueError):
        return tell("farm.head-gone", address=address)
    return tell("farm.bridge-ended", exit_code=code)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Without standard input it has nobody to work for."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(asyncio.shield(process.wait()), _END_S)
    except (TimeoutError, asyncio.CancelledError):
        kill_tree(process.pid)
        await process.wait()


async def _keep_words(source: asyncio.StreamReader, words: deque[str]) -> None:
    while text := await source.read(4096):
        words.extend(line for line in text.decode(errors="replace").splitlines() if line.strip())
