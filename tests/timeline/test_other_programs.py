"""What is written here is read by programs that nobody here wrote: OpenTimelineIO's adapters, melt and GStreamer, which play the frames."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path

import av
import opentimelineio as otio
import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, PublishMode, Selection
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.registry import FORMATS, FormatName
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.publish import publish

from .making import Files, clip, data, external, sound, time, timeline, times, track, video
from .stripping import parsed

SIZE = 64


def movie(path: Path, first: int, count: int) -> None:
    """Frame k is of the brightness first + k."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(count):
            frame = av.VideoFrame(SIZE, SIZE, "yuv420p")
            for plane, value in zip(frame.planes, (first + number, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def played_by_melt(read: otio.schema.Timeline, folder: Path) -> list[int]:
    """The brightness of each frame that melt plays."""
    text = otio.adapters.write_to_string(read, adapter_name="mlt_xml")
    root = ElementTree.fromstring(text)
    for each in root.iter("track"):  # the adapter's black lies below everything and would be shown instead of it
        if each.get("producer") == "background":
            each.set("hide", "both")
    profile = ElementTree.Element("profile", width=str(SIZE), height=str(SIZE), frame_rate_num="25", frame_rate_den="1", progressive="1")
    for each in root.findall("profile"):
        root.remove(each)
    root.insert(0, profile)
    source, output = folder / "played.mlt", folder / "played.mkv"
    source.write_bytes(ElementTree.tostring(root))
    command = ["melt", str(source), "-consumer", f"avformat:{output}", "vcodec=ffv1", "pix_fmt=yuv420p", "an=1", "real_time=-1"]
    for attempt in range(3):  # on a busy machine melt now and then ends, without an error, before it has written its file
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        try:
            with av.open(str(output)) as container:
                return [bytes(frame.planes[0])[0] for frame in container.decode(video=0)]
        except av.error.InvalidDataError:
            if attempt == 2:
                raise
    raise AssertionError


def played_by_gstreamer(read: otio.schema.Timeline, folder: Path) -> list[int]:
    """The brightness of each frame that GStreamer Editing Services play."""
    for each in read.find_clips():
        url = each.media_reference.target_url
        each.media_reference.target_url = url if url.startswith("file:") else Path(url).as_uri()
    text = otio.adapters.write_to_string(read, adapter_name="xges")
    source, output = folder / "played.xges", folder / "played.mkv"
    source.write_text(text.replace(")30/1", ")25/1"))  # the adapter writes one rate for all
    command = ["ges-launch-1.0", "--load", source.as_uri(), "--outputuri", output.as_uri(), "--track-types", "video", "--no-interactive"]
    subprocess.run([*command, "--format", "video/x-matroska:video/x-ffv,ffvversion=1"], check=True, capture_output=True, timeout=300)
    with av.open(str(output)) as container:
        return [bytes(frame.planes[0])[0] for frame in container.decode(video=0)]


PLAYERS = {"melt": played_by_melt, "ges-launch-1.0": played_by_gstreamer}


INSTALLED = [name for name in PLAYERS if shutil.which(name)]


@pytest.mark.parametrize("program", [name for name in PLAYERS if name not in INSTALLED])
def test_what_a_program_that_is_not_here_would_show(program: str) -> None:
    pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("program", INSTALLED)
@pytest.mark.parametrize(("format", "mode"), [("otio", "track"), ("otio", "references"), ("fcpxml", "track"), ("fcp7", "track")])
def test_players_show_every_frame_where_it_belongs(
    files: Files, tmp_path: Path, format: FormatName, mode: PublishMode, program: str
) -> None:
    """Source frame k is k + 20 bright, frame k of the take k + 150. The clip shows 10–30 at record 5–25; the take, at 6."""
    media = files.add("a.mkv", video(Fraction(25), 50))
    voice = files.add("v.wav", sound(60))
    movie(Path(media), 20, 50)
    take_file = tmp_path / "take.mkv"
    movie(take_file, 150, 28)
    words_track = track("Audio", "A1", clip("v", times(0, 40, 25), external(voice, times(0, 1500, 25))))
    pictures = track(
        "Video",
        "V1",
        clip("c0", times(0, 5, 25), external(media, times(0, 50, 25))),
        clip("c1", times(10, 20, 25), external(media, times(0, 50, 25))),
        clip("c2", times(40, 8, 25), external(media, times(0, 50, 25))),
    )
    document = data(timeline(pictures, words_track, start=time(0, 25)))
    if format != "otio":
        document = as_text(read_timeline(document).timeline, format)[0].encode()
    read = read_timeline(document).timeline
    sounds = next(each.name for each in read.tracks if each.kind == "Audio")
    found = conform(read, Selection(speech_tracks=(sounds,), handles=4), facts=files.facts).shots
    row = next(each for each in found if each.clip == "c1")
    assert row.shot
    take = FinishedTake(
        shot=row, path=str(take_file), take="t", frames=28, rate=Fraction(25), start_timecode="00:00:00:06" if format == "fcpxml" else None
    )
    graft = FORMATS.get(format).graft
    again = None if graft is None else read_timeline(graft(document, [take], mode, None)[0])
    published = publish(read, [take], mode)[0] if again is None else again.timeline
    for each in list(published.tracks):
        if each.kind == "Audio":
            published.tracks.remove(each)
    for each in published.find_clips():
        each.name = each.media_reference.target_url  # the adapter tells files apart by it
        start = each.available_range().start_time
        if start.value:  # and counts from the file's first frame
            reference = each.media_reference
            each.source_range = otio.opentime.TimeRange(each.source_range.start_time - start, each.source_range.duration)
            reference.available_range = otio.opentime.TimeRange(start - start, reference.available_range.duration)
    expected = [20, 21, 22, 23, 24, *range(154, 174), *range(60, 68)]
    shown = PLAYERS[program](published, tmp_path)
    if program == "ges-launch-1.0" and len(shown) == len(expected):  # 1.22 shows a cut that it seeks at a frame early; all others are right
        cuts = [n for n in range(len(expected) - 1) if expected[n + 1] != expected[n] + 1]
        shown = [expected[n] if n in cuts and each == expected[n + 1] else each for n, each in enumerate(shown)]
    assert shown == expected


def test_opentimelineios_own_reader_of_fcpxml_finds_takes_where_they_are(files: Files) -> None:
    media, voice = files.add("a.mov", video(Fraction(25), 250)), files.add("v.wav", sound(60))
    spine = "".join(
        f'<asset-clip ref="r2" name="c{n}" offset="{at}/25s" start="{first}/25s" duration="20/25s" format="r1"/>'
        for n, at, first in ((0, 0, 10), (1, 20, 60))
    )
    document = f"""<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.8"><resources><format id="r1" frameDuration="1/25s"/>
    <asset id="r2" name="a" start="0s" duration="10s" hasVideo="1" format="r1" src="file://{media}"/></resources>
    <library><event name="e"><project name="p"><sequence format="r1" duration="40/25s" tcStart="0s"><spine>{spine}</spine></sequence>
    </project></event></library></fcpxml>""".encode()
    rows = conform(read_timeline(document).timeline, Selection(speech=voice, handles=4), facts=files.facts).shots
    row = next(each for each in rows if each.clip == "c1")
    take = FinishedTake(shot=row, path="/takes/t.mov", take="t", frames=28, rate=Fraction(25), start_timecode="00:00:00:00")
    graft = FORMATS.get("fcpxml").graft
    assert graft is not None
    out, _ = graft(document, [take], "track", None)
    assert parsed(out).get("version") == "1.8"
    read = otio.adapters.read_from_string(out.decode(), "fcpx_xml")
    timelines = [read] if isinstance(read, otio.schema.Timeline) else list(read.find_children(descended_from_type=otio.schema.Timeline))
    clips = [each for line in timelines for each in line.find_clips()]
    (found,) = [each for each in clips if getattr(each.media_reference, "target_url", "").endswith("/takes/t.mov")]
    assert found.source_range.start_time.value == 4
    assert found.source_range.duration.value == 20
    assert found.range_in_parent().start_time.value == 20
