"""A take with handles shows its frame behind them, in whatever format it is written: what the document says is worked out here by hand."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import opentimelineio as otio
import pytest

from heygem_core.media import timecode
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, PublishMode, Selection
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.registry import FormatName
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.publish import publish

from .making import Files, clip, data, external, gap, sound, timeline, times, track, video

RATE, HANDLES, FIRST, LENGTH = Fraction(25), 7, 101, 40
HOUR = "09:58:30:00"


def _frames(code: str) -> int:
    return timecode.parse(code, RATE)


def _seconds(text: str | None) -> Fraction:
    return Fraction((text or "0s").removesuffix("s"))


def of_edl(text: str) -> tuple[int, int]:
    """(what the list calls the frame of the take that the event begins with, 0)."""
    found = re.search(r"(\S+) \S+ \S+ \S+\n(?:\*.*\n)*?\* (?:FROM|TO) CLIP: /takes/t\.mov", text)
    assert found, text
    return _frames(found[1]), 0


def of_fcp7(text: str) -> tuple[int, int]:
    """(the same, `in` being counted from the file's first frame; what the file calls that)."""
    root = ElementTree.fromstring(text)
    (item,) = [each for each in root.iter("clipitem") if (each.findtext("file/pathurl") or "").endswith("/takes/t.mov")]
    begins = int(item.findtext("file/timecode/frame") or 0)
    return begins + int(item.findtext("in") or 0), begins


def of_fcpxml(text: str) -> tuple[int, int]:
    root = ElementTree.fromstring(text)
    (asset,) = [each for each in root.iter("asset") if each.find("media-rep").get("src", "").endswith("/takes/t.mov")]  # type: ignore[union-attr]
    (shown,) = [each for each in root.iter("asset-clip") if each.get("ref") == asset.get("id")]
    return int(_seconds(shown.get("start")) * RATE), int(_seconds(asset.get("start")) * RATE)


READERS: dict[FormatName, Any] = {"edl": of_edl, "fcp7": of_fcp7, "fcpxml": of_fcpxml}


@pytest.mark.parametrize("start", [None, HOUR])
@pytest.mark.parametrize("source", ["otio", "fcp7", "fcpxml", "edl"])
@pytest.mark.parametrize("target", READERS)
@pytest.mark.parametrize("mode", ["references", "track"])
def test_a_take_with_handles_begins_behind_them(
    files: Files, source: FormatName, target: FormatName, mode: PublishMode, start: Any
) -> None:
    """The clip shows frames 101–141 of its media; the take holds 94–148, and its own timecode, if it has one, says so. Where the media have
    none the take counts from 0. With source times from 0 although the media have a timecode (OpenTimelineIO) it is the same."""
    if source == target:
        return  # what is grafted is in other tests
    media, voice = files.add("a.mov", video(RATE, 500, start)), files.add("v.wav", sound(3000))
    zero = _frames(start) if start is not None and source != "otio" else 0
    cut = clip("a", times(zero + FIRST, LENGTH, 25), external(media, times(zero, 500, 25)))
    document = timeline(track("Video", "V1", gap(11, 25), cut), track("Audio", "A1", clip("v", times(0, 99, 25), external(voice))))
    given = data(document)
    if source != "otio":
        given = as_text(read_timeline(given).timeline, source)[0].encode()
    read = read_timeline(given, rate=RATE).timeline
    sounds = next(each.name for each in read.tracks if each.kind == otio.schema.TrackKind.Audio)
    (row,) = [each for each in conform(read, Selection(speech_tracks=(sounds,), handles=HANDLES), facts=files.facts).shots]
    assert row.shot, row.error
    assert (row.shot.start, row.shot.end_exclusive) == (FIRST - HANDLES, FIRST + LENGTH + HANDLES)
    begins = None if start is None else timecode.format(_frames(start) + row.shot.start, RATE)
    take = FinishedTake(shot=row, path="/takes/t.mov", take="t", frames=LENGTH + 2 * HANDLES, rate=RATE, start_timecode=begins)
    published, _ = publish(read, [take], mode)
    text, _ = as_text(published, target)
    own = 0 if begins is None else _frames(begins)
    shown, called = READERS[target](text)
    assert shown - own == HANDLES, "the frame of the take's file that stands at the cut"
    assert called == (own if target != "edl" else 0), "what the document calls the take's first frame is what its file says"
    if mode == "track" and target != "edl" and start is not None:
        shown, called = READERS[target](text.replace("/takes/t.mov", "/takes/other.mov").replace(media, "/takes/t.mov"))
        assert (shown - called, called) == (FIRST, zero), "the clip below, whatever an edit list leaves out of it"


@pytest.mark.parametrize("target", ["fcp7", "fcpxml"])
def test_media_whose_first_timecode_nobody_knows_are_named(target: FormatName) -> None:
    """An edit list says none: frames that are counted from a file's first one cannot be reckoned."""
    event = "001  A        V     C        09:58:30:10 09:58:31:05 01:00:00:00 01:00:00:20"
    text = f"TITLE: t\n{event}\n* FROM CLIP NAME: a\n* FROM CLIP: /m/a.mov\n"
    timeline = read_timeline(text.encode(), "edl", rate=RATE).timeline
    notices = as_text(timeline, target)[1]
    assert any("first timecode" in each and "a (01:00:00:00)" in each for each in notices), notices
    assert not any("first timecode" in each for each in as_text(timeline, "edl")[1])
