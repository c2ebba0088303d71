"""Reads and writes AAF (Avid Media Composer) through OTIO's adapter 2.0.0, which reads retimes, nests and timecode well.

Writing is experimental: the adapter writes cuts and gaps; dissolves, retimes and nests are left out here and said so.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import opentimelineio as otio

from heygem_core.messages import words

from ..errors import UnreadableTimeline

_schema = otio.schema


def read_aaf(data: bytes) -> tuple[Any, list[str]]:
    """(timeline, notices). Raises: UnreadableTimeline."""
    from .otio_json import as_timeline

    logging.getLogger().setLevel(logging.ERROR)  # the adapter's library warns of every odd fraction
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "timeline.aaf")
        path.write_bytes(data)
        try:
            return as_timeline(otio.adapters.read_from_file(str(path), adapter_name="AAF")), []
        except (UnreadableTimeline, MemoryError):
            raise
        except Exception as error:  # the adapter lets its library's errors through, of any kind
            raise UnreadableTimeline("aaf.unreadable", kind=type(error).__name__, error=str(error)[:120]) from error


def write_aaf(timeline: Any) -> tuple[bytes, list[str]]:
    """(the file, what was left out), as far as the adapter can write it. Raises: UnreadableTimeline — it can write nothing of this."""
    plain = _schema.Timeline(name=timeline.name, global_start_time=timeline.global_start_time)
    notices = [words("aaf.experimental")]
    lost: dict[str, int] = {}  # code → how often
    for track in timeline.tracks:
        plain.tracks.append(_plain_track(track, lost))
    notices += [words(code, count=count) for code, count in sorted(lost.items())]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "timeline.aaf")
        try:
            otio.adapters.write_to_file(plain, str(path), adapter_name="AAF", use_empty_mob_ids=True)
        except Exception as error:
            raise UnreadableTimeline("aaf.not-written", kind=type(error).__name__, error=str(error)[:200]) from error
        return path.read_bytes(), notices


def _plain_track(track: Any, lost: dict[str, int]) -> Any:
    def leave(code: str) -> None:
        lost[code] = lost.get(code, 0) + 1

    plain = _schema.Track(name=track.name, kind=track.kind)
    for item in track:
        if isinstance(item, _schema.Gap):
            plain.append(item.deepcopy())
        elif isinstance(item, _schema.Transition):
            leave("aaf.no-dissolve")
        elif isinstance(item, _schema.Clip) and isinstance(item.media_reference, _schema.ExternalReference) and item.source_range:
            clip = _schema.Clip(name=item.name, source_range=item.source_range)
            reference = item.media_reference
            clip.media_reference = _schema.ExternalReference(
                target_url=reference.target_url, available_range=reference.available_range or item.source_range
            )
            if item.effects:
                leave("aaf.no-effect")
            plain.append(clip)
        else:
            leave("aaf.no-media")
            plain.append(_schema.Gap(source_range=item.trimmed_range()))
    return plain
