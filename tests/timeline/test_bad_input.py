"""Bad timelines: an error per clip with its name and timecode, never a crash, never a shift of the others."""

from __future__ import annotations

import io
import json
import time as clock
import zipfile
from fractions import Fraction
from typing import Any

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection, TimelineShot
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.locate import Locator, mapped, path_of

from .making import Files, clip, data, effect, external, gap, sound, stack, time, timeline, times, track, video, warp

SPEECH = Selection(speech_tracks=("A1",))


def around(files: Files, *bad: Any) -> tuple[list[TimelineShot], Any]:
    """Rows of a timeline with a good clip of 20 frames before and one of 30 frames behind the bad ones."""
    media, voice = files.add("a.mov", video(Fraction(25), 500)), files.add("v.wav", sound(4000))
    good = clip("before", times(100, 20, 25), external(media)), clip("behind", times(200, 30, 25), external(media))
    speech = track("Audio", "A1", clip("v", times(0, 90_000, 25), external(voice)))
    document = timeline(track("Video", "V1", good[0], *bad, good[1]), speech, start=time(0, 25))
    read = read_timeline(json.dumps(document).encode())
    return list(conform(read.timeline, SPEECH, facts=files.facts).shots), read


def check_neighbours(rows: list[TimelineShot], length: int) -> None:
    before, behind = rows[0], rows[-1]
    assert before.shot
    assert behind.shot
    assert (before.placement.record_start, before.placement.record_duration, before.shot.start) == (0, 20, 100)
    assert (behind.placement.record_start, behind.placement.record_duration, behind.shot.start) == (20 + length, 30, 200)


@pytest.mark.parametrize(
    ("bad", "length", "why"),
    [
        ({"OTIO_SCHEMA": "Hologram.3", "name": "future", "source_range": times(0, 10, 25)}, 10, "cannot be understood (Hologram.3"),
        (
            {"OTIO_SCHEMA": "Clip.2", "name": "future", "source_range": times(0, 10, 25), "media_references": 5},
            10,
            "cannot be understood (Clip.2",
        ),
        (clip("zero", times(5, 0, 25), external("a.mov")), 0, "it has no length"),
        (clip("negative", times(5, -7, 25), external("a.mov")), 0, "its length is negative"),
        (clip("gone", times(0, 10, 25), external("/nowhere/gone.mov")), 10, "“gone.mov” is nowhere to be found"),
        (clip("http", times(0, 10, 25), external("https://example.org/a.mov")), 10, "at a https address"),
        (clip("nul", times(0, 10, 25), external("/tmp/a\0b.mov")), 10, "no usable path"),
        (clip("device", times(0, 10, 25), external("/dev/zero")), 10, "“zero” is nowhere"),
        (clip("up", times(0, 10, 25), external("../../../../etc/passwd")), 10, "“passwd” is nowhere"),
        (clip("beyond", times(9000, 10, 25), external("a.mov", times(0, 500, 25))), 10, "of its media, which last 20.00 s"),
    ],
)
def test_a_bad_clip_is_an_error_of_its_own(files: Files, bad: dict[str, Any], length: int, why: str) -> None:
    if bad.get("media_references") != 5 and bad["OTIO_SCHEMA"] == "Clip.2":
        reference = bad["media_references"]["DEFAULT_MEDIA"]
        if reference["target_url"] == "a.mov":
            reference["target_url"] = str(files.folder / "a.mov")
    rows, _ = around(files, bad)
    check_neighbours(rows, length)
    (row,) = rows[1:-1]
    assert row.shot is None
    assert row.error
    assert row.error.startswith(f"“{bad['name']}” at 00:00:00:20: ")
    assert why in row.error


@pytest.mark.parametrize("rate", [0, -25, float("nan"), float("inf"), 1e300])
def test_a_rate_that_is_none_stops_its_track_there(files: Files, rate: float) -> None:
    """Nobody can say how long such a clip is: what follows on its track has no place, what lies elsewhere has."""
    rows, _ = around(files, clip("odd", times(0, 10, rate), external(str(files.folder / "a.mov"))))
    assert rows[0].shot
    assert rows[1].error
    assert "“odd” at 00:00:00:20: its rate is" in rows[1].error
    assert rows[2].error
    assert rows[2].error.endswith("its place is unknown because a clip before it has no length.")


def test_pieces_that_were_not_understood_are_written_back_as_they_came(files: Files) -> None:
    strange = {"OTIO_SCHEMA": "Hologram.3", "name": "future", "depth": [1, {"x": None}], "source_range": times(0, 10, 25)}
    _, read = around(files, strange)
    text, _ = as_text(read.timeline, "otio")
    assert json.loads(text)["tracks"]["children"][0]["children"][1] == strange
    assert read.notices == ("“future” could not be understood and stays as it is.",)


def test_unknown_effects_and_references_do_not_hurt(files: Files) -> None:
    media = external(str(files.folder / "a.mov"))
    glow = clip("glow", times(0, 10, 25), media, effects=(effect("Glow.9", amount=3),))
    rows, read = around(files, glow)
    check_neighbours(rows, 10)
    assert rows[1].shot
    assert json.loads(as_text(read.timeline, "otio")[0])["tracks"]["children"][0]["children"][1]["effects"] == glow["effects"]
    ramp = clip("ramp", times(0, 10, 25), media, effects=(effect("SpeedRamp.1", keys=[1]),))
    rows, _ = around(files, ramp)
    check_neighbours(rows, 10)
    assert rows[1].needs_host_export == "its speed changes in a way that is not known here"


def test_infinity_as_opentimelineio_writes_it_is_read(files: Files) -> None:
    rows, read = around(files, clip("odd", times(0, 10, 25), metadata={"x": "MARK"}))
    text = as_text(read.timeline, "otio")[0].replace('"MARK"', "[Inf, -Inf, NaN, 170141183460469231731687303715884105728]")
    again = read_timeline(text.encode())
    assert len(again.timeline.tracks[0]) == len(rows)


def test_a_newer_version_of_a_known_schema_is_read(files: Files) -> None:
    newer = clip("newer", times(0, 10, 25), external(str(files.folder / "a.mov"))) | {"OTIO_SCHEMA": "Clip.7", "novelty": True}
    rows, read = around(files, newer)
    check_neighbours(rows, 10)
    assert rows[1].shot
    assert "Clip.7" in read.notices[0]


@pytest.mark.parametrize("depth", [40, 100, 100_000])
def test_very_deep_nesting_is_refused_in_one_sentence(files: Files, depth: int) -> None:
    text = '{"OTIO_SCHEMA":"Stack.1","children":[' * depth + "]}" * depth
    document = data(timeline(track("Video", "V1"), start=time(0, 25))).decode().replace('"children": []', f'"children": [{text}]')
    if depth > 40:
        with pytest.raises(UnreadableTimeline, match="nested"):
            read_timeline(document.encode())
        return
    found = conform(read_timeline(document.encode()).timeline, Selection(tracks=("V1",)), facts=files.facts)
    assert all(row.error for row in found.shots)


def test_a_deep_nest_beside_good_clips_is_one_error(files: Files) -> None:
    nest = clip("innermost", times(0, 10, 25), external("/x.mov"))
    for number in range(28):
        nest = stack(f"level {number}", nest, source=times(0, 10, 25))
    rows, _ = around(files, nest)
    check_neighbours(rows, 10)
    assert rows[1].error


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'{"OTIO_SCHEMA": 5}',
        b'{"OTIO_SCHEMA": "Timeline.1"}',
        b'{"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Clip.2"}}',
        b'{"OTIO_SCHEMA": "SerializableCollection.1", "children": []}',
        b"<xmeml/>",
        b"<fcpxml/>",
        b"<xmeml><sequence/><sequence/></xmeml>",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000,
        b"PK\x03\x04 no zip",
        b"TITLE: nothing\n",
        b"\x00\x01\x02",
    ],
)
def test_what_is_no_timeline_says_so(text: bytes) -> None:
    with pytest.raises(UnreadableTimeline):
        read_timeline(text)


_BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE fcpxml [<!ENTITY a0 "ha">{_BOMB}]>',
        '<!DOCTYPE fcpxml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE fcpxml SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>',
    ],
)
def test_xml_entities_are_refused_before_anything_grows(doctype: str) -> None:
    began = clock.process_time()
    with pytest.raises(UnreadableTimeline, match="entities"):
        read_timeline(f'<?xml version="1.0"?>{doctype}<fcpxml version="1.8"><resources/>&a11;&x;</fcpxml>'.encode())
    assert clock.process_time() - began < 2


def test_deep_xml_and_cyclic_sequences_end() -> None:
    with pytest.raises(UnreadableTimeline, match="nested"):
        read_timeline(b"<fcpxml>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</fcpxml>")
    inner = '<sequence id="s1"><name>x</name><rate><timebase>25</timebase></rate><media><video><track>{}</track></video></media></sequence>'
    item = '<clipitem><name>loop</name><start>0</start><end>9</end><in>0</in><out>9</out><sequence id="s1"/></clipitem>'
    once = item.replace('<sequence id="s1"/>', inner.format(item))
    read = read_timeline(f"<xmeml>{inner.replace('s1', 's0').format(once)}</xmeml>".encode())
    (loop,) = flatten(read.timeline, Fraction(25))
    assert (loop.item.name, loop.host_only) == ("loop", "it is nested within itself")
    found = conform(read.timeline, Selection(tracks=("V1",), speech=None), facts=_no_facts)
    assert (len(found.shots), [each.clip for each in found.skipped]) == (0, ["loop"])


def _no_facts(path: Any) -> Any:
    raise AssertionError(f"nothing to look at in {path}")


def test_a_zip_bomb_and_a_bundle_that_climbs_are_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("../content.otio", "{}")
    with pytest.raises(UnreadableTimeline):
        read_timeline(packed.getvalue())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle, bundle.open("content.otio", "w", force_zip64=True) as content:
        for _ in range(300):
            content.write(bytes(1 << 20))
    with pytest.raises(UnreadableTimeline, match="too large"):
        read_timeline(packed.getvalue())


def test_overlapping_events_go_on_tracks_of_their_own() -> None:
    """Two events of one edit list at the same time: none is moved or cut."""
    text = """TITLE: x
001  A        V     C        00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00
002  B        V     C        00:00:10:00 00:00:12:00 01:00:01:00 01:00:03:00
003  C        V     C        00:00:20:00 00:00:21:00 01:00:02:00 01:00:01:00
"""
    read = read_timeline(text.encode(), rate=Fraction(25))
    from heygem_server.timeline.flatten import flatten

    assert [(each.item.name, each.track, each.start, each.end) for each in flatten(read.timeline, Fraction(25))] == [
        ("A", 1, 0, 2),
        ("B", 2, 1, 3),
    ]
    assert read.notices == ("Event 003 of the edit list has no usable record times and is left out.",)


@pytest.mark.full
def test_ten_thousand_clips_all_become_shots(files: Files) -> None:
    media, voice = files.add("a.mov", video(Fraction(25), 500)), files.add("v.wav", sound(40_000))
    pictures = [clip(f"c{n}", times(n % 400, 20, 25), external(media, times(0, 500, 25))) for n in range(10_000)]
    words = [clip(f"w{n}", times(n * 25, 48, 25), external(voice)) if n % 2 else gap(2, 25) for n in range(8_000)]
    document = data(timeline(track("Video", "V1", *pictures), track("Audio", "A1", *words), start=time(0, 25)))
    found = conform(read_timeline(document).timeline, SPEECH, facts=files.facts)
    assert len(found.shots) == 10_000
    assert all(row.shot for row in found.shots)
    assert found.shots[-1].placement.record_start == 199_980


# --- paths ---


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/a/b%20c#d.mov", "/a/b%20c#d.mov"),
        ("C:\\a b\\c#.mov", "C:\\a b\\c#.mov"),
        ("file:///a/b%20c%23d.mov", "/a/b c#d.mov"),
        ("file:///C:/a/b.mov", "C:/a/b.mov"),
        ("file:///C%3A/a/b.mov", "C:/a/b.mov"),
        ("file://C:/a/b.mov", "C:/a/b.mov"),
        ("FILE://localhost/a/b.mov", "/a/b.mov"),
        ("file://localhost/C%3a/M/a%20b.mov", "C:/M/a b.mov"),
        ("file://nas/share/b.mov", "//nas/share/b.mov"),
        ("file:/a/b.mov", "/a/b.mov"),
        ("\\\\nas\\share\\b.mov", "\\\\nas\\share\\b.mov"),
        ("media/b.mov", "media/b.mov"),
    ],
)
def test_urls_and_bare_paths(url: str, path: str) -> None:
    assert path_of(url) == path


@pytest.mark.parametrize(
    ("path", "maps", "here"),
    [
        ("C:\\Media\\a\\b.mov", [("c:/media", "/mnt/m")], "/mnt/m/a/b.mov"),
        ("C:\\Mediaother\\b.mov", [("C:\\Media", "/mnt/m")], "C:\\Mediaother\\b.mov"),
        ("//nas/share/b.mov", [("\\\\NAS\\share\\", "/mnt/nas/")], "/mnt/nas/b.mov"),
        ("/Volumes/R/b.mov", [("/Volumes/Q", "/q"), ("/Volumes/R", "/r")], "/r/b.mov"),
        ("/volumes/R/b.mov", [("/Volumes/R", "/r")], "/volumes/R/b.mov"),
    ],
)
def test_path_maps(path: str, maps: list[tuple[str, str]], here: str) -> None:
    assert mapped(path, maps) == here


def test_a_link_out_of_the_roots_is_refused(files: Files) -> None:
    secret = files.add("secret/a.mov", video(Fraction(25), 10))
    inside = files.folder / "inside"
    inside.mkdir()
    (inside / "a.mov").symlink_to(secret)
    with pytest.raises(Exception, match="outside the allowed folders"):
        Locator(roots=(inside,)).locate(str(inside / "a.mov"))
    with pytest.raises(Exception, match="outside the allowed folders"):
        Locator(roots=(inside,)).locate("/elsewhere/a.mov")


def test_speed_of_nan_is_an_error(files: Files) -> None:
    odd = clip("odd", times(0, 10, 25), external(str(files.folder / "a.mov")), effects=(warp(float("nan")),))
    rows, _ = around(files, odd)
    check_neighbours(rows, 10)
    assert rows[1].shot is None
