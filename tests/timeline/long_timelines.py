"""Timelines of any number of cuts in each format, as text: clips of twenty frames at 25, of a hundred files, with speech under all of them.
No code under test is used."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from heygem_server.timeline.conform_types import MediaFacts, Selection

from . import making

RATE = Fraction(25)
LENGTH = 20  # frames of a clip
FILES = 100


def _media(number: int) -> str:
    return f"/m/f{number % FILES:03d}.mov"


def _first(number: int) -> int:
    return number * 7 % 1000


def _code(frame: int) -> str:
    seconds, frames = divmod(frame, 25)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def otio(count: int) -> bytes:
    clips = [
        making.clip(f"c{n}", making.times(_first(n), LENGTH, 25), making.external(_media(n), making.times(0, 100_000, 25)))
        for n in range(count)
    ]
    voice = making.clip("v", making.times(0, count * LENGTH, 25), making.external("/m/v.wav"))
    return making.data(making.timeline(making.track("Video", "V1", *clips), making.track("Audio", "A1", voice)))


def edl(count: int) -> bytes:
    lines = ["TITLE: long", "FCM: NON-DROP FRAME"]
    for n in range(count):
        times = f"{_code(_first(n))} {_code(_first(n) + LENGTH)} {_code(90_000 + n * LENGTH)} {_code(90_000 + n * LENGTH + LENGTH)}"
        lines += [f"{n + 1:06d}  F{n % FILES:03d}     V     C        {times}", f"* FROM CLIP NAME: c{n}", f"* FROM CLIP: {_media(n)}"]
    times = f"{_code(0)} {_code(count * LENGTH)} {_code(90_000)} {_code(90_000 + count * LENGTH)}"
    return "\n".join([*lines, f"{count + 1:06d}  AX       A     C        {times}", "* FROM CLIP: /m/v.wav", ""]).encode()


def fcp7(count: int) -> bytes:
    rate = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"

    def item(n: int, start: int, length: int, first: int, path: str, file: str, known: bool) -> str:
        inside = "" if known else f"<name>x</name><pathurl>file://localhost{path}</pathurl>{rate}<duration>1000000</duration>"
        return (
            f'<clipitem id="c-{n}"><name>c{n}</name><enabled>TRUE</enabled>{rate}<start>{start}</start><end>{start + length}</end>'
            f'<in>{first}</in><out>{first + length}</out><file id="{file}">{inside}</file></clipitem>'
        )

    items = [item(n, n * LENGTH, LENGTH, _first(n), _media(n), f"f{n % FILES}", n >= FILES) for n in range(count)]
    voice = item(count, 0, count * LENGTH, 0, "/m/v.wav", "v", False)
    return (
        f'<xmeml version="5"><sequence id="s"><name>long</name>{rate}<media><video><track>{"".join(items)}</track></video>'
        f"<audio><track>{voice}</track></audio></media></sequence></xmeml>"
    ).encode()


def fcpxml(count: int) -> bytes:
    assets = [
        f'<asset id="a{n}" name="f" start="0s" duration="4000s" hasVideo="1" format="r1"><media-rep kind="original-media" '
        f'src="file://{_media(n)}"/></asset>'
        for n in range(min(count, FILES))
    ]
    voice = '<asset id="v" name="v" start="0s" hasAudio="1"><media-rep kind="original-media" src="file:///m/v.wav"/></asset>'
    anchored = f'<asset-clip ref="v" lane="-1" offset="0s" duration="{count * LENGTH}/25s" audioRole="A1"/>'
    clips = [
        f'<asset-clip ref="a{n % FILES}" name="c{n}" offset="{n * LENGTH}/25s" start="{_first(n)}/25s" duration="{LENGTH}/25s">'
        f"{anchored.replace('0s', f'{_first(0)}/25s', 1) if n == 0 else ''}</asset-clip>"
        for n in range(count)
    ]
    return (
        f'<fcpxml version="1.10"><resources><format id="r1" frameDuration="1/25s"/>{"".join(assets)}{voice}</resources><library><event>'
        f'<project name="long"><sequence format="r1" tcStart="0s"><spine>{"".join(clips)}</spine></sequence></project></event></library>'
        "</fcpxml>"
    ).encode()


FORMATS: dict[str, Callable[[int], bytes]] = {"otio": otio, "fcpxml": fcpxml, "fcp7": fcp7, "edl": edl}
SELECTION = Selection(speech_tracks=("A1",))


def facts(path: object) -> MediaFacts:
    """Of every file: pictures and sound without end."""
    return MediaFacts(kind="video", rate=RATE, frames=10**7, duration_s=Fraction(400_000), sound=True)
