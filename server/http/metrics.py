"""Figures for Prometheus, in its text format."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import app_keys

if TYPE_CHECKING:
    from ..store.store import Store
    from .routes import Ask

_STARTED = time.time()


async def metrics_text(ask: Ask) -> str:
    settings, engine = ask[app_keys.SETTINGS], ask[app_keys.ENGINE]
    counts = await asyncio.to_thread(_count, engine.store)
    lines = [
        *_metric("heygem_jobs", "gauge", "Jobs by state.", [(f'{{state="{state}"}}', n) for state, n in counts.jobs.items()]),
        *_metric("heygem_shots", "gauge", "Shots by state.", [(f'{{state="{state}"}}', n) for state, n in counts.shots.items()]),
        *_metric("heygem_tasks_queued", "gauge", "Plans, segments and joins that wait for a worker.", [("", counts.queued)]),
        *_metric("heygem_takes", "gauge", "Takes that are known.", [("", counts.takes)]),
        *_metric("heygem_frames_rendered_total", "counter", "Frames of all takes.", [("", counts.frames)]),
        *_metric("heygem_workers", "gauge", "Child processes that may render at once.", [("", settings.workers)]),
        *_metric("heygem_workers_busy", "gauge", "Child processes at work.", [("", counts.running)]),
        *_metric("heygem_event_clients", "gauge", "Open sockets.", [("", len(ask.request.app[app_keys.SOCKETS]))]),
        *_metric("heygem_hosts", "gauge", "Connected editors.", [("", len(ask[app_keys.HOSTS].all()))]),
        *_metric(
            "heygem_disk_free_bytes", "gauge", "Room on the disk of the data folder.", [("", shutil.disk_usage(settings.data_folder).free)]
        ),
        *_metric("heygem_start_time_seconds", "gauge", "When the server started.", [("", round(_STARTED, 3))]),
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Counts:
    jobs: dict[str, int]
    shots: dict[str, int]
    queued: int
    running: int
    takes: int
    frames: int


def _count(store: Store) -> _Counts:
    with store.reading() as connection:
        jobs = dict(connection.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())
        shots = dict(connection.execute("SELECT state, COUNT(*) FROM shots GROUP BY state").fetchall())
        tasks = dict(connection.execute("SELECT state, COUNT(*) FROM tasks GROUP BY state").fetchall())
        takes, frames = connection.execute("SELECT COUNT(*), COALESCE(SUM(json_extract(view, '$.frames')), 0) FROM takes").fetchone()
    return _Counts(jobs, shots, tasks.get("queued", 0), tasks.get("running", 0), takes, frames)


def _metric(name: str, kind: str, help: str, values: Iterable[tuple[str, float]]) -> list[str]:
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}", *(f"{name}{labels} {value}" for labels, value in values)]
