"""The services in a folder, and waiting for what happens in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from heygem_core.shot import RenderSettings, Shot
from heygem_server.rendering.services import Services
from heygem_server.settings import ServerSettings
from heygem_server.wire import JobDetail, JobRequest, MediaRef, ShotRequest

RENDER = RenderSettings(device="cpu", fit="trim", motion="mel", format="ffv1")


def settings(folder: Path, **changes: Any) -> ServerSettings:
    usual: dict[str, Any] = {
        "data_folder": folder / "data",
        "takes_folder": folder / "takes",
        "cache": folder / "cache",
        "workers": 1,
        "segment_frames": 8,
        "disk_floor_bytes": 1 << 20,
        "measure_takes": False,
        "make_previews": False,
    }
    return ServerSettings(**usual | changes)


async def submit(services: Services, folder: Path, pairs: Sequence[tuple[Path, Path]], render: RenderSettings = RENDER) -> JobDetail:
    """A job with a shot for each (video, speech)."""
    request = JobRequest(
        shots=tuple(ShotRequest(video=MediaRef(path=str(video)), speech=MediaRef(path=str(speech))) for video, speech in pairs),
        settings=render,
    )
    shots = [Shot(video=str(video), speech=str(speech)) for video, speech in pairs]
    return await asyncio.to_thread(services.store.submit, request, shots, folder=str(folder / "takes"))


async def ended(services: Services, job: str, within_s: float = 180) -> JobDetail:
    """The job once nothing of it is queued or at work any more."""
    await until(lambda: services.store.job_view(job).state in ("completed", "failed", "canceled"), within_s)
    return services.store.job(job)


async def until(condition: Callable[[], Any], within_s: float = 120) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within_s, "it took too long"
        await asyncio.sleep(0.02)


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
