"""Round trips of the timeline with everything: read, conformed, given takes, written, read again; each step looked at by other means.

Every picture carries its number as a row of black and white squares, which a take has at the same place: so the frame that stands at
a frame of the record is read from the pixels of the file that plays there. What is left when the takes are taken out again by a second
program is compared with what came in.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from heygem_core.media import timecode
from heygem_core.shot import Shot, to_json
from heygem_server.timeline.__main__ import run
from heygem_server.timeline.child_specs import ConformSpec, PublishSpec
from heygem_server.timeline.conform_types import Conformed, FinishedTake, PublishMode, Selection, TimelineShot
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.published import Published

from .everything import CUTS, FORMATS, SPEECH, WITHOUT, Cut, Rate
from .stripping import canonical, strip_fcp7, strip_fcpxml, without_takes_in_aaf
from .test_edl_graft import without_takes

SQUARE = 8  # pixels
BITS = 10
LOSSLESS = {"qp": "0", "preset": "ultrafast"}
SUFFIXES = {"otio": ".otio", "fcpxml": ".fcpxml", "fcp7": ".xml", "edl": ".edl", "aaf": ".aaf"}
HANDLES = 3
MODE: PublishMode = "track"
Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Material:
    """The media of one rate."""

    rate: Rate
    folder: Path
    media: str
    voice: str
    music: str


@dataclass(kw_only=True)
class Trip:
    """What became of one round trip."""

    format: str
    rate: str
    clips: int = 0
    wanted: int = 0
    frames: int = 0  # of the record under takes
    wrong: list[str] = field(default_factory=list)  # frames that show something else than they should
    pixels: list[str] = field(default_factory=list)  # takes that differ from the media where no mouth is
    lost: list[str] = field(default_factory=list)  # what came in and is not there any more
    said: list[str] = field(default_factory=list)  # notices

    @property
    def good(self) -> bool:
        return not (self.wrong or self.pixels or self.lost) and self.clips == self.wanted


def numbered(picture: Picture, number: int) -> Picture:
    """The picture with its number in the upper left corner."""
    marked = picture.copy()
    for bit in range(BITS):
        marked[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = 235 if number >> bit & 1 else 16
    return marked


def number_in(luma: Picture) -> int:
    squares = (luma[2 : SQUARE - 2, bit * SQUARE + 2 : (bit + 1) * SQUARE - 2].mean() > 125 for bit in range(BITS))
    return sum(1 << bit for bit, white in enumerate(squares) if white)


@cache
def luma(path: str) -> tuple[Picture, ...]:
    """The brightness of every picture, as the file holds it."""
    with av.open(path) as container:
        return tuple(_luma(frame) for frame in container.decode(video=0))


def _luma(frame: av.VideoFrame) -> Picture:
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()


def material(rate: Rate, folder: Path, pictures: Iterable[Picture], write: Callable[..., Path], voice: Path) -> Material:
    """write: `tests.rendering.making.write_clip`."""
    folder.mkdir(parents=True, exist_ok=True)
    media = write(
        folder / "a.mov",
        pictures,
        rate=rate.fps,
        codec="libx264",
        options=LOSSLESS,
        timecode=timecode.format(rate.zero, rate.fps, drop=False),
    )
    return Material(rate=rate, folder=folder, media=str(media), voice=str(voice), music=str(voice.with_name("music.wav")))


def trip(format: str, made: Material, take_of: Callable[[TimelineShot, Path], Path], same: Callable[[Picture, Picture], bool]) -> Trip:
    """take_of: renders the take of a shot into a folder. same: whether a take's picture is the media's where no mouth is."""
    rate, out = made.rate, Trip(format=format, rate=made.rate.name, wanted=len(CUTS) - len(WITHOUT.get(format, ())))
    before = FORMATS[format](rate, made.media, made.voice, made.music)
    source = made.folder / f"in{SUFFIXES[format]}"
    source.write_bytes(before)
    found = run(
        ConformSpec(
            source=str(source),
            rate=rate.fps,
            selection=Selection(speech_tracks=(SPEECH[format],), handles=HANDLES),
            mixes=str(made.folder / "mixes"),
        )
    )
    assert isinstance(found, Conformed)
    rows = {row.clip: row for row in found.shots}
    cuts = {cut.name: cut for cut in CUTS if cut.name not in WITHOUT.get(format, ())}
    out.wrong += [f"{name}: {row.error or row.needs_host_export}" for name, row in rows.items() if name in cuts and row.shot is None]
    out.wrong += [f"{name}: no shot" for name in cuts if name not in rows]
    takes = []
    for name, cut in cuts.items():
        row = rows.get(name)
        if row is None or row.shot is None:
            continue
        out.clips += 1
        takes.append(_finished(row, take_of(row, made.folder / "takes"), rate))
        _look_at_take(out, cut, row, takes[-1], same)
    target = made.folder / f"out-{format}{SUFFIXES[format]}"
    written = run(PublishSpec(source=str(source), rate=rate.fps, takes=tuple(takes), mode=MODE, output=str(target)))
    assert isinstance(written, Published)
    out.said += [*found.notices, *written.notices]
    _look_at_record(out, cuts, target.read_bytes(), rate)
    if (left := _left(format, target.read_bytes())) != _left(format, before):
        out.lost.append(_first_difference(left, _left(format, before)))
    return out


def _finished(row: TimelineShot, path: Path, rate: Rate) -> FinishedTake:
    assert row.shot is not None
    begins = timecode.format(rate.zero + row.shot.start, rate.fps, drop=False)
    return FinishedTake(
        shot=row, path=str(path), take=f"take-{row.clip}", frames=len(luma(str(path))), rate=rate.fps, start_timecode=begins
    )


def _look_at_take(out: Trip, cut: Cut, row: TimelineShot, take: FinishedTake, same: Callable[[Picture, Picture], bool]) -> None:
    """Every frame of a take, its handles too, shows what its clip would at that place."""
    place = row.placement
    if (place.record_start, place.record_duration) != (cut.start, cut.length):
        out.wrong.append(f"{cut.name}: on {place.record_start}+{place.record_duration} instead of {cut.start}+{cut.length}")
    media, pictures = luma(str(row.shot.video if row.shot else "")), luma(take.path)
    for place_in_take, picture in enumerate(pictures):
        wanted = cut.shows(place_in_take - row.handles_before)
        if number_in(picture) != wanted:
            out.wrong.append(f"{cut.name}: frame {place_in_take} of the take is {number_in(picture)} instead of {wanted}")
        elif not same(picture, media[wanted]):
            out.pixels.append(f"{cut.name}: frame {place_in_take}")


def _look_at_record(out: Trip, cuts: dict[str, Cut], data: bytes, rate: Rate) -> None:
    """Every frame of the record under a take shows the take, at the frame that the clip shows there."""
    played = _played_by_list(data.decode(), rate) if out.format == "edl" else _played(data, rate)
    for cut in cuts.values():
        for frame in range(cut.length):
            out.frames += 1
            path, number = played.get(cut.start + frame, ("", 0))
            pictures = luma(path) if path else ()
            shown = number_in(pictures[number]) if 0 <= number < len(pictures) else None
            if shown != cut.shows(frame):
                out.wrong.append(f"{cut.name}: record frame {cut.start + frame} shows {shown} instead of {cut.shows(frame)}")


def _played_by_list(text: str, rate: Rate) -> dict[int, tuple[str, int]]:
    """(file of a take, frame of it) at each frame of the record, as any program that conforms a list finds it: by the take's timecode."""
    played: dict[int, tuple[str, int]] = {}
    times: list[str] = []
    for line in text.splitlines():
        if re.match(r"\d{3}  ", line):
            times = line.split()[-4:]
        side = re.match(r"\* (FROM|TO) CLIP: (.*/takes/.*)", line)
        if side and times[2] != times[3] and not any(path == side[2] for path, _ in played.values()):
            low, _, start, end = (timecode.parse(each, rate.fps) for each in times)
            first = low - rate.zero - _first_number(side[2])
            played |= {number - rate.start: (side[2], first + number - start) for number in range(start, end)}
    return played


def _played(data: bytes, rate: Rate) -> dict[int, tuple[str, int]]:
    played: dict[int, tuple[str, int]] = {}
    for each in flatten(read_timeline(data, rate=rate.fps).timeline, rate.fps):
        reference = getattr(each.item, "media_reference", None)
        path = (getattr(reference, "target_url", None) or "").removeprefix("file://").removeprefix("localhost")
        if each.kind != "picture" or "/takes/" not in path:
            continue
        available = reference.available_range
        begins = Fraction(available.start_time.value) / rate.fps if available is not None and available.start_time.value else Fraction(0)
        begins = begins if begins else _own_start(path, each.source_low, rate)
        first = round((each.source_low - begins) * rate.fps)
        for number in range(round(each.start * rate.fps), round(each.end * rate.fps)):
            played[number] = (path, first + number - round(each.start * rate.fps))
    return played


def _own_start(path: str, low: Fraction, rate: Rate) -> Fraction:
    """Of a format that names no range of a file: from its timecode, which is that of its first picture."""
    return Fraction(0) if low < 3600 else Fraction(rate.zero + _first_number(path)) / rate.fps


def _first_number(path: str) -> int:
    """The lowest number of a take: what its timecode begins with."""
    return min(map(number_in, luma(path)))


def _left(format: str, data: bytes) -> Any:
    """The document without takes, made comparable."""
    if format == "fcp7":
        return canonical(strip_fcp7(data, "/takes"))
    if format == "fcpxml":
        return canonical(strip_fcpxml(data, "/takes"))
    if format == "edl":
        return without_takes(data.decode())
    if format == "aaf":
        return without_takes_in_aaf(data, "/takes/")
    return stripped_otio(json.loads(data))


def stripped_otio(document: Any) -> Any:
    """Without the tracks that hold takes and references to takes, and with what is absent and what is empty made the same."""

    def is_take(thing: Any) -> bool:
        return isinstance(thing, dict) and "/takes/" in str(thing.get("target_url", ""))

    def holds_takes(thing: Any) -> bool:
        ours = thing.get("metadata", {}).get("heygem", {}) if isinstance(thing, dict) else {}
        return bool(ours.get("takes")) and "/takes/" in json.dumps(thing)

    def plain(thing: Any) -> Any:
        if isinstance(thing, list):
            return [plain(each) for each in thing if not holds_takes(each)]
        if not isinstance(thing, dict):
            return float(thing) if isinstance(thing, int) and not isinstance(thing, bool) else thing
        thing = {key: plain(value) for key, value in thing.items() if key != "heygem"}
        if "media_references" in thing:
            thing["media_references"] = {key: each for key, each in thing["media_references"].items() if not is_take(each)}
            if thing.get("active_media_reference_key", "DEFAULT_MEDIA") not in thing["media_references"]:
                (thing["active_media_reference_key"],) = thing["media_references"]
        defaults = {"enabled": True, "active_media_reference_key": "DEFAULT_MEDIA"}  # as OpenTimelineIO writes what a file leaves out
        return {key: value for key, value in thing.items() if value not in (None, [], {}, "") and defaults.get(key) != value}

    return plain(document)


def _first_difference(one: Any, other: Any) -> str:
    a, b = (each if isinstance(each, str) else json.dumps(each, sort_keys=True) for each in (one, other))
    place = next((number for number, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return f"…{a[max(place - 40, 0) : place + 60]!r} instead of …{b[max(place - 40, 0) : place + 60]!r}"


def _digest(shot: Shot) -> str:
    """The same for the same shot, whatever document it is of."""
    return hashlib.sha256(to_json([shot.start, shot.end_exclusive, shot.speed, shot.shows, shot.speech_start])).hexdigest()[:8]


def copied(row: TimelineShot, folder: Path, rate: Rate) -> Path:
    """A take without a new mouth: the pictures of the media that its shot names, by PyAV alone."""
    shot = row.shot
    assert shot is not None
    assert shot.end_exclusive is not None
    numbers: list[int] = list(shot.shows)
    if not numbers:
        steps = [int(k * abs(shot.speed)) for k in range(int(-(-(shot.end_exclusive - shot.start) // abs(shot.speed))))]
        numbers = [shot.start + at if shot.speed > 0 else shot.end_exclusive - 1 - at for at in steps]
    folder.mkdir(exist_ok=True)
    path = folder / f"{row.clip}-{_digest(shot)}.mkv"
    if path.exists():
        return path
    with av.open(shot.video) as source, av.open(str(path), "w") as container:
        pictures = list(source.decode(video=0))
        stream: Any = container.add_stream("ffv1", rate=rate.fps)
        stream.width, stream.height, stream.pix_fmt = pictures[0].width, pictures[0].height, "yuv420p"
        for place, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(pictures[number].to_ndarray(), format="yuv420p")
            frame.pts, frame.time_base = place, 1 / rate.fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def rendered(row: TimelineShot, folder: Path) -> Path:
    """A take with a new mouth. The same shot of another format is rendered once."""
    from heygem_core.rendering.render import render
    from heygem_core.shot import RenderSettings, RenderTask

    assert row.shot is not None
    folder.mkdir(exist_ok=True)
    path = folder / f"{row.clip}-{_digest(row.shot)}.mkv"
    if not path.exists():
        settings = RenderSettings(format="ffv1", fit="hold", sound="none", device="cpu")
        for _ in render(RenderTask(shot=row.shot, settings=settings, output=str(path))):
            pass
    return path


def differs_at_the_mouth_alone(take: Picture, media: Picture) -> bool:
    """Of pictures of a face in the middle: every sample outside the lower face is the media's own."""
    height, width = media.shape
    apart = take != media
    apart[height * 2 // 5 :, width // 5 : width * 4 // 5] = False
    return not apart.any()
