"""Writes CMX3600 edit lists: one video track, sound that lies beside it, cuts, dissolves and constant speeds."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from heygem_core.media import timecode
from heygem_core.messages import words

from ..edl_codes import code_of, same_count
from ..exact_time import round_half_up
from ..locate import name_of
from .export_model import ExportClip, ExportModel

MAX_EVENTS = 999


def write_edl(model: ExportModel) -> tuple[str, list[str]]:
    """(text, what an edit list cannot carry). Takes on tracks above replace what they cover: a list has one picture track."""
    sequence = model.sequence
    lines = [f"TITLE: {_line(sequence.name)}", f"FCM: {'DROP FRAME' if sequence.drop_frame else 'NON-DROP FRAME'}", ""]
    notices = model.notices(("first-timecode",))
    pictures = [track for track in model.tracks if track.kind == "picture"]
    if len(pictures) > 1:
        notices.append(words("edl.one-track", count=len(pictures)))
    if any(clip.others for track in model.tracks for clip in track.clips):
        notices.append(words("edl.no-versions"))
    events = [("V", clip) for clip in _topmost([clip for track in pictures for clip in track.clips])]
    for track in model.tracks:
        if track.kind == "sound":
            name = "A" if track.number == 1 else f"A{track.number}"
            events += [(name, clip) for clip in track.clips if clip.media is not None and clip.enabled]
    before: ExportClip | None = None
    reels = _reels(events)
    for number, ((channel, clip), following) in enumerate(zip(events, [*events[1:], None], strict=True), 1):
        after = following[1] if following is not None and following[0] == channel else None
        lines += _event(number, channel, clip, before, after, model, reels)
        before = clip
    if len(events) > MAX_EVENTS:
        notices.append(words("edl.many-events", count=len(events), most=MAX_EVENTS))
    return "\n".join(lines) + "\n", notices


def _topmost(clips: list[ExportClip]) -> list[ExportClip]:
    """The parts that show, of clips from the lowest track to the highest: clips above cut those below."""
    shown: list[ExportClip] = []
    for clip in clips:
        if clip.media is None or not clip.enabled or clip.end <= clip.start:
            continue
        shown = [part for below in shown for part in _uncovered_parts(below, clip)]
        shown.append(clip)
    return sorted(shown, key=lambda each: each.start)


def _uncovered_parts(below: ExportClip, above: ExportClip) -> list[ExportClip]:
    if below.end <= above.start or below.start >= above.end:
        return [below]
    parts = []
    if below.start < above.start:
        parts.append(_trimmed(below, below.start, above.start))
    if below.end > above.end:
        parts.append(_trimmed(below, above.end, below.end))
    return parts


def _trimmed(clip: ExportClip, start: int, end: int) -> ExportClip:
    per_frame = (clip.high - clip.low) / (clip.end - clip.start)
    before, after = start - clip.start, clip.end - end
    if clip.speed < 0:
        before, after = after, before
    lead = clip.lead if start == clip.start else 0
    return replace(clip, start=start, end=end, low=clip.low + before * per_frame, high=clip.high - after * per_frame, lead=lead)


def _event(
    number: int,
    channel: str,
    clip: ExportClip,
    before: ExportClip | None,
    after: ExportClip | None,
    model: ExportModel,
    reels: dict[str, str],
) -> list[str]:
    """The lines of one event. A list's dissolve begins at the cut, so the cut is written where the dissolve begins."""
    rate = model.sequence.rate
    dissolve = clip.lead + clip.lead_after if channel == "V" and before is not None and before.end == clip.start else 0
    earlier = clip.lead if dissolve else 0
    sooner = after.lead if after is not None and after.start == clip.end and channel == "V" and after.lead + after.lead_after else 0
    start, end = clip.start - earlier, clip.end - sooner
    low, high = clip.low - earlier * abs(clip.speed) / rate, clip.high - sooner * abs(clip.speed) / rate
    if clip.speed < 0:
        low, high = clip.low + sooner * abs(clip.speed) / rate, clip.high + earlier * abs(clip.speed) / rate
    comments = []
    lines = []
    if dissolve and before is not None:
        at = before.high - clip.lead / rate
        out = _codes(before, at, at, start, start, model)
        lines.append(_columns(number, reels[_path(before)], channel, "C", out))
        comments = [f"* FROM CLIP NAME: {_line(_name(before))}", f"* FROM CLIP: {_line(_path(before))}"]
    side = "TO" if dissolve else "FROM"
    codes = _codes(clip, low, low + Fraction(end - start) / rate if clip.speed == 1 else high, start, end, model)
    lines.append(_columns(number, reels[_path(clip)], channel, f"D    {dissolve:03d}" if dissolve else "C", codes))
    if clip.speed != 1:
        lines.append(f"M2   {reels[_path(clip)]:<8} {float(clip.speed * round(rate)):+09.3f} {codes[0]}")
    comments += [f"* {side} CLIP NAME: {_line(_name(clip))}", f"* {side} CLIP: {_line(_path(clip))}"]
    if clip.media is not None and clip.media.take is not None:
        comments.append(f"* HEYGEM TAKE: {_line(clip.media.take)}")
    return lines + comments


def _codes(clip: ExportClip, low: Fraction, high: Fraction, start: int, end: int, model: ExportModel) -> tuple[str, str, str, str]:
    """Source times are frames as the media's own timecode calls them, as far as the timeline says how it counts; record times count as
    the sequence."""
    sequence, media = model.sequence, clip.media
    rate, drop = sequence.rate, sequence.drop_frame and timecode.may_drop(sequence.rate)
    first = max(0, round_half_up(low * rate))
    length = max(0, round_half_up(high * rate)) - first
    if media is not None and media.start is not None and low >= 0:
        own = drop if media.drop_frame is None else media.drop_frame and timecode.may_drop(rate)
        if not same_count(media.rate, rate) or own != drop:
            drop, first = own, timecode.parse(code_of(Fraction(round_half_up(low * media.rate)), media.rate, rate, drop=own), rate)
    record = sequence.timecode(start), sequence.timecode(end)
    return timecode.format(first, rate, drop=drop), timecode.format(first + length, rate, drop=drop), *record


def _columns(number: int, reel: str, channel: str, edit: str, codes: tuple[str, str, str, str]) -> str:
    return f"{number:03d}  {reel:<8} {channel:<5} {edit:<8} {' '.join(codes)}"


def _reels(events: list[tuple[str, ExportClip]]) -> dict[str, str]:
    """A reel of its own for every file, of the letters of its name: programs find media by reel and timecode."""
    reels: dict[str, str] = {}
    taken: set[str] = set()
    used: dict[str, int] = {}  # name → the last number that was put behind it
    for _, clip in events:
        path = _path(clip)
        if path in reels:
            continue
        plain = re.sub(r"[^A-Za-z0-9_-]", "", name_of(path).rsplit(".", 1)[0]).upper() or "AX"
        reel = plain[:8]
        while reel in taken:
            used[plain[:8]] = number = used.get(plain[:8], 1) + 1
            reel = f"{plain[: 8 - len(str(number))]}{number}"
        reels[path] = reel
        taken.add(reel)
    return reels


def _name(clip: ExportClip) -> str:
    """A take goes by the name of its file: its clip's is that of the original."""
    return clip.media.name if clip.media is not None and clip.media.take is not None else clip.name


def _path(clip: ExportClip) -> str:
    return clip.media.path if clip.media is not None else ""


def _line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text)
