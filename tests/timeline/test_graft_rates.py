"""Takes stand on their frames in every format that grafts them, at the rates that editors use."""

from __future__ import annotations

from fractions import Fraction

import pytest

from heygem_core.media import timecode
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, Selection
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.registry import FORMATS, FormatName
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.metadata import own_text
from heygem_server.timeline.sequence import sequence_of

from .making import Files, clip, data, external, gap, sound, time, timeline, times, track, video
from .stripping import canonical, strip_fcp7, strip_fcpxml

STRIPPED = {"fcp7": strip_fcp7, "fcpxml": strip_fcpxml}


@pytest.mark.parametrize("handles", [0, 7])
@pytest.mark.parametrize(
    ("rate", "drop"),
    [
        (Fraction(24000, 1001), False),
        (Fraction(25), False),
        (Fraction(30000, 1001), True),
        (Fraction(30000, 1001), False),
        (Fraction(60000, 1001), True),
    ],
)
@pytest.mark.parametrize("format", ["fcp7", "fcpxml"])
def test_a_take_shows_the_source_frame_that_the_clip_showed(
    files: Files, format: FormatName, rate: Fraction, drop: bool, handles: int
) -> None:
    """The media begin at 09:58:30:00. A take with handles begins so many frames sooner, and its own timecode says so."""
    start = timecode.format(timecode.parse("09:58:30:00", rate), rate)
    media = files.add("a.mov", video(rate, 500, start))
    voice = files.add("v.wav", sound(3000))
    zero, whole = timecode.parse(start, rate), float(rate)
    hour = timecode.parse("01:00:00;00" if drop else "01:00:00:00", rate)
    reference = external(media, times(zero, 500, whole))
    pictures = [gap(11, whole), clip("a", times(zero + 101, 40, whole), reference), clip("b", times(zero + 300, 23, whole), reference)]
    document = timeline(
        track("Video", "V1", *pictures),
        track("Audio", "dub", clip("v", times(0, 200, whole), external(voice, times(0, 3000, whole)))),
        start=time(hour, whole),
        heygem={"drop_frame": drop},
    )
    before = as_text(read_timeline(data(document)).timeline, format)[0].encode()
    read = read_timeline(before).timeline
    assert (sequence_of(read).rate, sequence_of(read).start_frame, sequence_of(read).drop_frame) == (rate, hour, drop)
    sounds = next(each.name for each in read.tracks if each.kind == "Audio")
    rows = conform(read, Selection(speech_tracks=(sounds,), handles=handles), facts=files.facts).shots
    takes = []
    for row, first, length in zip(rows, (101, 300), (40, 23), strict=True):
        assert row.shot
        assert row.take_rate == rate
        assert row.take_seconds == Fraction(length + 2 * handles) / rate
        assert row.shot.start == first - handles
        begins = timecode.format(zero + row.shot.start, rate)
        takes.append(
            FinishedTake(
                shot=row, path=f"/takes/{row.clip}.mov", take=row.clip, frames=length + 2 * handles, rate=rate, start_timecode=begins
            )
        )
    graft = FORMATS.get(format).graft
    assert graft is not None
    out, notices = graft(before, takes, "track", None)
    assert notices == []
    above = [each for each in flatten(read_timeline(out).timeline, rate) if own_text(each.item, "take")]
    shown = [(each.start * rate, each.end * rate, each.source_low * rate) for each in above]
    assert shown == [(11, 51, zero + 101), (51, 74, zero + 300)], "the frame of the media that the take's own timecode names"
    assert canonical(STRIPPED[format](out, "/takes")) == canonical(before)
