"""What works on this machine, in words a video editor understands."""

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

from .cache import default_root
from .device import why_not
from .engines.registry import ENGINES
from .errors import SetupError
from .shot import DeviceName, TrackerName


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    area: str  # "graphics card", "formats" …
    works: bool | None  # None = optional and not there
    text: str  # one sentence; where it does not work, what to do


def examine() -> Iterator[Finding]:
    """Looks at devices, codecs, trackers, models and folders, one finding at a time. Needs a few seconds (torch)."""
    yield Finding(
        area="system",
        works=True,
        text=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores.",
    )
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
        "findings": [{"area": finding.area, "works": finding.works, "text": finding.text} for finding in examine()],
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

    devices: tuple[tuple[DeviceName, bool, str], ...] = (
        ("cuda", torch.cuda.is_available(), "NVIDIA graphics card"),
        ("mps", torch.backends.mps.is_available(), "Apple graphics"),
    )
    for name, works, title in devices:
        if works:
            detail = torch.cuda.get_device_name() if name == "cuda" else "ready"
            yield Finding(area="graphics card", works=True, text=f"{title}: {detail}; renders use it.")
        else:
            yield Finding(area="graphics card", works=None, text=f"{title}: not used, because {why_not(name).message}.")
    if not any(works for _, works, _ in devices):
        yield Finding(area="graphics card", works=True, text=f"Renders use the processor ({torch.get_num_threads()} threads).")


def _formats() -> Iterator[Finding]:
    from av.codec import Codec

    from .media.deliverables import DELIVERABLES

    for name in DELIVERABLES.names():
        try:
            row = DELIVERABLES.get(name)
        except SetupError as error:
            yield Finding(area="formats", works=False, text=str(error))
            continue
        try:
            Codec(row.video_codec, "w")
            yield Finding(area="formats", works=True, text=f"{row.title} ({', '.join(row.suffixes)}) can be written.")
        except ValueError:
            yield Finding(
                area="formats",
                works=False,
                text=f"{row.title} cannot be written: install PyAV from PyPI, whose wheels carry {row.video_codec}.",
            )


def _trackers() -> Iterator[Finding]:
    from contextlib import closing

    from .face.tracker_registry import open_tracker

    trackers: tuple[TrackerName, ...] = ("mediapipe", "face-landmarker")
    for name in trackers:
        try:
            with closing(open_tracker(name)):
                yield Finding(area="face tracking", works=True, text=f"{name} is ready.")
        except SetupError as error:
            yield Finding(area="face tracking", works=False if name == "mediapipe" else None, text=f"{name} is not available: {error}")
    if importlib.util.find_spec("face_alignment") is None:
        text = "face-alignment is not installed; it is an extra: heygem-bridge[face-alignment]."
    else:  # not opened here: that would download its weights
        text = "face-alignment is installed; it downloads its weights (about 200 MB) at its first use."
    yield Finding(area="face tracking", works=None, text=text)


def _motion() -> Iterator[Finding]:
    from .motion.model_choice import MEL, choose_motion_model

    model = choose_motion_model()
    if model.name == MEL:
        text = "Speech is heard by the model that ships; heygem-bridge[offline-speech] (Whisper tiny.en, 75 MB) follows it more closely."
    else:
        text = "Speech is heard through Whisper tiny.en, which is on this machine."
    yield Finding(area="speech", works=True, text=text)
    if importlib.util.find_spec("transformers") is None:
        yield Finding(area="speech", works=None, text="transformers is not installed: speech encoders of your own need it.")


def _cache() -> Finding:
    root = default_root()
    used = sum(file.stat().st_size for file in root.rglob("*") if file.is_file()) if root.is_dir() else 0
    parent = next(folder for folder in (root, *root.parents) if folder.is_dir())
    works = os.access(parent, os.W_OK)
    text = (
        f"The cache in “{root}” holds {used / 1e6:.0f} MB."
        if works
        else f"The cache folder “{root}” cannot be written: set HEYGEM_CACHE to another folder."
    )
    return Finding(area="cache", works=works, text=text)
