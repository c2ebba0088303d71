"""Figures for Prometheus, in its text format."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..executors.base import nodes_of, slots_of
from . import app_keys

if TYPE_CHECKING:
    from .routes import RequestContext

_STARTED = time.time()


async def metrics_text(context: RequestContext) -> str:
    settings, services = context[app_keys.SETTINGS], context[app_keys.SERVICES]
    counts = await asyncio.to_thread(services.store.counts)
    lines = [
        *_metric("heygem_jobs", "gauge", "Jobs by state.", [(f'{{state="{state}"}}', n) for state, n in counts.jobs.items()]),
        *_metric("heygem_shots", "gauge", "Shots by state.", [(f'{{state="{state}"}}', n) for state, n in counts.shots.items()]),
        *_metric("heygem_tasks_queued", "gauge", "Plans, segments and joins that wait for a worker.", [("", counts.queued)]),
        *_metric("heygem_takes", "gauge", "Takes that are known.", [("", counts.takes)]),
        *_metric("heygem_frames_rendered_total", "counter", "Frames of all takes.", [("", counts.frames)]),
        *_metric("heygem_workers", "gauge", "Child processes that may render at once.", [("", services.executor.capacity)]),
        *_metric("heygem_workers_busy", "gauge", "Child processes at work.", [("", counts.running)]),
        *_metric(
            "heygem_slot_busy",
            "gauge",
            "Whether a slot is at work, on a farm with its node.",
            [(f'{{slot="{_label(slot.name)}"}}', int(slot.busy)) for slot in slots_of(services.executor)],
        ),
        *_metric(
            "heygem_node_slots",
            "gauge",
            "Slots of each other machine of a farm; state: whether it gets work.",
            [(f'{{node="{_label(node.name)}",state="{node.state}"}}', node.slots) for node in nodes_of(services.executor)],
        ),
        *_metric("heygem_event_clients", "gauge", "Open sockets.", [("", len(context.request.app[app_keys.SOCKETS]))]),
        *_metric("heygem_hosts", "gauge", "Connected editors.", [("", len(context[app_keys.HOSTS].all()))]),
        *_metric(
            "heygem_disk_free_bytes", "gauge", "Room on the disk of the data folder.", [("", shutil.disk_usage(settings.data_folder).free)]
        ),
        *_metric("heygem_start_time_seconds", "gauge", "When the server started.", [("", round(_STARTED, 3))]),
    ]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    """A value in Prometheus' format."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _metric(name: str, kind: str, help: str, values: Iterable[tuple[str, float]]) -> list[str]:
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}", *(f"{name}{labels} {value}" for labels, value in values)]
