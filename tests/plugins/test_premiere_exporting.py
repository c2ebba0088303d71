"""host.export in both Premiere panels: real files, marks and mutes as before, a second preset where the first leaves nothing."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import av
import pytest

from tests.plugins.node import REPOSITORY, run_node
from tests.plugins.premiere_scenes import NASTY, Scene

SHIPPED = REPOSITORY / "plugins" / "premiere_cep" / "presets"
PICTURE, SOUND = "HeyGem ProRes 422 HQ.epr", "HeyGem WAV 48 kHz.epr"


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "ex'po\"rts \u2028 $(x)"
    made.mkdir()
    return made


def premieres_own(tmp_path: Path) -> str:
    """Premiere's own presets where its installer puts them on a Mac; the path of the program."""
    bundle = tmp_path / "Adobe Premiere Pro 2026.app"
    for code, name, shipped in (("4D6F6F56", "Apple ProRes 422 HQ.epr", PICTURE), ("57415645", "Waveform Audio 48kHz 16-bit.epr", SOUND)):
        presets = bundle / "Contents" / "MediaIO" / "systempresets" / f"3F3F3F3F_{code}"
        presets.mkdir(parents=True)
        shutil.copy(SHIPPED / shipped, presets / name)
    return str(bundle / "Contents" / "MacOS" / "Adobe Premiere Pro 2026")


def export(here: Scene, folder: Path, *ids: str, kind: str = "picture", **more: Any) -> dict[str, Any]:
    return here.ask("host.export", items=list(ids), kind=kind, folder=str(folder), **more)


def brightness(path: str) -> list[int]:
    with av.open(path) as file:
        return [round(frame.to_ndarray(format="gray").mean()) for frame in file.decode(video=0)]


def nest(here: Scene) -> str:
    """A nested sequence of 12 frames at frame 200 of V1, from its own frame 10 on; the panel's id of it."""
    here.add(nest=here.file("nest.mov"), start=200, length=12, offset=10, selected=True)
    [item] = [item for item in here.ask("host.selection")["items"] if item["placement"]["record_start"] == 200]
    assert item["path"] is None
    assert "nested sequence" in item["needs_host_export"]
    return item["id"]


@pytest.mark.parametrize("kind", ["picture", "sound"])
def test_a_file_comes_of_it_and_marks_mutes_and_all_else_are_as_before(scene, folder, kind):
    here = scene()
    here.add(file=here.file("take 25.mov"), start=90, length=50, track=2)
    here.mute("audio", 0)
    before = here.picture()
    wanted = here.id if kind == "picture" else here.fake("call", name="described")["audio"][0]["items"][0]["id"]
    result = export(here, folder, wanted, kind=kind, handles=2)
    assert here.picture() == before
    [made] = result["exported"]
    assert made["problem"] is None
    assert Path(made["path"]).parent == folder
    assert made["handles"] is None
    assert result["blocked_ms"] > 0
    assert result["notices"] == []
    [seen] = here.fake("exports")
    if kind == "picture":
        assert seen["heard"] == [True, True, False][: len(seen["heard"])] or (seen["heard"][0] and not any(seen["heard"][1:]))
        assert len(brightness(made["path"])) == 28
    else:
        assert seen["heard"] == [True, False], "a muted clip is heard alone"
        with av.open(made["path"]) as file:
            assert (file.streams.audio[0].rate, file.streams.audio[0].duration) == (48000, round(28 / 25 * 48000))


@pytest.mark.parametrize("zero", [0, 90000], ids=["from zero", "from one o'clock"])
def test_the_range_of_an_export_counts_from_the_sequences_zero_point(scene, folder, zero):
    """In and out include the zero point and a clip's start does not: a sequence from one o'clock exported another range."""
    here = scene(zero=zero * 10160640000)
    made = export(here, folder, nest(here), handles=1)["exported"][0]
    inside = brightness(here.file("nest.mov"))[10:22]
    assert [abs(one - other) <= 2 for one, other in zip(brightness(made["path"])[1:-1], inside, strict=True)] == [True] * 12


def test_a_range_that_premiere_does_not_take_is_told_and_nothing_is_exported(scene, folder):
    here = scene()
    here.fake("deafRange")
    [made] = export(here, folder, here.id)["exported"]
    assert (made["path"], made["problem_message"]["code"]) == (None, "panel.premiere-range-refused")
    assert here.fake("exports") == []


def test_a_nested_sequence_is_the_frames_that_premiere_shows(scene, folder):
    here = scene()
    made = export(here, folder, nest(here), handles=1)["exported"][0]
    inside = brightness(here.file("nest.mov"))[10:22]
    assert [abs(one - other) <= 2 for one, other in zip(brightness(made["path"])[1:-1], inside, strict=True)] == [True] * 12


def test_a_clip_at_the_sequences_start_says_how_many_handles_there_are(scene, folder):
    """Nothing lies before the first frame: whoever took the third frame of the file for the clip's first would be two frames off."""
    here = scene()
    here.move(here.clip, 1, 24)
    [item, *_] = here.ask("host.selection")["items"]
    [made] = export(here, folder, item["id"], handles=3)["exported"]
    assert made["handles"] == 1
    assert len(brightness(made["path"])) == 1 + 24 + 3


def test_premieres_own_preset_comes_first(scene, folder, tmp_path):
    here = scene(application=premieres_own(tmp_path))
    export(here, folder, here.id)
    [seen] = here.fake("exports")
    assert seen["preset"].endswith("Apple ProRes 422 HQ.epr")


@pytest.mark.parametrize(
    "without", [pytest.param([], marks=pytest.mark.full), ["export.failure-may-be-silent"]], ids=["silently", "with a word"]
)
def test_a_preset_that_leaves_no_file_gives_way_to_the_next(scene, folder, tmp_path, without):
    here = scene(application=premieres_own(tmp_path), deafTo=["Apple ProRes"], without=without)
    [made] = export(here, folder, here.id)["exported"]
    assert Path(made["path"]).is_file()
    [seen] = here.fake("exports")
    assert seen["preset"].endswith(PICTURE)


def test_where_no_preset_leaves_a_file_the_clip_has_a_problem_and_the_sequence_is_as_before(scene, folder):
    here = scene(deafTo=["HeyGem"])
    before = here.picture()
    (folder / "heygem-picture-1.mov").write_text("a rest of yesterday")
    [made, gone] = export(here, folder, here.id, "gone")["exported"]
    assert made["path"] is None
    assert "exported no file" in made["problem"]
    assert "File > Export > Media" in made["problem"]
    assert "no longer" in gone["problem"]
    assert here.picture() == before


def test_without_any_preset_the_sentence_says_how_to_get_them(scene, folder, tmp_path):
    fault = scene(shipped=str(tmp_path), plugin=str(tmp_path)).refusal("host.export", items=["x"], kind="sound", folder=str(folder))
    assert fault["data"] == {"error": "NoPreset", "code": "panel.premiere-no-preset", "params": {"preset": "Waveform Audio 48 kHz"}}
    assert "heygem install premiere" in fault["message"]


def test_an_export_for_another_project_touches_nothing(scene, folder):
    here = scene()
    described = here.fake("call", name="described")
    here.fake("project", name=NASTY)
    order = {"project": described["project"], "sequence": here.sequence, "kind": "picture", "presets": [str(SHIPPED / PICTURE)],
             "items": [{"id": here.id, "start": "0", "end": str(here.frame), "handles": 0, "file": str(folder / "x.mov")}]}  # fmt: skip
    with pytest.raises(AssertionError, match="belongs to another one"):
        here.fake("call", name="exportItems", argument=order)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("scene", ["uxp"], indirect=True)
def test_a_project_that_is_switched_between_two_files_ends_the_export_in_a_sentence(scene, folder):
    """UXP leaves the editor's hands free between two files. What is done is done, the range is put back, the rest is told."""
    here = scene()
    other = nest(here)
    before = here.picture()
    here.fake("switchWhileExporting", name="Another film")
    [made, left] = export(here, folder, here.id, other)["exported"]
    assert Path(made["path"]).is_file()
    assert "Another film" in left["problem"]
    assert here.picture() == before


@pytest.mark.parametrize("scene", ["uxp"], indirect=True)
@pytest.mark.parametrize("without", [[], ["export.promise-may-hang"]], ids=["promise pending", "promise kept"])
def test_a_promise_that_stays_pending_holds_nothing_up(scene, folder, without):
    here = scene(without=without)
    assert Path(export(here, folder, here.id)["exported"][0]["path"]).is_file()
    [seen] = here.fake("exports")
    assert (seen["type"], seen["full"]) == (2, False), "immediately, from in to out"


def test_presets_are_looked_for_where_each_system_has_them():
    code = """
const { rootsOf, usualRoots } = require('./plugins/shared/presets.js');
const { joined } = require('./plugins/shared/clip-export.js');
console.log(JSON.stringify([
  rootsOf('C:\\\\Program Files\\\\Adobe\\\\Adobe Premiere Pro 2026\\\\Adobe Premiere Pro.exe')[0],
  rootsOf('/Applications/Adobe Premiere Pro 2026/Adobe Premiere Pro 2026.app'),
  rootsOf('/Applications/P.app/Contents/MacOS/P'),
  usualRoots('win32', '26.3.1'), usualRoots('darwin', '25.6'), usualRoots('linux', '26'),
  joined('C:\\\\Users\\\\a b\\\\exports\\\\', 'x.mov'), joined('/tmp/a', 'x.mov')]));"""
    ran = run_node("-e", code)
    windows, bundle, program, *usual, backslashes, slashes = json.loads(ran.stdout)
    assert windows == r"C:\Program Files\Adobe\Adobe Premiere Pro 2026"
    assert "/Applications/Adobe Premiere Pro 2026/Adobe Premiere Pro 2026.app/Contents" in bundle
    assert "/Applications/P.app/Contents" in program
    mac = "/Applications/Adobe Premiere Pro 2025/Adobe Premiere Pro 2025.app/Contents"
    assert usual == [[r"C:\Program Files\Adobe\Adobe Premiere Pro 2026"], [mac], []]
    assert backslashes == r"C:\Users\a b\exports\x.mov"
    assert slashes == "/tmp/a/x.mov"


def four_letters(number: str) -> str:
    return int(number).to_bytes(4, "big").decode()


@pytest.mark.parametrize(("name", "letters", "video"), [(PICTURE, "MooV", True), (SOUND, "WAVE", False)])
def test_a_shipped_preset_is_a_tree_without_loose_ends(name, letters, video):
    """Well-formed, every reference leads to one object and every object is reached once; the exporter is the one meant."""
    root = ET.parse(SHIPPED / name).getroot()
    assert (root.tag, root.get("Version")) == ("PremiereData", "3")
    objects = {element.get("ObjectID"): element for element in root if element.get("ObjectID")}
    references = [element.get("ObjectRef") for element in root.iter() if element.get("ObjectRef")]
    assert sorted(references, key=int) == sorted(objects, key=int)
    assert four_letters(root.findtext("ExporterFileType", "")) == letters
    assert four_letters(root.findtext("ExporterClassID", "")) == "????"
    assert (root.findtext("DoVideo"), root.findtext("DoAudio")) == (str(video).lower(), str(not video).lower())
    assert re.fullmatch(r"[0-9a-f-]{36}", root.findtext("PresetID", ""))
    values = {element.findtext("ParamIdentifier"): element for element in root.iter("ExporterParam")}
    if video:
        assert four_letters(values["ADBEVideoCodec"].findtext("ParamValue", "")) == "apch"
        assert values["ADBEVideoMatchSource"].findtext("ParamArbData") == "fxAAAA=="
    assert values["ADBEAudioRatePerSecond"].findtext("ParamValue") == "48000"
