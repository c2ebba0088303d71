"""Looks at what works on this machine and says it in words a video editor understands."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

import psutil

from ..engines.registry import ENGINES
from ..errors import SetupError
from ..messages import Message, tell
from ..shot import DeviceName
from ..storage.cache import default_root
from .device import why_not


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    area: str  # a code: "doctor.area-formats" …
    works: bool | None  # None = optional and not there
    message: Message  # one sentence; where it does not work, what to do

    @property
    def text(self) -> str:
        """In English."""
        return self.message.message


def examine() -> Iterator[Finding]:
    """Looks at devices, codecs, trackers, models and folders, one finding at a time. Needs a few seconds (torch)."""
    said = tell(
        "doctor.system",
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        cores=os.cpu_count() or 1,
    )
    yield Finding(area="doctor.area-system", works=True, message=said)
    yield from _devices()
    yield from _formats()
    yield from _trackers()
    yield from _motion()
    yield _cache()


def describe_machine() -> dict[str, Any]:
    """The same and what else a bug report needs, as plain data: versions of packages, engines, caches. Nothing in it names a person's files
    but the cache's folder."""
    return {
        "version": version("heygem-bridge"),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "packages": _versions(),
        "engines": list(ENGINES.names()),
        "findings": [{"area": tell(finding.area).message, "works": finding.works, "text": finding.text} for finding in examine()],
        "caches": _cache_sizes(),
    }


def _versions() -> dict[str, str]:
    """Of this program's dependencies, the optional ones too, as far as they are installed."""
    found: dict[str, str] = {}
    for needed in requires("heygem-bridge") or ():
        name = re.split(r"[^A-Za-z0-9._-]", needed, maxsplit=1)[0]
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return dict(sorted(found.items()))


def _cache_sizes() -> dict[str, dict[str, int]]:
    """Entries and bytes of each kind."""
    sizes: dict[str, dict[str, int]] = {}
    root = default_root()
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_dir():
            files = [file for file in folder.rglob("*") if file.is_file()]
            sizes[folder.name] = {"entries": sum(1 for _ in folder.iterdir()), "bytes": sum(file.stat().st_size for file in files)}
    return sizes


def _devices() -> Iterator[Finding]:
    import torch

    area = "doctor.area-graphics"
    devices: tuple[tuple[DeviceName, bool, str], ...] = (
        ("cuda", torch.cuda.is_available(), "doctor.nvidia"),
        ("mps", torch.backends.mps.is_available(), "doctor.apple"),
    )
    for name, works, title in devices:
        if works:
            detail = torch.cuda.get_device_name() if name == "cuda" else tell("doctor.ready")
            yield Finding(area=area, works=True, message=tell("doctor.device-used", device=tell(title), detail=detail))
        else:
            yield Finding(area=area, works=None, message=tell("doctor.device-not-used", device=tell(title), why=why_not(name)))
    if not any(works for _, works, _ in devices):
        yield Finding(area=area, works=True, message=tell("doctor.processor", threads=torch.get_num_threads()))


def _formats() -> Iterator[Finding]:
    from av.codec import Codec

    from ..media.deliverables import DELIVERABLES

    area = "doctor.area-formats"
    for name in DELIVERABLES.names():
        try:
            row = DELIVERABLES.get(name)
        except SetupError as error:
            yield Finding(area=area, works=False, message=error.said)
            continue
        try:
            Codec(row.video_codec, "w")
            yield Finding(area=area, works=True, message=tell("doctor.format", format=row.title, suffixes=row.suffixes))
        except ValueError:
            yield Finding(area=area, works=False, message=tell("doctor.format-not", format=row.title, codec=row.video_codec))


def _trackers() -> Iterator[Finding]:
    """Each is opened, but one that would download its weights then: it is only said whether its package is there."""
    from contextlib import closing

    from ..face.tracker_registry import TRACKERS

    area, usual = "doctor.area-faces", TRACKERS.names()[0]
    for name in TRACKERS.names():
        try:
            kind = TRACKERS.get(name)
            if kind.downloads_mb:
                there = kind.module is None or importlib.util.find_spec(kind.module) is not None
                waits = tell("doctor.tracker-downloads", name=name, megabytes=kind.downloads_mb)
                yield Finding(area=area, works=None, message=waits if there else tell("doctor.tracker-extra", name=name))
                continue
            with closing(kind.open("cpu")):
                yield Finding(area=area, works=True, message=tell("doctor.tracker", name=name))
        except SetupError as error:
            works = False if name == usual else None
            yield Finding(area=area, works=works, message=tell("doctor.tracker-not", name=name, reason=error))


def _motion() -> Iterator[Finding]:
    from ..motion.model_choice import MEL, choose_motion_model

    area = "doctor.area-speech"
    shipped = choose_motion_model().name == MEL
    yield Finding(area=area, works=True, message=tell("doctor.speech-shipped" if shipped else "doctor.speech-whisper"))
    if importlib.util.find_spec("transformers") is None:
        yield Finding(area=area, works=None, message=tell("doctor.no-transformers"))


def _cache() -> Finding:
    root = default_root()
    used = sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) if root.is_dir() else 0
    parent = next(folder for folder in (root, *root.parents) if folder.is_dir())
    works = os.access(parent, os.W_OK)
    said = tell("doctor.cache", folder=root, megabytes=round(used / 1e6)) if works else tell("doctor.cache-not", folder=root)
    return Finding(area="doctor.area-cache", works=works, message=said)
