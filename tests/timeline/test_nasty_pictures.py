"""Clips of numbered pictures as little programs, other machines and careless people write them: the picture at each frame, by hand."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_core.messages import known
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, MediaFacts, Selection, TimelineShot
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.locate import Locator
from heygem_server.timeline.picture_sequences import first_picture
from heygem_server.timeline.publish import publish

from .making import Json, clip, data, external, sound, time, timeline, times, track
from .test_picture_sequences import sequence
from .test_retimes import frames_of


def facts(path: Path) -> MediaFacts:
    return sound(60)


def document(reference: Json, source: Json, rate: float = 24) -> bytes:
    voice = clip("voice", times(0, 30, 1), external("voice.wav", times(0, 60, 1)))
    return data(timeline(track("Video", "V1", clip("c", source, reference)), track("Audio", "A1", voice), start=time(0, rate)))


def row_of(folder: Path, made: bytes, **locator: Any) -> TimelineShot:
    (folder / "voice.wav").touch()
    read = read_timeline(made)
    found = Locator(**({"base": folder} | locator))
    (row,) = conform(read.timeline, Selection(speech_tracks=("A1",)), facts=facts, locator=found).shots
    return row


def names_of(row: TimelineShot) -> list[str]:
    """The picture at each frame of the take, as the film that is made of them has them."""
    assert row.shot is not None, row.error or row.needs_host_export
    pictures = row.pictures
    assert pictures is not None
    names = []
    for frame in frames_of(row):
        number = pictures.first + frame // pictures.step * pictures.step
        sign, digits = ("-", -number) if number < 0 and pictures.signed_apart else ("", number)
        names.append(f"{pictures.prefix}{sign}{digits:0{pictures.digits}d}{pictures.suffix}")
    assert all(Path(pictures.folder, name).is_file() for name in names)
    assert first_picture(pictures).is_file()
    return names


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def numbered(form: str, numbers: range) -> list[str]:
    return [form.format(number) for number in numbers]


def of(**more: Any) -> Json:
    return sequence("plates", **more)


WHOLE = numbered("plates/shot.{:04d}.png", range(1, 41))
CASES: dict[str, tuple[list[str], Json, Json, float, list[str]]] = {
    "the first is number 0": (
        numbered("plates/shot.{:04d}.png", range(40)), external("plates/shot.%04d.png"), times(7, 3, 24), 24,
        ["shot.0007.png", "shot.0008.png", "shot.0009.png"],
    ),
    "a number for each second frame": (
        numbered("plates/shot.{:04d}.png", range(10, 30, 2)),
        of(frame_zero_padding=4, start_frame=10, frame_step=2, available_range=times(0, 20, 24)), times(3, 5, 24), 24,
        ["shot.0012.png", "shot.0014.png", "shot.0014.png", "shot.0016.png", "shot.0016.png"],
    ),
    "numbers below 0, their sign beside their digits": (
        [*numbered("plates/shot.-{:04d}.png", range(1, 6)), *numbered("plates/shot.{:04d}.png", range(6))],
        of(frame_zero_padding=4, start_frame=-5, available_range=times(-5, 11, 24)), times(-2, 4, 24), 24,
        ["shot.-0002.png", "shot.-0001.png", "shot.0000.png", "shot.0001.png"],
    ),
    "numbers below 0 in brackets": (
        ["plates/shot.-2.png", "plates/shot.-1.png", "plates/shot.0.png", "plates/shot.1.png"],
        external("plates/shot.[-2-1].png"), times(1, 3, 24), 24, ["shot.-1.png", "shot.0.png", "shot.1.png"],
    ),
    "numbers below 0 as printf has them": (
        ["plates/shot.-02.png", "plates/shot.-01.png", "plates/shot.000.png"],
        external("plates/shot.%03d.png"), times(0, 3, 24), 24, ["shot.-02.png", "shot.-01.png", "shot.000.png"],
    ),
    "numbers that outgrow their zeros": (
        numbered("plates/shot.{:02d}.png", range(98, 103)), external("plates/shot.%02d.png"), times(1, 3, 24), 24,
        ["shot.99.png", "shot.100.png", "shot.101.png"],
    ),
    "another sequence of the same name without zeros": (
        [*WHOLE, "plates/shot.0.png", "plates/shot.00.png"], external("plates/shot.%04d.png"), times(0, 2, 24), 24,
        ["shot.0001.png", "shot.0002.png"],
    ),
    "one picture": (["plates/shot.0007.png"], external("plates/shot.[0007-0007].png"), times(0, 1, 24), 24, ["shot.0007.png"]),
    "a suffix in capitals": (
        numbered("plates/SHOT.{:04d}.PNG", range(1, 10)), external("plates/shot.%04d.png"), times(2, 2, 24), 24,
        ["SHOT.0003.PNG", "SHOT.0004.PNG"],
    ),
    "twelve pictures a second under 24": (
        WHOLE, of(frame_zero_padding=4, start_frame=1, rate=12.0, available_range=times(0, 48, 24)), times(8, 4, 24), 24,
        ["shot.0005.png", "shot.0006.png"],
    ),
    "25 pictures a second, counted at 50": (
        WHOLE, of(frame_zero_padding=4, start_frame=1, rate=25.0, available_range=times(0, 40, 50)), times(20, 4, 50), 50,
        ["shot.0011.png", "shot.0012.png"],
    ),
    "a rate that nobody set": (
        WHOLE, of(frame_zero_padding=4, start_frame=1, rate=1.0, available_range=times(86_400, 40, 24)), times(86_410, 2, 24), 24,
        ["shot.0011.png", "shot.0012.png"],
    ),
    "more of a percent and a hash in its name": (
        numbered("plates/100% #1_{:04d}.png", range(1, 5)), external("plates/100% #1_####.png"), times(1, 2, 24), 24,
        ["100% #1_0002.png", "100% #1_0003.png"],
    ),
    "a folder in the name": (
        WHOLE, of(target_url_base="", name_prefix="plates/shot.", frame_zero_padding=4, start_frame=1, available_range=times(0, 40, 24)),
        times(2, 2, 24), 24, ["shot.0003.png", "shot.0004.png"],
    ),
    "letters and accents apart on the disk": (
        numbered("plates/u\u0308ber.{:04d}.png", range(1, 5)), external("plates/\u00fcber.%04d.png"), times(1, 2, 24), 24,
        ["u\u0308ber.0002.png", "u\u0308ber.0003.png"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_frame_shows_its_picture(tmp_path: Path, name: str) -> None:
    files, reference, source, rate, expected = CASES[name]
    touch(tmp_path, *files)
    assert names_of(row_of(tmp_path, document(reference, source, rate))) == expected


@pytest.mark.parametrize("mode", ["references", "track"])
@pytest.mark.parametrize("name", CASES)
def test_the_reference_goes_back_as_it_came(tmp_path: Path, name: str, mode: Any) -> None:
    files, reference, source, rate, _ = CASES[name]
    touch(tmp_path, *files)
    made = document(reference, source, rate)
    row = row_of(tmp_path, made)
    take = FinishedTake(shot=row, path="/takes/t.mov", take="t", frames=len(frames_of(row)), rate=Fraction(24))
    timeline_, _ = publish(read_timeline(made).timeline, [take], mode)
    out = json.loads(as_text(timeline_, "otio")[0])
    before = json.loads(as_text(read_timeline(made).timeline, "otio")[0])
    picture, was = (next(each for each in _clips(read) if each["name"] == "c") for read in (out, before))
    assert picture["media_references"]["DEFAULT_MEDIA"] == was["media_references"]["DEFAULT_MEDIA"]
    assert picture["source_range"] == was["source_range"]


def _clips(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for each in value for found in _clips(each)]
    if not isinstance(value, dict):
        return []
    inner = [found for each in value.values() for found in _clips(each)]
    return [value, *inner] if str(value.get("OTIO_SCHEMA", "")).startswith("Clip.") else inner


@pytest.mark.parametrize(
    "url", ["file://{folder}/plates/shot.%04d.png", "file://{folder}/plates/shot.%2504d.png", "file:///Z:/x/plates/shot.%04d.png"]
)
def test_the_place_for_a_number_in_an_address_is_no_escape(tmp_path: Path, url: str) -> None:
    touch(tmp_path, *WHOLE)
    row = row_of(tmp_path, document(external(url.format(folder=tmp_path)), times(4, 2, 24)), searched=(tmp_path,))
    assert names_of(row) == ["shot.0005.png", "shot.0006.png"]


def test_a_file_that_is_called_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path, *WHOLE, "plates/shot.####.png")
    row = row_of(tmp_path, document(external("plates/shot.####.png"), times(0, 2, 24)))
    assert row.pictures is None
    assert row.needs_host_export is not None


@pytest.mark.parametrize(
    ("reference", "source", "code"),
    [
        (external("plates/shot.[0001-0040].png"), times(0, 3, 24), "media.picture-missing"),  # number 20 is not there
        (external("plates/shot.%04d.png"), times(15, 10, 24), "clip.beyond-media"),
        (of(frame_zero_padding=4, start_frame=1, available_range=times(0, 40, 24)), times(0, 3, 24), "media.picture-missing"),
        (external("plates/shot.[0040-0001].png"), times(0, 3, 24), "media.nowhere"),
        (of(frame_zero_padding=10**6, start_frame=1, available_range=times(0, 4, 24)), times(0, 3, 24), "media.nowhere"),
        (of(frame_zero_padding=4, start_frame=2**31 - 1, available_range=times(0, 4, 24)), times(0, 3, 24), "media.nowhere"),
        (of(frame_zero_padding=4, start_frame=1, available_range=times(0, 10**7, 24)), times(0, 3, 24), "media.pictures-many"),
        (
            of(frame_zero_padding=4, start_frame=1, name_prefix="../../../etc/shot."),
            times(0, 3, 24),
            "media.picture-missing",
        ),  # found by its name alone
        (of(frame_zero_padding=4, start_frame=1, rate=float("nan"), available_range=times(0, 4, 24)), times(0, 3, 24), None),
    ],
)
def test_what_is_not_there_ends_in_a_sentence(tmp_path: Path, reference: Json, source: Json, code: str | None) -> None:
    touch(tmp_path, *(each for each in WHOLE if "0020" not in each))
    row = row_of(tmp_path, document(reference, source), roots=(tmp_path,))
    if code is None:
        assert row.shot is not None or row.error_message is not None
        return
    assert row.shot is None
    assert row.error_message is not None
    assert f"'{code}'" in repr(row.error_message), row.error


def test_pictures_of_another_kind_are_the_editors(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("plates/shot.{:04d}.EXR", range(1, 5)))
    row = row_of(tmp_path, document(external("plates/shot.%04d.EXR"), times(0, 3, 24)))
    assert row.needs_host_export is not None
    assert known(row.needs_host_export).code == "clip.host-format"
