"""Reads and writes AAF (Avid Media Composer) through OTIO's adapter 2.0.0, which reads retimes, nests and timecode well.

Writing one anew, from another format, is experimental: the adapter writes cuts, gaps and dissolves at one rate; retimes, nests and
effects are left out here and said so. Takes go into an AAF that was read without it (`aaf_graft`).
Media that came from an AAF keep their ids.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import opentimelineio as otio

from heygem_core.messages import words

from ..errors import UnreadableTimeline
from ..metadata import editor_value, has_namespace, own_text, own_value, set_own_values
from ..sequence import sequence_of
from .aaf_speed import set_speeds, speed_facts
from .export_model import export_model_of

_UNSAID = ("marker", "note", "label", "channels", "metadata")  # what the adapter does not write; the rest is counted as it is left out
TAKE, OF = "HeyGem Take", "HeyGem Of"  # comments on the master of a take
_schema = otio.schema
_VIDEO_DISSOLVE = "0c3bea40-fc05-11d2-8a29-0050040ef7d2"  # the AAF's own name of the operation
_PAN = "Audio Pan"  # the adapter gives every sound one


def read_aaf(data: bytes) -> tuple[Any, list[str]]:
    """(timeline, notices). Raises: UnreadableTimeline."""
    import aaf2

    from .otio_json import as_timeline

    with tempfile.TemporaryDirectory() as folder, _errors_alone():
        path = Path(folder, "timeline.aaf")
        path.write_bytes(data)
        try:
            timeline = _with_marks(as_timeline(otio.adapters.read_from_file(str(path), adapter_name="AAF")))
            with aaf2.open(str(path), "r") as file:
                set_speeds(timeline, speed_facts(file))
            return timeline, []
        except (UnreadableTimeline, MemoryError):
            raise
        except Exception as error:  # the adapter lets its library's errors through, of any kind
            raise UnreadableTimeline("aaf.unreadable", kind=type(error).__name__, error=str(error)[:120]) from error


@contextmanager
def _errors_alone() -> Iterator[None]:
    """The adapter's library warns of every odd fraction, in a log that it shares with everybody."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)


def _with_marks(timeline: Any) -> Any:
    """The same; takes that were grafted into it are told as takes, and clips whose master is not in the file as clips."""
    for gap in timeline.find_children(descended_from_type=_schema.Gap):
        if editor_value(gap, "AAF", "ClassName") == "SourceClip":  # the adapter leaves a gap where it finds nothing
            track, place = gap.parent(), gap.parent().index(gap)
            offline = _schema.Clip(name="", source_range=gap.source_range, media_reference=_schema.MissingReference())
            offline.metadata["AAF"] = gap.metadata["AAF"].clone() if hasattr(gap.metadata["AAF"], "clone") else dict(gap.metadata["AAF"])
            track[place] = offline
    for clip in timeline.find_clips():
        comments = editor_value(clip.media_reference, "AAF", "UserComments") or editor_value(clip, "AAF", "UserComments")
        take = comments.get(TAKE) if hasattr(comments, "keys") and TAKE in list(comments.keys()) else None
        if isinstance(take, str):
            set_own_values(clip, take=take, of=str(comments[OF]))
            set_own_values(clip.media_reference, take=take)
    return timeline


def write_aaf(timeline: Any) -> tuple[bytes, list[str]]:
    """(the file, what was left out), as far as the adapter can write it. Raises: UnreadableTimeline — it can write nothing of this."""
    rate = float(sequence_of(timeline).rate)
    start = timeline.global_start_time
    plain = _schema.Timeline(name=timeline.name, global_start_time=None if start is None else start.rescaled_to(rate))
    notices = [words("aaf.experimental")]
    lost: dict[str, int] = {}  # code → how often
    for track in timeline.tracks:
        plain.tracks.append(_plain_track(track, rate, lost))
    notices += [words(code, count=count) for code, count in sorted(lost.items())]
    model = export_model_of(timeline)
    unsaid = [each for each in model.possible if each.kind in _UNSAID and each.detail != "AAF"]  # its own notes are written again
    notices += replace(model, possible=tuple(unsaid)).notices()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "timeline.aaf")
        try:
            otio.adapters.write_to_file(plain, str(path), adapter_name="AAF", use_empty_mob_ids=True)
        except Exception as error:
            raise UnreadableTimeline("aaf.not-written", kind=type(error).__name__, error=str(error)[:200]) from error
        return path.read_bytes(), notices


def _plain_track(track: Any, rate: float, lost: dict[str, int]) -> Any:
    def leave(code: str) -> None:
        lost[code] = lost.get(code, 0) + 1

    plain, items = _schema.Track(name=track.name, kind=track.kind), list(track)
    for index, item in enumerate(items):
        if isinstance(item, _schema.Gap):
            plain.append(_schema.Gap(source_range=_at(item.trimmed_range(), rate)))
        elif isinstance(item, _schema.Transition):
            beside = (items[place] for place in (index - 1, index + 1) if 0 <= place < len(items))
            dissolve = _dissolve(item, rate, track.kind)
            if dissolve is not None and sum(map(_is_written, beside)) == 2:
                plain.append(dissolve)
            else:
                leave("aaf.no-dissolve")
        elif _is_written(item):
            if any(effect.name != _PAN for effect in item.effects):
                leave("aaf.no-effect")
            if not item.enabled:
                leave("aaf.no-disabled")
            if len({getattr(each, "target_url", None) for each in item.media_references().values()}) > 1:
                leave("aaf.one-file")
            plain.append(_plain_clip(item, rate))
        else:
            leave("aaf.no-media")
            plain.append(_schema.Gap(source_range=_at(item.trimmed_range(), rate)))
    return plain


def _is_written(item: Any) -> bool:
    return isinstance(item, _schema.Clip) and isinstance(item.media_reference, _schema.ExternalReference) and item.source_range is not None


def _plain_clip(clip: Any, rate: float) -> Any:
    """A clip with what the adapter writes of one, at the rate that all of the file must have."""
    reference, shown = clip.media_reference, _at(clip.source_range, rate)
    plain = _schema.Clip(name=clip.name, source_range=shown)
    available, first = reference.available_range, own_value(reference, "first")
    if available is not None and type(first) is int:  # a take: its own timecode names its frames
        begins = otio.opentime.RationalTime(first, available.start_time.rate)
        shift = begins - available.start_time
        available = otio.opentime.TimeRange(begins, available.duration)
        plain.source_range = shown = _at(otio.opentime.TimeRange(clip.source_range.start_time + shift, clip.source_range.duration), rate)
    plain.media_reference = _schema.ExternalReference(
        target_url=reference.target_url, available_range=shown if available is None else _at(available, rate)
    )
    if own_text(reference, "take") is None and own_text(clip, "take") is None:  # a take is another file: it gets ids of its own
        for whole, part in ((clip, plain), (reference, plain.media_reference)):
            if has_namespace(whole, "AAF"):
                part.metadata["AAF"] = whole.metadata["AAF"]
    return plain


def _dissolve(transition: Any, rate: float, kind: str) -> Any:
    """A dissolve with what the adapter wants to know of one; None = it is another transition."""
    if transition.transition_type != _schema.TransitionTypes.SMPTE_Dissolve or kind != _schema.TrackKind.Video:
        return None
    before, after = (getattr(transition, name).rescaled_to(rate) for name in ("in_offset", "out_offset"))
    operation = {
        "Identification": _VIDEO_DISSOLVE,
        "Name": "Video Dissolve",
        "Description": "Video dissolve",
        "DataDefinition": {"Name": "Picture"},
        "OperationCategory": "OperationCategory_Effect",
        "IsTimeWarp": False,
        "Bypass": 0,
        "NumberInputs": 2,
    }
    points = [{"Value": 0.0, "Time": 0.0}, {"Value": 1.0, "Time": 1.0}]
    return _schema.Transition(
        transition_type=transition.transition_type,
        in_offset=before,
        out_offset=after,
        metadata={"AAF": {"CutPoint": round(before.value), "PointList": points, "OperationGroup": {"Operation": operation}}},
    )


def _at(given: Any, rate: float) -> Any:
    """A range counted at another rate."""
    return given if given.start_time.rate == given.duration.rate == rate else _otio_range(given, rate)


def _otio_range(given: Any, rate: float) -> Any:
    start, end = (time_.rescaled_to(rate) for time_ in (given.start_time, given.end_time_exclusive()))
    whole = [otio.opentime.RationalTime(round(each.value), rate) for each in (start, end)]
    return otio.opentime.TimeRange(whole[0], whole[1] - whole[0])
