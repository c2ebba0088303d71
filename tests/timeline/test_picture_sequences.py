"""Clips of numbered pictures: found in every way of writing them, refused where one is missing, and made into a film of the very pixels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.media.probe import probe
from heygem_server.timeline.__main__ import run
from heygem_server.timeline.child_specs import ConformSpec
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Conformed, Selection, TimelineShot
from heygem_server.timeline.facts import read_facts
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.locate import Locator
from heygem_server.timeline.picture_sequences import picture_file

from ..rendering.making import write_sound
from .making import Json, clip, data, external, time, timeline, times, track

RATE = Fraction(24)
SPEECH = Selection(speech_tracks=("A1",))


def pixels(number: int) -> np.ndarray:
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:, :] = (number * 5 % 256, number % 256, 255 - number % 256)
    picture[number % 32, :] = 255
    return picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty pictures from number 1001 on, and a sound."""
    place = tmp_path / "plates"
    place.mkdir()
    for number in range(1001, 1021):
        write_picture(place / f"shot.{number:06d}.png", number)
    write_sound(tmp_path / "voice.wav", np.zeros(48000 * 3, np.float32))
    return tmp_path


def write_picture(path: Path, number: int) -> None:
    from PIL import Image

    Image.fromarray(pixels(number)).save(path)


def sequence(base: str, **more: Any) -> Json:
    return {
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "target_url_base": base,
        "name_prefix": "shot.",
        "name_suffix": ".png",
        "start_frame": 1001,
        "frame_step": 1,
        "rate": 24.0,
        "frame_zero_padding": 6,
        "missing_frame_policy": "error",
        "available_range": times(86_400, 20, 24),
        "metadata": {},
        "name": "",
    } | more


def document(folder: Path, reference: Json, source: Json) -> bytes:
    voice = clip("voice", times(0, 2, 1), external(str(folder / "voice.wav"), times(0, 3, 1)))
    return data(timeline(track("Video", "V1", clip("c", source, reference)), track("Audio", "A1", voice), start=time(0, 24)))


def row_of(folder: Path, reference: Json, source: Json, **locator: Any) -> TimelineShot:
    read = read_timeline(document(folder, reference, source))
    found = Locator(**({"base": folder} | locator))
    (row,) = conform(read.timeline, SPEECH, facts=read_facts, locator=found).shots
    return row


def shown(row: TimelineShot) -> tuple[str, int, int | None]:
    assert row.shot is not None, row.error or row.needs_host_export
    return Path(row.shot.video).name, row.shot.start, row.shot.end_exclusive


@pytest.mark.parametrize("base", ["plates", "plates/", "{folder}/plates/", "file://{folder}/plates/", "/nowhere/of/this/machine/plates"])
def test_a_reference_to_pictures_finds_them(folder: Path, base: str) -> None:
    row = row_of(folder, sequence(base.format(folder=folder)), times(86_405, 10, 24), searched=(folder,))
    assert shown(row) == ("shot.001001.png", 5, 15)
    assert row.pictures is not None
    assert (row.pictures.first, row.pictures.count, row.pictures.rate, row.take_rate) == (1001, 20, 24, 24)
    assert row.start_timecode == "01:00:00:00"


@pytest.mark.parametrize(
    ("url", "source", "expected"),
    [
        ("plates/shot.%06d.png", times(5, 10, 24), (5, 15)),
        ("plates/shot.######.png", times(1006, 10, 24), (5, 15)),  # the picture's number for its time
        ("plates/shot.[001001-001020].png", times(5, 10, 24), (5, 15)),
        ("plates/shot.[001003-001012].png", times(5, 4, 24), (5, 9)),
    ],
)
def test_a_path_with_a_place_for_the_number(folder: Path, url: str, source: Json, expected: tuple[int, int]) -> None:
    name, *frames = shown(row_of(folder, external(url), source))
    assert tuple(frames) == expected
    assert name == ("shot.001003.png" if "001003" in url else "shot.001001.png")


def test_an_edit_list_that_names_pictures(folder: Path) -> None:
    text = "TITLE: P\n001  AX       V     C        00:00:00:04 00:00:00:14 00:00:00:00 00:00:00:10\n"
    text += "* FROM CLIP NAME: shot.[001001-001020].png\n"
    text += "002  AX       A     C        00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n* FROM CLIP NAME: voice.wav\n"
    read = read_timeline(text.encode(), rate=RATE)
    (row,) = conform(read.timeline, SPEECH, facts=read_facts, locator=Locator(searched=(folder,)), rate=RATE).shots
    assert shown(row) == ("shot.001001.png", 4, 14)


def test_a_picture_that_is_missing_is_named(folder: Path) -> None:
    (folder / "plates/shot.001007.png").unlink()
    row = row_of(folder, sequence("plates"), times(86_400, 3, 24))
    assert row.shot is None
    assert "“shot.001007.png” is missing" in (row.error or "")


def test_pictures_outside_the_allowed_folders_are_not_read(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    write_picture(other / "x.png", 7)
    (folder / "plates/shot.001007.png").unlink()
    (folder / "plates/shot.001007.png").symlink_to(other / "x.png")
    row = row_of(folder, sequence("plates"), times(86_400, 3, 24), roots=(folder,))
    assert row.shot is None
    outside = row_of(folder, sequence(str(other), name_prefix="x", start_frame=1), times(86_400, 3, 24), roots=(folder,))
    assert outside.shot is None
    assert row_of(folder, external(f"{other}/shot.%06d.png"), times(0, 3, 24), roots=(folder,), base=None).shot is not None  # by its name


def test_the_film_shows_the_very_pixels(folder: Path) -> None:
    row = row_of(folder, sequence("plates", frame_step=2, available_range=times(86_400, 20, 24)), times(86_400, 20, 24))
    assert row.pictures is not None
    made = picture_file(row.pictures, folder / "made")
    assert picture_file(row.pictures, folder / "made") == made
    info = probe(made)
    assert (info.frame_count, info.rate, info.start_timecode) == (20, 24, "01:00:00:00")
    with av.open(str(made)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for number, frame in enumerate(frames):
        assert np.array_equal(frame, pixels(1001 + number // 2 * 2))


def test_the_child_makes_the_film_before_anything_is_rendered(folder: Path) -> None:
    (folder / "edit.otio").write_bytes(document(folder, sequence("plates"), times(86_405, 10, 24)))
    spec = ConformSpec(source=str(folder / "edit.otio"), selection=SPEECH, mixes=str(folder / "made"))
    found = run(spec)
    assert isinstance(found, Conformed)
    (row,) = found.shots
    name, start, end = shown(row)
    assert name.startswith("pictures-")
    assert (start, end, probe(row.shot.video if row.shot else "").frame_count) == (5, 15, 20)
