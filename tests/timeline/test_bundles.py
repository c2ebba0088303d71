"""`.otioz` and `.otiod`: media inside are found, and the bundle that goes back holds all that it held, and the takes."""

from __future__ import annotations

import json
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import HeygemError
from heygem_server.timeline.__main__ import run
from heygem_server.timeline.child_specs import ConformSpec, PublishSpec
from heygem_server.timeline.conform_types import Conformed, FinishedTake, Selection, TimelineShot
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.locate import Locator

from ..rendering.making import write_clip, write_sound
from .making import clip, data, external, time, timeline, times, track


@pytest.fixture
def document(tmp_path: Path) -> bytes:
    write_clip(tmp_path / "a.mov", [np.full((32, 48, 3), number, np.uint8) for number in range(30)])
    write_sound(tmp_path / "voice.wav", np.zeros(48000 * 2, np.float32))
    voice = clip("voice", times(0, 1, 1), external("media/voice.wav", times(0, 2, 1)))
    picture = clip("a", times(5, 20, 25), external("media/a.mov", times(0, 30, 25)), metadata={"mine": {"note": 1}})
    return data(timeline(track("Video", "V1", picture), track("Audio", "A1", voice), start=time(0, 25)))


@pytest.fixture(params=["otioz", "otiod"])
def bundle(document: bytes, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    held = {"content.otio": document, "version.txt": b"1.0.0", "media/a.mov": (tmp_path / "a.mov").read_bytes()}
    held |= {"media/voice.wav": (tmp_path / "voice.wav").read_bytes(), "media/t1.mov": b"of another"}
    path = tmp_path / f"edit.{request.param}"
    if request.param == "otiod":
        for name, content in held.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as made:
            for name, content in held.items():
                made.writestr(name, content)
    for name in ("a.mov", "voice.wav"):
        (tmp_path / name).unlink()
    return path


def row_of(bundle: Path, mixes: Path | None) -> TimelineShot:
    found = run(ConformSpec(source=str(bundle), selection=Selection(speech_tracks=("A1",)), mixes=None if mixes is None else str(mixes)))
    assert isinstance(found, Conformed)
    (row,) = found.shots
    assert row.shot is not None, row.error
    assert (row.shot.start, row.shot.end_exclusive) == (5, 25)
    return row


def held_by(bundle: Path) -> dict[str, bytes]:
    if bundle.is_dir():
        return {each.relative_to(bundle).as_posix(): each.read_bytes() for each in bundle.rglob("*") if each.is_file()}
    with zipfile.ZipFile(bundle) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def test_media_in_a_bundle_are_found(bundle: Path, tmp_path: Path) -> None:
    row = row_of(bundle, tmp_path / "made")
    assert row.shot is not None
    assert Path(row.shot.video).name == "a.mov"
    assert Path(row.shot.video).exists()
    assert Path(row.shot.speech).exists()
    row_of(bundle, None)  # a look at it leaves nothing behind
    assert {each.name for each in tmp_path.iterdir()} <= {bundle.name, "made"}


@pytest.mark.parametrize("suffix", ["otioz", "otiod"])
@pytest.mark.parametrize("mode", ["references", "track"])
def test_a_bundle_goes_back_with_all_it_held_and_the_takes(bundle: Path, tmp_path: Path, suffix: str, mode: Any) -> None:
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes/t1.mov").write_bytes(b"the take")
    row = row_of(bundle, tmp_path / "made")
    path = str(tmp_path / "takes/t1.mov")
    take = FinishedTake(shot=row, path=path, take="t1", frames=20, rate=Fraction(25))
    output = tmp_path / f"out.{suffix}"
    run(PublishSpec(source=str(bundle), takes=(take,), mode=mode, output=str(output)))
    before, after = held_by(bundle), held_by(output)
    assert {name: content for name, content in after.items() if name in before and name != "content.otio"} == {
        name: content for name, content in before.items() if name != "content.otio"
    }
    assert after["media/t1-2.mov"] == b"the take"
    assert set(after) == {*before, "media/t1-2.mov"}
    assert '"target_url": "media/t1-2.mov"' in after["content.otio"].decode()
    assert _without_takes(json.loads(after["content.otio"])) == _without_takes(_as_written(before["content.otio"]))
    again = row_of(output, tmp_path / "made")
    assert again.versions == ("t1",)


def _as_written(document: bytes) -> Any:
    return json.loads(read_timeline(document).timeline.to_json_string())


def _without_takes(value: Any) -> Any:
    """The document without what carries a take, by its metadata alone."""
    if isinstance(value, list):
        return [_without_takes(each) for each in value if not _is_ours(each)]
    if not isinstance(value, dict):
        return value
    kept = {key: _without_takes(each) for key, each in value.items() if key != "heygem" and not _is_ours(each)}
    if "active_media_reference_key" in kept and kept["active_media_reference_key"] not in kept["media_references"]:
        kept["active_media_reference_key"] = value["metadata"]["heygem"]["original"]
    return kept


def _is_ours(value: Any) -> bool:
    ours = value.get("metadata", {}).get("heygem") if isinstance(value, dict) and isinstance(value.get("metadata"), dict) else None
    return bool(ours) and bool(ours.get("take") or ours.get("takes"))


def test_a_folder_that_is_there_is_not_written_over(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "out.otiod").mkdir()
    (tmp_path / "out.otiod/mine.txt").write_text("x")
    with pytest.raises(HeygemError, match="already"):
        run(PublishSpec(source=str(bundle), takes=(), output=str(tmp_path / "out.otiod")))
    assert (tmp_path / "out.otiod/mine.txt").read_text() == "x"


@pytest.mark.parametrize(
    ("name", "file"),
    [("../x.mov", "x.mov"), ("/etc/passwd", "passwd"), ("media/../../x.mov", "x.mov"), ("media\\..\\x.mov", None), ("C:\\x.mov", None)],
)
def test_no_name_leads_out_of_a_bundle(tmp_path: Path, document: bytes, name: str, file: str | None) -> None:
    from heygem_server.timeline.bundles import BundledMedia

    with zipfile.ZipFile(tmp_path / "x.otioz", "w") as made:
        made.writestr("content.otio", document)
        made.writestr(zipfile.ZipInfo(name), b"evil")
    found = BundledMedia(bundle=tmp_path / "x.otioz", folder=tmp_path / "out").find(name)
    assert (found and found.name) == file
    if found is not None:
        assert found.resolve().parent.parent == tmp_path / "out"
        assert found.read_bytes() == b"evil", "what is in the bundle, and not what lies there on this machine"
    run(PublishSpec(source=str(tmp_path / "x.otioz"), takes=(), output=str(tmp_path / "o.otiod")))
    assert {each.name for each in tmp_path.iterdir()} <= {"x.otioz", "o.otiod", "out", "a.mov", "voice.wav"}
    assert Locator().bundled is None
