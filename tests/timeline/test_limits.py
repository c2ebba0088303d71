"""Timelines that ask for too much: absurd numbers, sums that grow, bundles that unfold, many at once. Each ends in a sentence."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heygem_core.machine.python_process import python_code
from heygem_core.shot import to_json
from heygem_server.errors import Busy
from heygem_server.timeline import child_process, limits
from heygem_server.timeline.__main__ import run as read_here
from heygem_server.timeline.child_process import conform_blocking, conform_in_child
from heygem_server.timeline.child_specs import ConformSpec
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Conformed, Selection
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.exact_time import bounded_number
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats import fcpxml_reader, otio_json
from heygem_server.timeline.formats.assembly import Event, tracks_of
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.locate import Locator

from .making import clip, data, external, gap, sound, stack, time, timeline, times, track, transition, video, warp

# --- numbers

ABSURD = (
    *("1e100000000", "-1e100000000", "1e+100000000", "1E9999999999", "1e999", "9" * 59, "9" * 5000, "-" + "9" * 17, "1e100000000s"),
    *("1e-100000000", "1e308", "1e-308", "1/" + "9" * 40, "9" * 40 + "/7", "0." + "3" * 50, "." + "1" * 58, "9007199254740993"),
    *(
        "1/0",
        "0/0",
        "1/" + "0" * 70,
        "nan",
        "inf",
        "-inf",
        "NaN",
        "Infinity",
        "0x10",
        "٣",
        "1_000",
        "",
        " ",
        "+",
        ".",
        "-",
        "1e5/3",
        "5 5",
        "0",
    ),
    *("-1", "0.04170837504170837504170837504170837504170837504170837504170837", "1e16", "99999999999999", "0.0000000001"),
)
NUMBERS = st.one_of(st.sampled_from(ABSURD), st.text("0123456789eE+-./", max_size=70), st.floats().map(repr), st.integers().map(str))

_RATE = "<rate><timebase>25</timebase></rate>"
FCPXML = (
    '<fcpxml><resources><format id="r1" frameDuration="{0}"/><asset id="r2" hasVideo="1" hasAudio="1" format="r1" start="{1}" '
    'duration="{2}" src="/a.mov"/></resources><project name="p"><sequence format="r1" tcStart="{3}"><spine>'
    '<asset-clip ref="r2" name="x" offset="{4}" start="{5}" duration="{6}"><timeMap><timept time="{7}" value="{8}"/>'
    '<timept time="9s" value="{9}"/></timeMap><marker start="{10}" duration="{11}" value="m"/>'
    '<asset-clip ref="r2" lane="{12}" offset="{13}" duration="1s"/></asset-clip><transition offset="{14}" duration="{15}"/>'
    '<clip name="y" duration="{16}"><video ref="r2" offset="{17}" start="{18}" duration="{19}"/></clip>'
    "</spine></sequence></project></fcpxml>"
)
FCPXML_PLAIN = (
    "1/25s",
    "0s",
    "40s",
    "3600s",
    "0s",
    "0s",
    "1s",
    "0s",
    "0s",
    "9s",
    "0s",
    "1s",
    "1",
    "0s",
    "1s",
    "1/5s",
    "1s",
    "0s",
    "0s",
    "2s",
)
FCP7 = (
    "<xmeml><sequence><rate><timebase>{0}</timebase></rate><timecode><frame>{1}</frame></timecode><media><video><track>"
    "<clipitem><name>x</name><rate><timebase>{2}</timebase></rate><start>{3}</start><end>{4}</end><in>{5}</in><out>{6}</out>"
    f'<file id="f">{_RATE}<duration>{{7}}</duration><pathurl>/a.mov</pathurl></file><filter><effect><effectid>timeremap</effectid>'
    "<parameter><parameterid>speed</parameterid><value>{8}</value></parameter></effect></filter></clipitem>"
    "<transitionitem><start>{9}</start><end>{10}</end></transitionitem>"
    f'<clipitem><name>y</name>{_RATE}<start>-1</start><end>90</end><in>0</in><out>50</out><file id="f"/></clipitem>'
    "</track></video></media></sequence></xmeml>"
)
FCP7_PLAIN = ("25", "0", "25", "0", "50", "0", "50", "900", "200", "40", "60")
EDL = (
    "TITLE: x\n{0}  X        {1}     D    {2} 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n* FROM CLIP: /a.mov\n"
    "M2   X       {3}     00:00:00:00\n002  X        V     W{4} {5} 00:00:00:00 00:00:02:00 01:00:02:00 01:00:04:00\n* FROM CLIP: /a.mov\n"
    "003  X        V     C        00:00:0{6}:00 00:00:02:00 01:00:04:00 01:00:06:00\n"
)
EDL_PLAIN = ("001", "V", "024", "050.0", "001", "024", "0")
OTIO = json.dumps(
    timeline(
        track(
            "Video",
            "V1",
            clip("x", times("{0}", "{1}", "{2}"), external("/a.mov", times("{3}", "{4}", "{5}")), effects=(warp("{6}"),)),  # type: ignore[arg-type]
            transition("{7}", "{8}", "{9}"),  # type: ignore[arg-type]
            clip(
                "y", times(0, 10, 25), external("/a.mov"), markers=[{"OTIO_SCHEMA": "Marker.2", "marked_range": times("{10}", 5, "{11}")}]
            ),  # type: ignore[arg-type]
            gap("{12}", 25),  # type: ignore[arg-type]
            stack("n", clip("z", times(0, 10, 25), external("/a.mov")), source=times("{13}", "{14}", "{15}")),  # type: ignore[arg-type]
        ),
        start=time("{16}", "{17}"),  # type: ignore[arg-type]
    )
)
OTIO_PLAIN = ("0", "10", "25", "0", "90", "25", "2.0", "1", "1", "25", "0", "25", "5", "0", "10", "25", "90000", "25")


def _otio(numbers: list[str]) -> str:
    text = OTIO
    for place, number in enumerate(numbers):
        text = text.replace(f'"{{{place}}}"', number)
    return text


FORMS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "fcpxml": (lambda numbers: FCPXML.format(*numbers), FCPXML_PLAIN),
    "fcp7": (lambda numbers: FCP7.format(*numbers), FCP7_PLAIN),
    "edl": (lambda numbers: EDL.format(*numbers), EDL_PLAIN),
    "otio": (_otio, OTIO_PLAIN),
}


def facts(path: Path) -> Any:
    return sound(1000) if path.name == "v.wav" else video(Fraction(25), 1000)


class Everywhere(Locator):
    def locate(self, path: str) -> Path:
        return Path("/a.mov")


def conformed(form: str, numbers: list[str]) -> Conformed | UnreadableTimeline:
    """What is made of the document, or the sentence that it is refused with. Anything else that is raised is a bug."""
    try:
        found = _conformed(form, FORMS[form][0](numbers).encode())
    except UnreadableTimeline as error:
        return error
    to_json(found)  # numbers travel as 64 bits
    return found


def _conformed(form: str, document: bytes) -> Conformed:
    read = read_timeline(document, form, rate=Fraction(25) if form == "edl" else None)
    return conform(read.timeline, Selection(tracks=("V1",), speech="/v.wav"), facts=facts, locator=Everywhere())


@pytest.mark.parametrize("form", FORMS)
def test_the_documents_are_read_as_long_as_their_numbers_are_plain(form: str) -> None:
    assert not isinstance(found := conformed(form, list(FORMS[form][1])), UnreadableTimeline)
    assert found.shots


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=200, deadline=None)
@given(choice=st.data())
def test_any_number_in_any_place_is_read_or_refused_in_a_sentence(form: str, choice: st.DataObject) -> None:
    """Worked out, “1e100000000” keeps a core busy for ten minutes."""
    numbers = list(FORMS[form][1])
    place = choice.draw(st.integers(0, len(numbers) - 1))
    number = choice.draw(NUMBERS)
    numbers[place] = number if form != "fcpxml" or choice.draw(st.booleans()) else f"{number}s"
    found = conformed(form, numbers)
    for row in () if isinstance(found, UnreadableTimeline) else found.shots:
        assert row.shot is not None or row.error or row.needs_host_export
        assert abs(row.placement.record_start) < 2**90


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", ABSURD[:8])
def test_a_huge_number_in_each_place(form: str, number: str) -> None:
    for place in range(len(FORMS[form][1])):
        numbers = list(FORMS[form][1])
        numbers[place] = number
        found = conformed(form, numbers)
        assert found.said.code if isinstance(found, UnreadableTimeline) else found.shots is not None, place


def test_a_clip_beyond_all_time_is_an_error_of_its_own() -> None:
    """Its record frame would fit into no column of a database."""
    far = track("Video", "V1", gap(2**53, 0.011), clip("x", times(0, 10, 25), external("/a.mov")))
    read = read_timeline(data(timeline(far, start=time(0, 25))))
    selection = Selection(tracks=("V1",), speech="/v.wav", speech_from="clip")
    found = conform(read.timeline, selection, facts=facts, locator=Everywhere())
    assert found.shots
    assert [row.shot for row in found.shots if row.error is None] == []
    assert max(abs(row.placement.record_start) for row in found.shots) < 2**63


def test_numbers_are_what_they_say() -> None:
    read = {"25": 25, "-0.5": Fraction(-1, 2), "1001/30000": Fraction(1001, 30000), "1e-3": Fraction(1, 1000), "+3.": 3, "2e3": 2000}
    assert {text: bounded_number(text) for text in read} == read
    assert bounded_number("0.0416666666666667") == Fraction(1, 24)
    assert [bounded_number(text) for text in ("", "x", "1/0", "1e5/3", "nan", "s" * 100, "1 1")] == [None] * 7
    for absurd in ("1e100000000", "9" * 5000, "-" + "9" * 17, "1" * 40 + "/3", "1e100", "1/" + "9" * 70):
        with pytest.raises(UnreadableTimeline, match="no editor writes"):
            bounded_number(absurd)


# --- sums


def _primes(count: int) -> list[int]:
    sieve = bytearray([1]) * (count * 20)
    found = []
    for number in range(2, len(sieve)):
        if sieve[number]:
            found.append(number)
            sieve[number * number :: number] = bytes(len(range(number * number, len(sieve), number)))
    return found[-count:]


@pytest.mark.parametrize("nested", [False, True])
def test_clips_at_thousands_of_rates_do_not_make_numbers_of_thousands_of_digits(nested: bool) -> None:
    clips = [clip("x", times(0, 10, rate), external("/a.mov")) for rate in _primes(1500)]
    made = timeline(
        track("Video", "V1", *([stack("n", track("Video", "inner", *clips)), clips[0]] if nested else clips)), start=time(0, 25)
    )
    items = flatten(read_timeline(data(made)).timeline, Fraction(25))
    assert len(items) == 1500 + nested
    assert max(max(each.start.denominator, each.end.denominator) for each in items) < 10**40


def test_nor_do_storylines_of_thousands_of_denominators(monkeypatch: pytest.MonkeyPatch) -> None:
    placed: list[Event] = []
    monkeypatch.setattr(fcpxml_reader, "tracks_of", lambda events, *how: placed.extend(events) or tracks_of(events, *how))
    clips = "".join(f'<asset-clip ref="r2" name="x" duration="1/{prime}s"/>' for prime in _primes(1500))
    document = (
        '<fcpxml><resources><format id="r1" frameDuration="1/25s"/><asset id="r2" hasVideo="1" format="r1" src="/a.mov"/></resources>'
        f'<project name="p"><sequence format="r1"><spine>{clips}</spine></sequence></project></fcpxml>'
    )
    assert len(flatten(read_timeline(document.encode()).timeline, Fraction(25))) == len(placed) == 1500
    assert max(each.start.denominator for each in placed) < 10**40


# --- what unfolds


def bundle(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("content.otio", content)
    return packed.getvalue()


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"1,", b'"",', b"[[]],"])
def test_a_small_bundle_of_millions_of_values_is_refused_before_they_are_made(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """175 KB took 5.8 GB."""
    packed = bundle(b'{"OTIO_SCHEMA":"Timeline.1","metadata":{"x":[' + piece * 9_000_000 + b"0]}}")
    assert len(packed) < 175_000
    monkeypatch.setattr(otio_json, "_loads", lambda text: pytest.fail("they were made"))
    with pytest.raises(UnreadableTimeline, match="holds too much"):
        read_timeline(packed)


def test_attributes_count_as_elements_do() -> None:
    from heygem_server.timeline.formats import xml_safe

    attributes = " ".join(f'a{number}=""' for number in range(1000))
    document = f"<fcpxml>{f'<x {attributes}/>' * 10}</fcpxml>".encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_safe, "MAX_ELEMENTS", 5000)
        with pytest.raises(UnreadableTimeline, match="holds too much"):
            read_timeline(document)


def test_an_edit_list_is_read_line_by_line_whatever_white_space_it_holds() -> None:
    """Expressions that try each way to share out white space would look at it for hours."""
    spaces = " " * 3000
    lines = f"001 A V C{spaces}x\nM2{spaces}x\n001 A V C{spaces}00:00:00:00{spaces}x\n" * 300
    with pytest.raises(UnreadableTimeline, match="no event"):
        read_timeline(b"TITLE: x\n" + lines.encode(), rate=Fraction(25))
    with pytest.raises(UnreadableTimeline, match="32 MB"):
        read_timeline(b"TITLE: x\n" + bytes(33 << 20), "edl", rate=Fraction(25))


# --- children


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "cut.otio"
    path.write_bytes(data(timeline(track("Video", "V1", clip("x", times(0, 10, 25), external("/a.mov"))), start=time(0, 25))))
    return path


async def test_a_few_children_read_at_once_and_a_few_more_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve timelines were twelve children."""
    code = f"import os, pathlib, time\nhere = pathlib.Path({str(tmp_path)!r})\n(here / f'{{os.getpid()}}.begun').touch()\n"
    monkeypatch.setattr(child_process, "_COMMAND", python_code(f"{code}while not (here / 'go').exists(): time.sleep(0.01)"))
    monkeypatch.setattr(limits, "WAITING", 3)
    spec = ConformSpec(source="x.otio")
    reading = [asyncio.create_task(conform_in_child(spec)) for _ in range(limits.AT_ONCE + 3)]
    while len(list(tmp_path.glob("*.begun"))) < limits.AT_ONCE:
        await asyncio.sleep(0.01)
    with pytest.raises(Busy, match="in a minute"):
        await conform_in_child(spec)
    assert len(list(tmp_path.glob("*.begun"))) == limits.AT_ONCE
    (tmp_path / "go").touch()
    for each in reading:
        with pytest.raises(UnreadableTimeline):
            await each
    assert len(list(tmp_path.glob("*.begun"))) == limits.AT_ONCE + 3


async def test_a_child_that_holds_too_much_is_ended_on_every_system(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "_COMMAND", python_code("import time\ntime.sleep(600)"))
    monkeypatch.setattr(limits, "TREE_BYTES", 1 << 20)
    with pytest.raises(UnreadableTimeline, match="too large"):
        await conform_in_child(ConformSpec(source=str(document)))
    with pytest.raises(UnreadableTimeline, match="too large"):
        conform_blocking(ConformSpec(source=str(document)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the parent's look holds: see above")
async def test_a_child_limits_its_own_memory_and_says_so(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = tmp_path / "large.otio"
    large.write_bytes(data(timeline(start=time(0, 25), name="x" * (100 << 20))))
    code = "import sys, heygem_server.timeline.__main__ as child\nchild.MEMORY_BYTES = 400 << 20\nsys.exit(child.main())"
    monkeypatch.setattr(child_process, "_COMMAND", [*python_code(code), "-"])
    assert (await conform_in_child(ConformSpec(source=str(document)))).sequence.rate == 25
    with pytest.raises(UnreadableTimeline, match="too large"):
        await conform_in_child(ConformSpec(source=str(large)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit: the clock holds there")
async def test_a_child_that_works_for_too_long_ends_in_a_sentence(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from heygem_server.timeline.limits import limit_own\nlimit_own(1 << 32, 1)\nwhile True: pass"
    monkeypatch.setattr(child_process, "_COMMAND", python_code(code))
    with pytest.raises(UnreadableTimeline, match="took longer"):
        await conform_in_child(ConformSpec(source=str(document)))
    with pytest.raises(UnreadableTimeline, match="took longer"):
        conform_blocking(ConformSpec(source=str(document)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_reading_without_a_child_limits_nothing(document: Path) -> None:
    """Whoever reads a timeline in a process of their own choice keeps that process as it is."""
    import resource

    kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU)
    before = [resource.getrlimit(kind) for kind in kinds]
    read_here(ConformSpec(source=str(document)))
    assert [resource.getrlimit(kind) for kind in kinds] == before
