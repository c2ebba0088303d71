"""Edit lists with takes and lines in them, read by pycmx: who conforms a list finds each take by its name, its reel and its timecode."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import pycmx
import pytest

from heygem_core.media import timecode
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Cue, FinishedTake, Selection
from heygem_server.timeline.formats.edl_graft import graft_edl
from heygem_server.timeline.formats.edl_sound import lay_edl
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text

from .everything import CUTS, FRAMES, RATES, Rate, edl, otio
from .making import Files, sound, video


def edits(text: str) -> tuple[list[Any], list[str]]:
    """(each edit that lasts, the lines that pycmx does not know but M2, which it has no room for)."""
    read = pycmx.parse_cmx3600(io.StringIO(text))
    found = [edit for event in read.events for edit in event.edits if edit.record_in != edit.record_out]
    return found, [each.content for each in read.unrecognized_statements if each.content and not each.content.startswith("M2")]


def media(files: Files, rate: Rate) -> tuple[str, str, str]:
    zero = timecode.format(rate.zero, rate.fps, drop=False)
    files.add("w.wav", sound(100))
    return files.add("a.mov", video(rate.fps, FRAMES, zero)), files.add("v.wav", sound(100)), str(files.folder / "w.wav")


def with_takes(files: Files, rate: Rate, text: bytes, handles: int) -> tuple[str, dict[str, FinishedTake]]:
    read = read_timeline(text, rate=rate.fps).timeline
    rows = conform(read, Selection(speech_tracks=("A1",), handles=handles), facts=files.facts, rate=rate.fps).shots
    takes = {}
    for row in rows:
        assert row.shot, row.error
        assert row.take_seconds
        begins = timecode.format(rate.zero + row.shot.start, rate.fps, drop=False)
        takes[row.clip] = FinishedTake(
            shot=row, path=f"/takes/{row.clip}.mov", take=f"t-{row.clip}", frames=int(row.take_seconds * rate.fps), rate=rate.fps,
            start_timecode=begins,
        )  # fmt: skip
    return graft_edl(text, list(takes.values()), "track", rate.fps)[0].decode(), takes


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_takes_are_found_by_name_reel_and_timecode(files: Files, rate: Rate) -> None:
    before = edl(rate, *media(files, rate))
    text, takes = with_takes(files, rate, before, 3)
    plain, unknown = edits(before.decode())
    found, unknown_after = edits(text)
    assert [(edit.record_in, edit.record_out) for edit in found] == [(edit.record_in, edit.record_out) for edit in plain]
    assert set(unknown_after) <= set(unknown), "our remarks are comments to others"
    named = {edit.clip_name: edit for edit in found}
    assert {f"{cut.name}.mov" for cut in CUTS} <= named.keys()
    assert len({named[f"{cut.name}.mov"].source for cut in CUTS}) == len(CUTS), "each take has a reel of its own"
    for cut in CUTS:
        edit, row = named[f"{cut.name}.mov"], takes[cut.name].shot
        assert row.shot
        low = timecode.parse(edit.source_in.replace(";", ":"), rate.fps) - rate.zero - row.shot.start
        assert low == row.handles_before
        assert timecode.parse(edit.source_out.replace(";", ":"), rate.fps) - rate.zero - row.shot.start == low + cut.length


def test_lines_are_events_of_sound(files: Files) -> None:
    rate = RATES[1]
    text, _ = with_takes(files, rate, edl(rate, *media(files, rate)), 0)
    cues = [Cue(number=str(n), start=Fraction(n), end=Fraction(n) + Fraction(1, 2), file=f"/studio/l{n}.wav") for n in range(4)]
    found, _ = edits(lay_edl(text.encode(), cues, (), rate.fps)[0].decode())
    lines = [edit for edit in found if Path(edit.clip_name or "").suffix == ".wav"]
    assert [(edit.clip_name, edit.record_in, edit.record_out) for edit in lines] == [
        (f"l{n}.wav", f"01:00:0{n}:00", f"01:00:0{n}:13") for n in range(4)
    ]
    assert all(edit.channels.get_audio_channel(3) and not edit.channels.video for edit in lines)


def test_a_list_that_is_written_anew_is_understood_whole(files: Files) -> None:
    rate = RATES[1]
    text, _ = as_text(read_timeline(otio(rate, *media(files, rate))).timeline, "edl")
    found, unknown = edits(text)
    assert unknown == []
    pictures = [(edit.record_in, edit.record_out) for edit in found if edit.channels.video]
    places = [(rate.code(rate.start + cut.start), rate.code(rate.start + cut.start + cut.length)) for cut in CUTS[4:]]
    assert set(places) <= set(pictures), "those beside a dissolve begin with it"
    dissolves = [edit for edit in found if edit.transition.dissolve]
    assert [edit.record_in for edit in dissolves] == [rate.code(rate.start + frame) for frame in (22, 45, 61)]
