"""Edit lists as programs write them: which timecodes are drop-frame, reels with spaces, encodings, and what is not understood."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection, TimelineShot
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.locate import Locator
from heygem_server.timeline.sequence import sequence_of

from .making import Files, sound, video

NTSC = Fraction(30000, 1001)
SPEECH = Selection(speech_tracks=("A1",))


def placed(text: str, rate: Fraction | None = None) -> list[tuple[str, str, int, int, int]]:
    """(kind, name, record start, record end, first source frame) of every clip."""
    read = read_timeline(text.encode(), rate=rate)
    frame = sequence_of(read.timeline, rate).rate
    return [
        (each.kind, each.item.name, *(int(time * frame) for time in (each.start, each.end, each.source_low)))
        for each in flatten(read.timeline, frame)
    ]


def event(number: int, reel: str, source_in: str, record_in: str, seconds: int = 2, channel: str = "V", name: str = "") -> str:
    """An event of whole seconds."""
    codes = []
    for start in (source_in, record_in):
        hours, minutes, second, frames = start.replace(";", ":").split(":")
        at = int(hours) * 3600 + int(minutes) * 60 + int(second) + seconds
        codes += [start, f"{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}{start[8]}{frames}"]
    line = f"{number:03d}  {reel:<8} {channel:<5} C        {' '.join(codes)}\n"
    return line + (f"* FROM CLIP NAME: {name}\n" if name else "")


def heads(*lines: str) -> str:
    return "TITLE: T\n" + "\n".join(lines) + "\n"


def test_each_timecode_counts_by_its_own_mark() -> None:
    """Non-drop source under drop-frame record times, and the other way round; an hour is 108000 frames or 107892."""
    text = heads("FCM: DROP FRAME", "", "FCM: NON-DROP FRAME") + event(1, "AX", "01:00:05:00", "01:00:00;00", name="plain.mov")
    text += "FCM: DROP FRAME\n" + event(2, "AX", "01:00:05;00", "01:00:02;00", name="drop.mov")
    assert placed(text) == [("picture", "plain.mov", 0, 60, 108_150), ("picture", "drop.mov", 60, 120, 108_042)]
    assert sequence_of(read_timeline(text.encode()).timeline).drop_frame
    text = heads("FCM: NON-DROP FRAME", "", "FCM: DROP FRAME") + event(1, "AX", "01:00:05;00", "01:00:58:00", name="drop.mov")
    text += "FCM: NON-DROP FRAME\n" + event(2, "AX", "01:00:05:00", "01:01:00:00", name="plain.mov")
    assert placed(text) == [("picture", "drop.mov", 58 * 30, 1800, 108_042), ("picture", "plain.mov", 1800, 1860, 108_150)]
    assert not sequence_of(read_timeline(text.encode()).timeline).drop_frame


def test_without_marks_fcm_counts_from_its_line_on_and_the_first_is_that_of_the_record_times() -> None:
    text = heads("FCM: NON-DROP FRAME") + event(1, "A", "01:00:00:00", "01:00:58:00", name="a.mov")
    text += "FCM: DROP FRAME\n" + event(2, "B", "01:00:00:00", "01:01:00:00", name="b.mov")
    text += "FCM: NON-DROP FRAME\n" + event(3, "C", "01:00:00:00", "01:01:02:00", name="c.mov")
    assert [row[2:] for row in placed(text)] == [(1740, 1800, 108_000), (1800, 1860, 107_892), (1860, 1920, 108_000)]


def test_a_mark_of_drop_frame_means_nothing_at_a_rate_that_has_none() -> None:
    text = heads("FCM: DROP FRAME") + event(1, "A", "01:00:00;00", "01:00:00;00", name="a.mov")
    assert placed(text, Fraction(25)) == [("picture", "a.mov", 0, 50, 90_000)]


def test_times_go_on_after_midnight() -> None:
    text = (
        heads()
        + event(1, "A", "23:59:59:00", "10:00:00:00", 1)
        + "002  B        V     C        23:59:59:12 00:00:00:12 10:00:01:00 10:00:02:00\n"
    )
    last = placed(text, Fraction(25))[1]
    assert last[2:] == (25, 50, 24 * 3600 * 25 - 13)


def test_reels_may_hold_spaces_and_what_is_not_understood_is_named() -> None:
    text = heads() + event(1, "ANNA", "00:00:00:00", "01:00:00:00", name="a.mov")
    text += event(2, "Interview B", "00:00:00:00", "01:00:02:00", name="b.mov")
    text += event(3, "My  V reel 2", "00:00:00:00", "01:00:04:00", name="c.mov", channel="AA/V")
    text += "004  X  V  Q  00:00:00:00 00:00:02:00 01:00:06:00 01:00:08:00\n* FROM CLIP NAME: nobody.mov\nHello there\n"
    text += event(5, "E", "00:00:00:00", "01:00:08:00", name="e.mov")
    read = read_timeline(text.encode(), rate=Fraction(25))
    pictures = [row[1:4] for row in placed(text, Fraction(25)) if row[0] == "picture"]
    assert pictures == [("a.mov", 0, 50), ("b.mov", 50, 100), ("c.mov", 100, 150), ("e.mov", 200, 250)]
    assert [row[1] for row in placed(text, Fraction(25)) if row[0] == "sound"] == ["c.mov", "c.mov"]
    assert read.notices == (
        "Line 9 of the edit list is not understood and is kept as it is: “004  X  V  Q  00:00:00:00 00:00:02:00 01:00:06:00 01:00:08:00”.",
        "Line 11 of the edit list is not understood and is kept as it is: “Hello there”.",
    )


def test_further_channels_of_sound_are_read() -> None:
    text = heads() + event(1, "A", "00:00:00:00", "01:00:00:00", channel="NONE", name="a.wav") + "AUD  3    4\n"
    read = read_timeline(text.encode(), rate=Fraction(25))
    assert [track.name for track in read.timeline.tracks] == ["A3", "A4"]
    assert not read.notices


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists_are_read_in_the_encodings_that_programs_write(encoding: str, end: str, tmp_path: Any) -> None:
    text = heads() + event(1, "A", "00:00:00:00", "01:00:00:00", name="Vidéo Høst ß.mov")
    path = tmp_path / "list.edl"
    path.write_bytes(text.replace("\n", end).encode(encoding))
    for source in (path, path.read_bytes()):
        read = read_timeline(source, rate=Fraction(25))
        assert read.format == "edl"
        assert [each.item.name for each in flatten(read.timeline, Fraction(25))] == ["Vidéo Høst ß.mov"]


# --- media ---


def rows_of(files: Files, text: str, rate: Fraction = Fraction(25)) -> tuple[TimelineShot, ...]:
    files.add("voice.wav", sound(3000))
    voice = event(900, "AX", "00:00:00:00", "01:00:00:00", 600, channel="A", name="voice.wav")
    read = read_timeline((text + voice).encode(), rate=rate)
    locator = Locator(searched=(files.folder,))
    return conform(read.timeline, SPEECH, facts=files.facts, locator=locator, rate=rate).shots


def found(row: TimelineShot) -> tuple[str, int]:
    assert row.shot is not None, row.error or row.needs_host_export
    return row.shot.video.rsplit("/", 1)[-1], row.shot.start


def test_a_clip_name_without_its_suffix_and_a_reel_find_their_files(files: Files) -> None:
    for name in ("Scene 1.2.mov", "A001C003_261130_R2EC.mov", "A001C003_261130_R2EC.xml", "B002_C001.mov"):
        files.add(name, video(Fraction(25), 500, "01:00:00:00"))
    text = heads() + event(1, "AX", "01:00:02:00", "01:00:00:00", name="Scene 1.2")
    text += event(2, "A001C003", "01:00:03:00", "01:00:02:00")
    text += event(3, "B002", "01:00:04:00", "01:00:04:00", name="an editor's name for it")
    text += event(4, "AX", "01:00:04:00", "01:00:06:00", name="Title one")
    text += event(5, "Z009", "01:00:04:00", "01:00:08:00")
    rows = rows_of(files, text)
    assert [found(row) for row in rows[:3]] == [("Scene 1.2.mov", 50), ("A001C003_261130_R2EC.mov", 75), ("B002_C001.mov", 100)]
    assert rows[3].needs_host_export is not None
    assert "“Z009” is nowhere to be found" in (rows[4].error or "")


def test_of_the_clips_of_a_reel_the_timecode_tells_which_is_meant(files: Files) -> None:
    files.add("A001_C001.mov", video(Fraction(25), 500, "01:00:00:00"))
    files.add("A001_C002.mov", video(Fraction(25), 500, "01:10:00:00"))
    files.add("A001_C002.wav", sound(20))
    files.add("A0010_C001.mov", video(Fraction(25), 500, "01:10:00:00"))
    text = heads() + event(1, "A001", "01:10:02:00", "01:00:00:00") + event(2, "A001", "01:00:01:00", "01:00:02:00")
    text += event(3, "A001", "02:00:00:00", "01:00:04:00")
    one, two, three = rows_of(files, text)
    assert (found(one), found(two)) == (("A001_C002.mov", 50), ("A001_C001.mov", 25))
    assert "3 files are called “A001”" in (three.error or "")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_found_in_either_form_of_unicode(files: Files, form: Any) -> None:
    import unicodedata

    other = "NFD" if form == "NFC" else "NFC"
    files.add(unicodedata.normalize(form, "Vidéo Å.mov"), video(Fraction(25), 500))
    asked = unicodedata.normalize(other, "Vidéo Å.mov")
    (row,) = rows_of(files, heads() + event(1, "AX", "00:00:02:00", "01:00:00:00", name=asked))
    assert found(row)[1] == 50
    assert Locator(base=files.folder).locate(asked).exists()
    assert Locator(base=files.folder).locate(str(files.folder / asked)).exists()


# --- dissolves ---


def test_every_dissolve_of_a_list_stays_visible(files: Files) -> None:
    """A take of either clip on a track above would cover it."""
    for name in ("a.mov", "b.mov", "c.mov"):
        files.add(name, video(Fraction(25), 5000))
    text = heads() + event(1, "AX", "00:00:02:00", "01:00:00:00", name="a.mov")
    text += "002  AX       V     C        00:00:04:00 00:00:04:00 01:00:02:00 01:00:02:00\n"
    text += "002  AX       V     D    010 00:00:10:00 00:00:12:00 01:00:02:00 01:00:04:00\n"
    text += "* FROM CLIP NAME: a.mov\n* TO CLIP NAME: b.mov\n" + event(3, "AX", "00:00:02:00", "01:00:04:00", name="c.mov")
    a, b, c = rows_of(files, text)
    assert (a.not_above is None, b.not_above is None, c.not_above is None) == (False, False, True)
    assert a.handles_after == 10


# --- timecodes name frames of the media ---

NTSC_24, FILM = Fraction(24000, 1001), Fraction(24)


@pytest.mark.parametrize(
    ("rate", "media_rate", "start", "code", "frame"),
    [
        (FILM, NTSC_24, "01:00:00:00", "01:00:10:12", 252),
        (NTSC_24, FILM, "01:00:00:00", "01:00:10:12", 252),
        (NTSC, Fraction(25), "10:00:00:00", "10:00:10:15", 262),  # half a second on: 12.5 frames
        (Fraction(25), NTSC, "10:00:00:00", "10:00:10:05", 306),
        (Fraction(25), Fraction(50), "01:00:00:00", "01:00:10:05", 510),
        (NTSC, Fraction(60000, 1001), "01:00:00:00", "01:00:10:15", 630),
        (Fraction(25), Fraction(25), "23:59:50:00", "00:00:05:00", 375),  # recorded over midnight
    ],
)
def test_a_source_time_names_the_frame_that_the_media_call_so(
    files: Files, rate: Fraction, media_rate: Fraction, start: str, code: str, frame: int
) -> None:
    """Seconds of a list at another rate are longer or shorter than the media's: 3.6 s an hour between 24 and 23.976."""
    files.add("a.mov", video(media_rate, 5000, start))
    (row,) = rows_of(files, heads() + event(1, "AX", code, "01:00:00:00", name="a.mov"), rate)
    assert found(row)[1] == frame


@pytest.mark.parametrize(
    ("mode", "start", "code", "frame"),
    [
        ("DROP FRAME", "01:00:00:00", "01:05:00:02", 9002),
        ("NON-DROP FRAME", "01:00:00;00", "01:04:30:00", 8092),
        ("DROP FRAME", "01:00:00:00", "01:04:59:00", 8970),  # over a minute: two seconds are 58 frames in the other count
        ("NON-DROP FRAME", "01:00:00;00", "01:04:59:00", 8962),
    ],
)
def test_a_list_without_marks_counts_source_times_as_the_media_do(files: Files, mode: str, start: str, code: str, frame: int) -> None:
    files.add("a.mov", video(NTSC, 20_000, start))
    text = heads(f"FCM: {mode}")
    hours, minutes, seconds, frames = code.split(":")
    last = int(minutes) * 60 + int(seconds) + 2
    source_out = f"{hours}:{last // 60:02d}:{last % 60:02d}:{frames}"
    if frames == "00" and start[8] == ";" and last % 60 < 2 and last // 60 % 10:  # no such name; the drop count goes on from :02
        source_out = source_out[:9] + "02"
    text += f"001  AX       V     C        {code} {source_out} 01:00:00:00 01:00:02:00\n* FROM CLIP NAME: a.mov\n"
    (row,) = rows_of(files, text, NTSC)
    assert found(row)[1] == frame


def test_a_retime_of_the_clip_that_a_dissolve_comes_from_is_not_that_of_the_one_it_leads_to(files: Files) -> None:
    for name in ("a.mov", "b.mov"):
        files.add(name, video(Fraction(25), 5000))
    text = heads() + "001  A        V     C        00:00:10:00 00:00:11:00 01:00:00:00 01:00:02:00\n"
    text += "M2   A        012.5   00:00:10:00\n* FROM CLIP NAME: a.mov\n"
    text += "002  A        V     C        00:00:11:00 00:00:11:00 01:00:02:00 01:00:02:00\n"
    text += "002  B        V     D    010 00:00:10:00 {} 01:00:02:00 01:00:04:00\n"
    names = "* FROM CLIP NAME: a.mov\n* TO CLIP NAME: b.mov\n"
    outgoing, incoming = "M2   A        012.5   00:00:11:00\n", "M2   B        050.0   00:00:10:00\n"
    for motion, end, speed in (
        (outgoing, "00:00:12:00", 1),
        (outgoing + incoming, "00:00:14:00", 2),
        (incoming + outgoing, "00:00:14:00", 2),
    ):
        one, two = rows_of(files, text.format(end) + motion + names)
        assert one.shot is not None
        assert two.shot is not None
        assert (one.shot.speed, two.shot.speed, two.shot.start) == (Fraction(1, 2), speed, 250)


@pytest.mark.parametrize(
    ("source", "motion", "shown"),
    [
        ("00:00:12:00 00:00:10:00", "M2   A   -025.0   00:00:12:00", None),  # backwards, and its times too: which frame is first?
        ("00:00:12:00 00:00:10:00", "M2   A   025.0    00:00:12:00", None),
        ("00:00:10:00 00:00:20:00", "M2   A   050.0    00:00:10:00", None),
        ("00:00:10:00 00:00:14:00", "M2   A   050.0    00:00:10:00", (250, 350, 2)),
        ("00:00:10:00 00:00:12:00", "M2   A   050.0    00:00:10:00", (250, 350, 2)),  # as much source as its place is long
        ("00:00:10:00 00:00:10:01", "M2   A   000.0    00:00:10:00", (250, 251, 1)),  # stands still
        ("00:00:10:00 00:00:12:00", "M2   A   000.0    00:00:10:00", (250, 251, 1)),
        ("00:00:10:00 00:00:12:00", "M2   A   -025.0   00:00:10:00", (250, 300, -1)),
    ],
)
def test_a_retime_whose_source_is_of_another_length_is_refused(
    files: Files, source: str, motion: str, shown: tuple[int, int, int] | None
) -> None:
    files.add("a.mov", video(Fraction(25), 5000))
    text = heads() + f"001  A        V     C        {source} 01:00:00:00 01:00:02:00\n{motion}\n* FROM CLIP NAME: a.mov\n"
    (row,) = rows_of(files, text)
    if shown is None:
        assert row.shot is None
        assert "does not explain" in (row.error or "")
    else:
        assert row.shot is not None, row.error
        assert (row.shot.start, row.shot.end_exclusive, row.shot.speed) == shown
