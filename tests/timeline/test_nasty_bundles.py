"""Bundles as other programs and strangers make them: media are found or named, nothing outside is touched, and all of it goes back."""

from __future__ import annotations

import json
import sys
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio
import pytest

from heygem_core.errors import HeygemError
from heygem_server.timeline.__main__ import run
from heygem_server.timeline.bundles import BundledMedia, media_of
from heygem_server.timeline.child_specs import PublishSpec
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, MediaFacts, Selection, TimelineShot
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.locate import Locator

from .making import clip, data, external, sound, time, timeline, times, track, video
from .test_bundles import held_by
from .test_picture_sequences import sequence
from .test_retimes import frames_of

COMPOSED, DECOMPOSED = "M\u00fcller A.mov", "Mu\u0308ller A.mov"
KINDS = pytest.mark.parametrize("kind", ["otioz", "otiod"])


def facts(path: Path) -> MediaFacts:
    return sound(60) if path.suffix == ".wav" else video(Fraction(25), 100)


def document(url: str) -> bytes:
    voice = clip("voice", times(0, 4, 1), external("media/v.wav", times(0, 60, 1)))
    picture = clip("a", times(5, 20, 25), external(url, times(0, 100, 25)), metadata={"mine": {"note": 1}})
    return data(timeline(track("Video", "V1", picture), track("Audio", "A1", voice), start=time(0, 25)))


def made(folder: Path, kind: str, url: str, held: dict[str, bytes]) -> Path:
    path = folder / f"edit.{kind}"
    held = {"content.otio": document(url), "version.txt": b"1.0.0", "media/v.wav": b"voice", **held}
    if kind == "otiod":
        for name, content in held.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in held.items():
            opened.writestr(name, content)
    return path


def row_of(bundle: Path, folder: Path, roots: tuple[Path, ...] | None = None) -> TimelineShot:
    with media_of(bundle, str(folder)) as bundled:
        base = bundle if bundle.is_dir() else bundle.parent
        locator = Locator(base=base, bundled=bundled, roots=roots, searched=(base,))
        (row,) = conform(read_timeline(bundle).timeline, Selection(speech_tracks=("A1",)), facts=facts, locator=locator).shots
    return row


def content_of(row: TimelineShot) -> bytes:
    assert row.shot is not None, row.error or row.needs_host_export
    assert frames_of(row) == list(range(5, 25))
    return Path(row.shot.video).read_bytes()


CASES = {
    "a nested folder": ("media/day 1/roll/a.mov", "media/day 1/roll/a.mov"),
    "as an address": ("media/M%C3%BCller%20A.mov", f"media/{COMPOSED}"),
    "accents apart in the bundle": (f"media/{COMPOSED}", f"media/{DECOMPOSED}"),
    "accents apart in the document": (f"media/{DECOMPOSED}", f"media/{COMPOSED}"),
    "other capitals": ("media/A.MOV", "media/a.mov"),
    "a percent of its own": ("media/50%25 a.mov", "media/50% a.mov"),
    "a name that looks like an escape": ("media/a%20b.mov", "media/a%20b.mov"),
    "a hash": ("media/a#1.mov", "media/a#1.mov"),
    "a dot before it": ("./media/a.mov", "media/a.mov"),
    "slashes of Windows": ("media\\a.mov", "media/a.mov"),
    "the address of another machine": ("file:///Volumes/Raid/day1/a.mov", "media/a.mov"),
    "the path of another machine": ("D:\\rushes\\a.mov", "media/a.mov"),
}


@KINDS
@pytest.mark.parametrize("case", CASES)
def test_media_are_found_however_they_are_named(tmp_path: Path, kind: str, case: str) -> None:
    url, name = CASES[case]
    if sys.platform != "linux" and kind == "otiod" and "\\" in name:
        return
    bundle = made(tmp_path, kind, url, {name: b"the picture"})
    assert content_of(row_of(bundle, tmp_path / "made")) == b"the picture"


@KINDS
@pytest.mark.parametrize("mode", ["references", "track"])
@pytest.mark.parametrize("case", CASES)
def test_a_bundle_goes_back_as_it_came(tmp_path: Path, kind: str, case: str, mode: Any) -> None:
    url, name = CASES[case]
    bundle = made(tmp_path, kind, url, {name: b"the picture", "notes/cut 1.txt": b"mine"})
    row = row_of(bundle, tmp_path / "made")
    take = tmp_path / "t% #1.mov"
    take.write_bytes(b"the take")
    finished = FinishedTake(shot=row, path=str(take), take="t1", frames=20, rate=Fraction(25))
    output = tmp_path / f"out.{kind}"
    run(PublishSpec(source=str(bundle), takes=(finished,), mode=mode, output=str(output)))
    before, after = held_by(bundle), held_by(output)
    assert {key: value for key, value in after.items() if key != "content.otio"} == {
        **{key: value for key, value in before.items() if key != "content.otio"},
        "media/t% #1.mov": b"the take",
    }
    assert '"target_url": "media/t%25%20%231.mov"' in after["content.otio"].decode(), "relative addresses are decoded by whoever reads them"
    assert json.dumps(url) in after["content.otio"].decode("utf-8") or url in json.loads(after["content.otio"].decode()).__repr__()
    again = row_of(output, tmp_path / "made")
    assert again.versions == ("t1",)
    assert content_of(again) == b"the picture"


def test_a_bundle_of_opentimelineios_own_writer(tmp_path: Path) -> None:
    (tmp_path / COMPOSED).write_bytes(b"the picture")
    (tmp_path / "v.wav").write_bytes(b"voice")
    text = document((tmp_path / COMPOSED).as_uri()).decode().replace("media/v.wav", (tmp_path / "v.wav").as_uri())
    read = opentimelineio.adapters.read_from_string(text, "otio_json")
    for kind in ("otioz", "otiod"):
        bundle = tmp_path / f"theirs.{kind}"
        opentimelineio.adapters.write_to_file(read, str(bundle))
        assert content_of(row_of(bundle, tmp_path / "made", roots=(bundle, tmp_path / "made"))) == b"the picture"


def test_names_that_are_not_marked_as_utf_8_are_it_all_the_same(tmp_path: Path) -> None:
    """As macOS and Info-ZIP write them."""
    bundle = made(tmp_path, "otioz", f"media/{COMPOSED}", {"media/MXXller A.mov": b"the picture"})
    whole = bundle.read_bytes().replace(b"MXXller", b"M\xc3\xbcller")
    bundle.write_bytes(whole)
    assert content_of(row_of(bundle, tmp_path / "made")) == b"the picture"
    run(PublishSpec(source=str(bundle), takes=(), output=str(tmp_path / "o.otiod")))
    assert (tmp_path / "o.otiod/media" / COMPOSED).read_bytes() == b"the picture"


def test_media_that_are_not_there_or_twice_are_named(tmp_path: Path) -> None:
    for held, code in (({}, "media.nowhere"), ({"x/a.mov": b"1", "y/a.mov": b"2"}, "media.ambiguous")):
        row = row_of(made(tmp_path, "otioz", "/other/a.mov", held), tmp_path / "made")
        assert row.shot is None
        assert f"'{code}'" in repr(row.error_message)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_that_leads_out_of_a_bundle_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "outside/secret.mov"
    secret.parent.mkdir()
    secret.write_bytes(b"secret")
    bundle = made(tmp_path, "otiod", "media/a.mov", {})
    (bundle / "media/a.mov").symlink_to(secret)
    row = row_of(bundle, tmp_path / "made", roots=(bundle,))
    assert row.shot is None
    assert "'media.outside-folders'" in repr(row.error_message)
    run(PublishSpec(source=str(bundle), takes=(), output=str(tmp_path / "out.otiod")))
    assert (tmp_path / "out.otiod/media/a.mov").is_symlink(), "it stays a link: nothing is read from there"
    with pytest.raises(HeygemError, match="link to somewhere else"):
        run(PublishSpec(source=str(bundle), takes=(), output=str(tmp_path / "out.otioz")))
    assert not (tmp_path / "out.otioz").exists()
    (bundle / "content.otio").unlink()
    (tmp_path / "outside/content.otio").write_bytes(document("media/a.mov"))
    (bundle / "content.otio").symlink_to(tmp_path / "outside/content.otio")
    with pytest.raises(UnreadableTimeline):
        read_timeline(bundle)


@pytest.mark.parametrize("inside", ["bundle", "text", "damaged"])
def test_a_document_in_a_bundle_that_is_none_ends_in_a_sentence(tmp_path: Path, inside: str) -> None:
    bundle = made(tmp_path, "otioz", "media/a.mov", {})
    content = {"bundle": bundle.read_bytes(), "text": b"TITLE: no"}.get(inside)
    if content is not None:
        bundle = made(tmp_path, "otioz", "media/a.mov", {"content.otio": content})
    else:
        whole = bytearray(bundle.read_bytes())
        at = whole.index(b"content.otio") + 40
        whole[at : at + 60] = bytes(60)
        bundle.write_bytes(whole)
    with pytest.raises(UnreadableTimeline):
        read_timeline(bundle)


def _changed(bundle: Path, name: str, offset: int, value: bytes) -> None:
    """The entry of a name in the zip's directory says something else."""
    whole = bytearray(bundle.read_bytes())
    at = whole.rindex(b"PK\x01\x02", 0, whole.rindex(name.encode()))
    whole[at + offset : at + offset + len(value)] = value
    bundle.write_bytes(whole)


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (24, (0x7FFFFFF0).to_bytes(4, "little")),  # two gigabytes of eleven bytes
        (24, b"\xf0\xff\xff\xff"),
        (8, b"\x01\x08"),  # it is locked
        (10, (99).to_bytes(2, "little")),  # packed in a way that nobody knows
        (16, b"\0\0\0\0"),  # another checksum
        (20, (5).to_bytes(4, "little")),  # cut short
        (42, (0x7FFFFFF0).to_bytes(4, "little")),  # somewhere else
    ],
)
def test_an_entry_that_says_what_is_not_so_is_named(tmp_path: Path, offset: int, value: bytes) -> None:
    bundle = made(tmp_path, "otioz", "media/a.mov", {"media/a.mov": b"the picture"})
    _changed(bundle, "media/a.mov", offset, value)
    row = row_of(bundle, tmp_path / "made")
    assert row.shot is None
    assert any(f"'{code}'" in repr(row.error_message) for code in ("otio.bad-media", "otio.no-room-for-media")), row.error
    left = [each for each in (tmp_path / "made").rglob("*") if each.is_file() and each.name != "v.wav"]
    assert left == []
    for output in ("o.otioz", "o.otiod"):
        with pytest.raises(HeygemError):
            run(PublishSpec(source=str(bundle), takes=(), output=str(tmp_path / output)))
        assert not (tmp_path / output).exists()


@KINDS
@pytest.mark.parametrize("form", ["reference", "pattern"])
def test_numbered_pictures_lie_in_a_bundle_too(tmp_path: Path, kind: str, form: str) -> None:
    """Two folders of pictures with one first picture: each shows its own. What is missing is named."""
    shots = ("1", "2")
    held = {
        f"media/{shot}/s.{number:04d}.png": b"p" * (1 if number == 1 else number * int(shot)) for shot in shots for number in range(1, 11)
    }
    for shot in shots:
        reference = external(f"media/{shot}/s.%04d.png")
        if form == "reference":
            more = {"name_prefix": "s.", "frame_zero_padding": 4, "start_frame": 1, "rate": 25.0, "available_range": times(0, 10, 25)}
            reference = sequence(f"media/{shot}/", **more)
        voice = clip("voice", times(0, 4, 1), external("media/v.wav", times(0, 60, 1)))
        whole = timeline(track("Video", "V1", clip("a", times(2, 5, 25), reference)), track("Audio", "A1", voice), start=time(0, 25))
        bundle = made(tmp_path, kind, "", {**held, "content.otio": data(whole)})
        row = row_of(bundle, tmp_path / "made")
        assert row.shot is not None, row.error
        assert row.pictures is not None
        assert (frames_of(row), row.pictures.first, row.pictures.count) == ([2, 3, 4, 5, 6], 1, 10)
        assert Path(row.pictures.folder, "s.0003.png").read_bytes() == b"p" * 3 * int(shot)
    del held["media/2/s.0004.png"]
    if kind == "otioz" and form == "reference":
        row = row_of(made(tmp_path, kind, "", {**held, "content.otio": data(whole)}), tmp_path / "made")
        assert "'media.picture-missing'" in repr(row.error_message)


def test_a_bundle_as_media_is_no_media(tmp_path: Path) -> None:
    bundle = made(tmp_path, "otioz", "media/inner.otioz", {"media/inner.otioz": b"PK\x03\x04"})
    found = BundledMedia(bundle=bundle, folder=tmp_path / "made").find("media/inner.otioz")
    assert found is not None
    assert found.read_bytes() == b"PK\x03\x04"
    from heygem_server.timeline.facts import read_facts

    with pytest.raises(HeygemError):
        read_facts(found)
