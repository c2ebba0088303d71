"""A timeline with everything, written by hand in each format: dissolves of three alignments, retimes, a nest, a disabled clip, a title,
markers, notes, effects, two tracks of sound, elements that nobody knows, and media that begin at 09:58:30:00.

What each clip shows is stated beside it, frame by frame of the record, and worked out from nothing but these lines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import opentimelineio

from heygem_core.media import timecode

from . import making

FRAMES = 300  # of the media
HOUR, ZERO = "01:00:00", "09:58:30"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    fps: Fraction
    drop: bool = False

    @property
    def name(self) -> str:
        return f"{float(self.fps):.6g}{' DF' if self.drop else ''}"

    @property
    def start(self) -> int:
        """What the sequence's first frame is called, counted."""
        return timecode.parse(f"{HOUR}{';' if self.drop else ':'}00", self.fps)

    @property
    def zero(self) -> int:
        """The same of the media's first frame: their timecode is not drop-frame."""
        return timecode.parse(f"{ZERO}:00", self.fps)

    def seconds(self, frames: int) -> str:
        time = frames / self.fps
        return f"{time.numerator}/{time.denominator}s"

    def code(self, frame: int) -> str:
        return timecode.format(frame, self.fps, drop=self.drop)


RATES = (
    Rate(fps=Fraction(24000, 1001)),
    Rate(fps=Fraction(25)),
    Rate(fps=Fraction(30000, 1001), drop=True),
    Rate(fps=Fraction(30000, 1001)),
    Rate(fps=Fraction(60000, 1001)),
)


class Cut(NamedTuple):
    """A clip: its place on the record, and the frame of the media at each of its frames."""

    name: str
    start: int
    length: int
    first: int  # frame of the media that it shows first
    speed: Fraction = Fraction(1)

    def shows(self, frame: int) -> int:
        """The frame of the media at a frame of the clip, counted from its beginning (before it: of a dissolve or a handle)."""
        return self.first + int(frame * self.speed // 1) if self.speed > 0 else self.first + frame * int(self.speed)


CUTS = (
    Cut("c1", 5, 20, 20),
    Cut("c2", 25, 20, 60),  # a dissolve of six frames, three before and three behind the cut
    Cut("c3", 45, 20, 100),  # one of four behind the cut
    Cut("c4", 65, 20, 140),  # one of four before the cut
    Cut("c5", 90, 20, 180, Fraction(1, 2)),
    Cut("c6", 110, 20, 219, Fraction(-1)),
    Cut("n1", 130, 20, 240),  # in a nest
)
LAST = 165
FADES = {"c2": (3, 3), "c3": (0, 4), "c4": (4, 0)}


def otio(rate: Rate, media: str, voice: str, music: str) -> bytes:
    fps = float(rate.fps)

    def picture(name: str, first: int, length: int, *effects: making.Json, **more: Any) -> making.Json:
        reference = making.external(media, making.times(rate.zero, FRAMES, fps), vendor={"reel": "A001"})
        return making.clip(name, making.times(rate.zero + first, length, fps), reference, effects=effects, **more)

    marked = {
        "OTIO_SCHEMA": "Marker.2", "name": "m", "color": "RED", "comment": "look", "metadata": {"a": 1},
        "marked_range": making.times(rate.zero + 25, 3, fps),
    }  # fmt: skip
    blur = making.effect("Effect.1", effect_name="Blur")
    title = {"OTIO_SCHEMA": "GeneratorReference.1", "generator_kind": "t", "metadata": {}}
    unknown = {"OTIO_SCHEMA": "Vendor.7", "thing": [1, {"b": None}]}
    return making.data(
        making.timeline(
            making.track(
                "Video",
                "V1",
                making.gap(5, fps),
                picture("c1", 20, 20, blur, markers=[marked], metadata={"note": "hello", "x": unknown}),
                making.transition(3, 3, fps),
                picture("c2", 60, 20),
                making.transition(0, 4, fps),
                picture("c3", 100, 20),
                making.transition(4, 0, fps),
                picture("c4", 140, 20),
                making.gap(5, fps),
                picture("c5", 180, 20, making.warp(0.5)),
                picture("c6", 200, 20, making.warp(-1)),
                making.stack("nest", making.track("Video", "in", picture("n1", 240, 20))),
                picture("off", 270, 10, enabled=False),
                making.clip("Title", making.times(0, 5, fps), title),
            ),
            making.track("Audio", "Dub", making.clip("dub", making.times(0, LAST, fps), making.external(voice))),
            making.track("Audio", "Music", making.clip("music", making.times(0, LAST, fps), making.external(music))),
            start=making.time(rate.start, fps),
            heygem={"drop_frame": rate.drop},
            vendor={"kept": [1.5, "x"]},
        )
    )  # fmt: skip


def fcpxml(rate: Rate, media: str, voice: str, music: str) -> bytes:
    s, hour = rate.seconds, rate.start

    def clip(name: str, at: int, first: int, length: int, inside: str = "", more: str = "") -> str:
        times = f'offset="{s(hour + at)}" start="{s(rate.zero + first)}" duration="{s(length)}"'
        return f'<asset-clip ref="r2" name="{name}" {times} srcEnable="video" {more}>{inside}</asset-clip>\n'

    def retimed(name: str, at: int, length: int, low: int, high: int) -> str:
        points = (
            f'<timept time="0s" value="{s(rate.zero + low)}" interp="linear"/><timept time="{s(length)}" value="{s(rate.zero + high)}"/>'
        )
        times = f'offset="{s(hour + at)}" start="0s" duration="{s(length)}"'
        return f'<asset-clip ref="r2" name="{name}" {times} srcEnable="video"><timeMap>{points}</timeMap></asset-clip>\n'

    def dissolve(start: int, length: int) -> str:
        return f'<transition name="Cross Dissolve" offset="{s(hour + start)}" duration="{s(length)}"/>\n'

    def sound(ref: str, lane: int, role: str) -> str:
        return f'<asset-clip ref="{ref}" lane="{lane}" name="{role}" offset="0s" start="0s" duration="{s(LAST)}" audioRole="{role}"/>'

    sounds = sound("r3", -1, "dialogue.dub") + sound("r6", -2, "music")
    inside = (
        '<note>hello</note><adjust-transform scale="1.2 1.2"/>'
        f'<marker start="{s(rate.zero + 25)}" duration="{s(3)}" value="m" note="look"/>'
        '<filter-video ref="r5" name="Blur"/><metadata><md key="com.vendor.x" value="1"/></metadata>'
    )
    spine = (
        f'<gap name="Gap" offset="{s(hour)}" start="0s" duration="{s(5)}">{sounds}</gap>\n',
        clip("c1", 5, 20, 20, inside), dissolve(22, 6), clip("c2", 25, 60, 20), dissolve(45, 4), clip("c3", 45, 100, 20), dissolve(61, 4),
        clip("c4", 65, 140, 20), f'<gap name="Gap" offset="{s(hour + 85)}" start="0s" duration="{s(5)}"/>\n',
        retimed("c5", 90, 20, 180, 190), retimed("c6", 110, 20, 220, 200),
        f'<ref-clip ref="r4" name="nest" offset="{s(hour + 130)}" duration="{s(20)}" srcEnable="video"/>\n',
        clip("off", 150, 270, 10, more='enabled="0"'),
        f'<title ref="r5" name="Title" offset="{s(hour + 160)}" start="0s" duration="{s(5)}"/>\n',
    )  # fmt: skip
    form = "DF" if rate.drop else "NDF"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<!-- of a vendor -->
<fcpxml version="1.10"><resources>
<format id="r1" frameDuration="{s(1)}" width="360" height="288"/>
<asset id="r2" name="a" start="{s(rate.zero)}" duration="{s(FRAMES)}" hasVideo="1" format="r1"><media-rep kind="original-media" src="file://{media}"/></asset>
<asset id="r3" name="v" start="0s" duration="100s" hasAudio="1"><media-rep kind="original-media" src="file://{voice}"/></asset>
<asset id="r6" name="m" start="0s" duration="100s" hasAudio="1"><media-rep kind="original-media" src="file://{music}"/></asset>
<media id="r4" name="nest"><sequence format="r1" duration="{s(20)}" tcStart="0s"><spine>
<asset-clip ref="r2" name="n1" offset="0s" start="{s(rate.zero + 240)}" duration="{s(20)}" srcEnable="video"/></spine></sequence></media>
<effect id="r5" name="Blur" uid="x"/>
</resources><library><event name="E"><project name="P"><sequence format="r1" duration="{s(LAST)}" tcStart="{s(hour)}" tcFormat="{form}">
<spine>
{"".join(spine)}</spine><vendor:x xmlns:vendor="urn:x" a="1"/></sequence></project></event></library></fcpxml>
""".encode()


def fcp7(rate: Rate, media: str, voice: str, music: str) -> bytes:
    base, ntsc = round(rate.fps), "TRUE" if rate.fps.denominator == 1001 else "FALSE"
    counted = f"<rate><timebase>{base}</timebase><ntsc>{ntsc}</ntsc></rate>"
    known: set[str] = set()

    def file(key: str, path: str, begins: int, kind: str) -> str:
        if key in known:
            return f'<file id="{key}"/>'
        known.add(key)
        begin = f"<timecode>{counted}<frame>{begins}</frame><displayformat>NDF</displayformat></timecode>" if begins else ""
        return (
            f'<file id="{key}"><name>{key}</name><pathurl>file://localhost{path}</pathurl>{counted}<duration>{FRAMES}</duration>{begin}'
            f"<media><{kind}/></media></file>"
        )

    def clip(name: str, start: int, end: int, first: int, last: int, more: str = "", on: str = "TRUE") -> str:
        places = f"<start>{start}</start><end>{end}</end><in>{first}</in><out>{last}</out>"
        inside = file("a", media, rate.zero, "video")
        return f'<clipitem id="{name}"><name>{name}</name><enabled>{on}</enabled>{counted}{places}{inside}{more}</clipitem>\n'

    def dissolve(start: int, end: int, alignment: str) -> str:
        return (
            f"<transitionitem>{counted}<start>{start}</start><end>{end}</end><alignment>{alignment}</alignment><effect><name>Cross Dissolve"
            "</name><effectid>Cross Dissolve</effectid><effecttype>transition</effecttype></effect></transitionitem>"
        )

    def speed(percent: int) -> str:
        values = {"variablespeed": "0", "speed": str(percent)}
        inside = "".join(f"<parameter><parameterid>{key}</parameterid><value>{value}</value></parameter>" for key, value in values.items())
        return f"<filter><effect><name>Time Remap</name><effectid>timeremap</effectid>{inside}</effect></filter>"

    def sound(name: str, path: str) -> str:
        places = f"<start>0</start><end>{LAST}</end><in>0</in><out>{LAST}</out>"
        inside = file(name, path, 0, "audio")
        return f'<track MZ.TrackName="{name}"><clipitem id="s{name}"><name>{name}</name>{counted}{places}{inside}</clipitem></track>\n'

    more = (
        "<filter><effect><name>Blur</name><effectid>blur</effectid></effect></filter><marker><name>m</name><comment>look</comment>"
        "<in>25</in><out>28</out></marker><logginginfo><lognote>hello</lognote></logginginfo><labels><label2>Iris</label2></labels>"
    )
    inner = clip("n1", 0, 20, 240, 260)
    items = (
        clip("c1", 5, -1, 20, 43, more), dissolve(22, 28, "center"), clip("c2", -1, -1, 57, 84), dissolve(45, 49, "start"),
        clip("c3", -1, -1, 100, 120), dissolve(61, 65, "end"), clip("c4", -1, 85, 136, 160),
        clip("c5", 90, 110, 360, 380, speed(50)), clip("c6", 110, 130, FRAMES - 220, FRAMES - 200, speed(-100)),
        f'<clipitem id="nest"><name>nest</name>{counted}<start>130</start><end>150</end><in>0</in><out>20</out>'
        f'<sequence id="s2"><name>nest</name>'
        f"{counted}<media><video><track>{inner}</track></video></media></sequence></clipitem>\n",
        clip("off", 150, 160, 270, 280, on="FALSE"),
        f'<generatoritem id="g"><name>Title</name>{counted}<start>160</start><end>165</end><in>0</in><out>5</out><effect><name>Text</name>'
        "<effectid>Text</effectid><effecttype>generator</effecttype></effect></generatoritem>\n",
    )  # fmt: skip
    form = "DF" if rate.drop else "NDF"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE xmeml>
<!-- of a vendor -->
<xmeml version="4"><sequence id="s1"><name>P</name><duration>{LAST}</duration>{counted}
<timecode>{counted}<frame>{rate.start}</frame><displayformat>{form}</displayformat></timecode>
<media><video><format><samplecharacteristics><width>360</width><height>288</height></samplecharacteristics></format>
<track>{"".join(items)}</track></video>
<audio>{sound("Dub", voice)}{sound("Music", music)}</audio></media>
<vendor:x xmlns:vendor="urn:x" a="1"/></sequence></xmeml>
""".encode()


def edl(rate: Rate, media: str, voice: str, music: str) -> bytes:
    """A list has no nest, no disabled clip and no title, and its dissolves begin at the cut."""
    plain = timecode.format

    def times(first: int, last: int, at: int, length: int) -> str:
        source = f"{plain(rate.zero + first, rate.fps, drop=False)} {plain(rate.zero + last, rate.fps, drop=False)}"
        return f"{source} {rate.code(rate.start + at)} {rate.code(rate.start + at + length)}"

    def event(number: int, kind: str, places: str, *comments: str) -> str:
        return "\n".join([f"{number:03d}  A001     V     {kind:<8} {places}", *comments, f"* FROM CLIP: {media}", ""])

    def sound(number: int, channel: str, path: str) -> str:
        zero = plain(0, rate.fps, drop=False)
        length = plain(LAST, rate.fps, drop=False)
        return (
            f"{number:03d}  AX       {channel:<5} C        {zero} {length} {rate.code(rate.start)} {rate.code(rate.start + LAST)}\n"
            f"* FROM CLIP: {path}\n"
        )

    out = f"003  A001     V     C        {times(80, 80, 45, 0)}"
    dissolved = [out, f"003  A001     V     D    004 {times(100, 120, 45, 20)}", f"* FROM CLIP: {media}", f"* TO CLIP: {media}"]
    dissolved += ["* FROM CLIP NAME: c2", "* TO CLIP NAME: c3", "EFFECTS NAME IS CROSS DISSOLVE", ""]
    return (
        f"TITLE: P\nFCM: {'' if rate.drop else 'NON-'}DROP FRAME\n>>> of another program\n"
        + event(1, "C", times(20, 40, 5, 20), "* FROM CLIP NAME: c1", "* LOC: 01:00:00:12 RED look", "* ASC_SAT 0.9")
        + event(2, "C", times(60, 80, 25, 20), "* FROM CLIP NAME: c2", "what is this")
        + "\n".join(dissolved)
        + event(4, "C", times(140, 160, 65, 20), "* FROM CLIP NAME: c4")
        + event(5, "C", times(180, 190, 90, 20), f"M2   A001       {float(rate.fps) / 2:06.2f}      {ZERO}:00", "* FROM CLIP NAME: c5")
        + event(6, "C", times(200, 220, 110, 20), f"M2   A001       {-float(rate.fps):06.2f}      {ZERO}:00", "* FROM CLIP NAME: c6")
        + event(7, "C", times(240, 260, 130, 20), "* FROM CLIP NAME: n1")
        + sound(8, "A", voice)
        + sound(9, "A2", music)
    ).encode()


def aaf(rate: Rate, media: str, voice: str, music: str) -> bytes:
    """What OpenTimelineIO's adapter can write: cuts, gaps, dissolves of every alignment, two tracks of sound. The adapter is another's."""
    fps = float(rate.fps)

    def picture(name: str, first: int, length: int) -> making.Json:
        reference = making.external(media, making.times(rate.zero, FRAMES, fps))
        return making.clip(name, making.times(rate.zero + first, length, fps), reference)

    def dissolve(before: int, after: int) -> making.Json:
        operation = {
            "Identification": "0c3bea40-fc05-11d2-8a29-0050040ef7d2", "IsTimeWarp": False, "Bypass": 0, "NumberInputs": 2, "Name": "D",
            "OperationCategory": "OperationCategory_Effect", "DataDefinition": {"Name": "Picture"}, "Description": "D",
        }  # fmt: skip
        points = [{"Value": 0.0, "Time": 0.0}, {"Value": 1.0, "Time": 1.0}]
        inside = {"AAF": {"PointList": points, "CutPoint": before, "OperationGroup": {"Operation": operation}}}
        return making.transition(before, after, fps) | {"metadata": inside}

    def sound(name: str, path: str) -> making.Json:
        reference = making.external(path, making.times(0, FRAMES, fps))
        return making.track("Audio", name, making.clip(name, making.times(0, LAST, fps), reference))

    shown = making.track(
        "Video", "V1", making.gap(5, fps), picture("c1", 20, 20), dissolve(3, 3), picture("c2", 60, 20), dissolve(0, 4),
        picture("c3", 100, 20), dissolve(4, 0), picture("c4", 140, 20), making.gap(45, fps), picture("n1", 240, 20),
    )  # fmt: skip
    document = making.timeline(shown, sound("Dub", voice), sound("Music", music), start=making.time(rate.start, fps))
    read = opentimelineio.adapters.read_from_string(making.data(document).decode(), "otio_json")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.aaf")
        opentimelineio.adapters.write_to_file(read, str(path), adapter_name="AAF", use_empty_mob_ids=True)
        return path.read_bytes()


FORMATS: dict[str, Callable[[Rate, str, str, str], bytes]] = {"otio": otio, "fcpxml": fcpxml, "fcp7": fcp7, "edl": edl, "aaf": aaf}
WITHOUT = {"aaf": {"c5", "c6"}}  # what a format's document does not hold
SPEECH = {"otio": "Dub", "fcpxml": "dialogue.dub", "fcp7": "Dub", "edl": "A1", "aaf": "A1"}
