"""CMX3600 edit lists: one video track, sound that lies beside it, cuts, dissolves and constant speeds."""

from __future__ import annotations

import re
from fractions import Fraction

from heygem_core.media.timecode import format as timecode_text
from heygem_core.media.timecode import may_drop

from .exact import round_half_up
from .flat import Flat, FlatClip

MAX_EVENTS = 999


def write_edl(flat: Flat) -> tuple[str, list[str]]:
    """(text, what an edit list cannot carry). Takes on tracks above replace what they cover: a list has one picture track."""
    sequence = flat.sequence
    lines = [f"TITLE: {_line(sequence.name)}", f"FCM: {'DROP FRAME' if sequence.drop_frame else 'NON-DROP FRAME'}", ""]
    notices = list(flat.notices)
    pictures = [track for track in flat.tracks if track.kind == "picture"]
    if len(pictures) > 1:
        notices.append(f"An edit list has one picture track: of {len(pictures)} tracks what lies on top is written, cut to what shows.")
    if any(clip.others for track in flat.tracks for clip in track.clips):
        notices.append("An edit list carries no versions: the active one of each clip is written.")
    events = [("V", clip) for clip in _topmost([clip for track in pictures for clip in track.clips])]
    for track in flat.tracks:
        if track.kind == "sound":
            name = "A" if track.number == 1 else f"A{track.number}"
            events += [(name, clip) for clip in track.clips if clip.media is not None and clip.enabled]
    for number, (channel, clip) in enumerate(events, 1):
        lines += _event(number, channel, clip, flat)
    if len(events) > MAX_EVENTS:
        notices.append(f"The list holds {len(events)} events; some programs read no more than {MAX_EVENTS}.")
    return "\n".join(lines) + "\n", notices


def _topmost(clips: list[FlatClip]) -> list[FlatClip]:
    """What shows, lowest track first in `clips`: whatever lies above cuts what lies below."""
    shown: list[FlatClip] = []
    for clip in clips:
        if clip.media is None or not clip.enabled or clip.end <= clip.start:
            continue
        shown = [part for below in shown for part in _around(below, clip)]
        shown.append(clip)
    return sorted(shown, key=lambda each: each.start)


def _around(below: FlatClip, above: FlatClip) -> list[FlatClip]:
    if below.end <= above.start or below.start >= above.end:
        return [below]
    parts = []
    if below.start < above.start:
        parts.append(_trimmed(below, below.start, above.start))
    if below.end > above.end:
        parts.append(_trimmed(below, above.end, below.end))
    return parts


def _trimmed(clip: FlatClip, start: int, end: int) -> FlatClip:
    from dataclasses import replace

    per_frame = (clip.high - clip.low) / (clip.end - clip.start)
    before, after = start - clip.start, clip.end - end
    if clip.speed < 0:
        before, after = after, before
    lead = clip.lead if start == clip.start else 0
    return replace(clip, start=start, end=end, low=clip.low + before * per_frame, high=clip.high - after * per_frame, lead=lead)


def _event(number: int, channel: str, clip: FlatClip, flat: Flat) -> list[str]:
    sequence, media = flat.sequence, clip.media
    assert media is not None
    drop = sequence.drop_frame and may_drop(sequence.rate)

    def code(seconds: Fraction) -> str:
        return timecode_text(max(0, round_half_up(seconds * sequence.rate)), sequence.rate, drop=drop)

    length = Fraction(clip.end - clip.start) / sequence.rate
    source = code(clip.low), code(clip.low + length if clip.speed == 1 else clip.high)
    record = sequence.timecode(clip.start), sequence.timecode(clip.end)
    reel = re.sub(r"[^A-Za-z0-9_-]", "", media.name.rsplit(".", 1)[0])[:8].upper() or "AX"
    dissolve = clip.lead + clip.lead_after
    kind = f"D    {dissolve:03d}" if dissolve and channel == "V" else "C       "
    lines = [f"{number:03d}  {reel:<8} {channel:<5} {kind} {' '.join(source)} {' '.join(record)}"]
    if clip.speed != 1:
        lines.append(f"M2   {reel:<8} {float(clip.speed * round(sequence.rate)):+09.3f} {source[0]}")
    lines += [f"* FROM CLIP NAME: {_line(clip.name)}", f"* FROM CLIP: {_line(media.path)}"]
    if media.take is not None:
        lines.append(f"* HEYGEM TAKE: {_line(media.take)}")
    return lines


def _line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text)
