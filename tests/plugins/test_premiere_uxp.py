"""What only the UXP panel does: one step of undo per placement, Premiere's own OpenTimelineIO, dialogs, Adobe's types.

What both panels promise is in test_premiere_placing.py and test_premiere_exporting.py.
"""

from __future__ import annotations

import json
from typing import Any

import opentimelineio as otio
import pytest

from tests.plugins.node import MODULES, REPOSITORY, needs_node, run_node
from tests.plugins.premiere_scenes import UxpScene


@pytest.fixture
def scene(films):
    scenes: list[UxpScene] = []

    def make(*arguments: Any, **options: Any) -> UxpScene:
        scenes.append(UxpScene(films, *arguments, **options))
        return scenes[-1]

    yield make
    for one in scenes:
        one.fake.close()


def test_undo_takes_a_placement_back_in_one_step(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25 v2.mov"))  # the bin is there by now, as after any first take
    before = here.fake("state", sequence=here.sequence)
    steps = len(here.fake("steps"))
    wanted = here.params("take 25.mov", speech=str(here.files / "speech.wav"), mute="clip", disable_original=True)
    here.ask("host.place", **wanted)
    assert len(here.takes("take 25.mov")) == 1
    assert here.fake("steps")[steps:] == ["Place HeyGem take"]
    here.fake("undo")
    assert here.fake("state", sequence=here.sequence) == before


def test_position_and_opacity_are_copied_in_a_second_step_only_where_they_differ(scene):
    here = scene()
    here.tune("Motion", "Position", value=[0.4, 0.6])
    here.tune("Opacity", "Opacity", value=80)
    here.tune("Motion", "Scale", moving=True)
    here.effect("AE.ADBE Lumetri", "Lumetri Color")
    result = here.ask("host.place", **here.params("take 25.mov"))
    look = here.fake("state", sequence=here.sequence)["video"][2][0]["look"]
    assert look[0]["params"][0]["value"] == 80
    assert look[1]["params"][0]["value"] == {"x": 0.4, "y": 0.6}
    assert result["not_copied"] == ["keyframes of Scale", "Lumetri Color"]
    assert "undo twice" in result["notices"][0]


def test_sound_that_a_take_should_not_have_never_touches_a1(scene):
    here = scene()
    before = here.fake("state", sequence=here.sequence)["audio"]
    here.ask("host.place", **here.params("loud.mov"))
    assert here.fake("state", sequence=here.sequence)["audio"][:2] == before


def test_where_an_insert_makes_no_track_the_editor_is_asked_for_one(scene):
    """Whether Premiere really grows tracks is second-hand: without it nothing is lost and a track by our name helps."""
    here = scene(without=["tracks.grow-on-insert"])
    before = here.fake("state", sequence=here.sequence)
    assert "named “HeyGem takes”" in here.refusal("host.place", **here.params("take 25.mov"))["message"]
    assert here.fake("state", sequence=here.sequence) == before
    here.fake("addTrack", sequence=here.sequence, kind="video", name="HeyGem takes")
    assert here.ask("host.place", **here.params("take 25.mov"))["track"] == 3


@pytest.mark.parametrize("without", [[], ["otio.native"]], ids=["premiere's own document", "our document"])
def test_the_document_carries_every_clips_id(scene, without, tmp_path):
    here = scene(without=without, temporary=str(tmp_path))
    here.fake("change", sequence=here.sequence, clip=here.clip, speed=2)
    result = here.ask("host.selection")
    parsed = otio.adapters.read_from_string(json.dumps(result["document"]), "otio_json")
    found = {clip.metadata["heygem"]["id"]: clip for clip in parsed.find_clips()}
    assert len(found) == 4
    assert set(item["id"] for item in result["items"]) <= set(found)
    assert bool(parsed.metadata.get("PremierePro_OTIO") is not None) == (not without)
    assert list(tmp_path.iterdir()) == [], "a file is left behind by every look at the selection"


def test_markers_are_one_step_and_set_once(scene):
    here = scene()
    wanted = {"placement": here.params("x")["placement"], "markers": [{"record_start": 103, "record_duration": 5, "name": "weak"}]}
    assert here.ask("host.markers", **wanted)["added"] == 1
    assert here.ask("host.markers", **wanted)["already"] == 1
    assert here.fake("steps") == ["Mark weak ranges"]


def test_where_marks_do_not_count_within_a_transaction_the_take_still_lies_right(scene):
    """Then the whole file came, over 34 frames: it is taken away again, and the next take is laid in steps at once."""
    here = scene(without=["transaction.marks-count-at-once"])
    before = here.state()
    wanted = here.params("take 25.mov", speech=here.file("speech.wav"), disable_original=True)
    result = here.ask("host.place", **wanted)
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]
    assert here.takes("speech.wav", "audio")[1] == (3, 100, 24, 0)
    assert "undo 7 times" in result["notices"][0]
    again = here.ask("host.place", **here.params("take 25 v2.mov"))
    assert "undo 4 times" in again["notices"][0]
    assert here.takes("take 25 v2.mov") == [(4, 100, 24, 5)]
    here.remove(here.clip)
    assert here.state()["audio"][:2] == before["audio"], "something of the editor's was cut"


def test_a_neighbour_is_not_cut_by_a_first_try(scene):
    """The whole file would reach 34 frames far: with a neighbour there, nothing is tried that could cut it."""
    here = scene(without=["transaction.marks-count-at-once"])
    here.fake("addTrack", sequence=here.sequence, kind="video", name="HeyGem takes")
    here.add(file=here.file("take 25 v2.mov"), start=124, length=20, track=2)
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]
    assert here.takes("take 25 v2.mov") == [(3, 124, 20, 0)]


def test_the_page_may_ask_for_files_and_folders(scene):
    here = scene(picked=[{"nativePath": "/films/a 'b'.mov"}, {"nativePath": "/films/c.mov"}])
    assert here.fake("pick", kind="video") == ["/films/a 'b'.mov", "/films/c.mov"]
    assert here.fake("pick", kind="speech") == ["/films/a 'b'.mov"]
    assert here.fake("pick", kind="folder") == ["/films/a 'b'.mov"]
    closed = scene(picked=[None])
    assert closed.fake("pick", kind="folder") == []
    assert closed.fake("pick", kind="speech") == []


def test_the_adapter_fits_adobes_types(tmp_path):
    """Calls that Premiere's UXP does not have, or that take other arguments, are found by the compiler."""
    needs_node()
    uxp = REPOSITORY / "plugins" / "premiere_uxp"
    files = [
        str(uxp / name)
        for name in (
            "editor.js",
            "sequence.js",
            "premiere-ops.js",
            "placement.js",
            "track-placement.js",
            "clip-export.js",
            "clip-attributes.js",
        )
    ]
    types = {"@adobe/premierepro": [str(MODULES / "@adobe" / "premierepro" / "src" / "premierepro.d.ts")]}
    checking = {"allowJs": True, "checkJs": True, "noEmit": True, "skipLibCheck": True, "strict": False}
    options = {**checking, "module": "node16", "moduleResolution": "node16", "target": "es2022", "lib": ["es2022", "dom"], "types": []}
    options["paths"] = types
    (tmp_path / "node.d.ts").write_text("declare function require(name: string): any; declare var module: any;", encoding="utf-8")
    config = {"compilerOptions": options, "files": [*files, str(tmp_path / "node.d.ts")]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
    ran = run_node(str(MODULES / "typescript" / "bin" / "tsc"), "-p", str(tmp_path / "tsconfig.json"))
    assert ran.returncode == 0, ran.stdout


def test_every_permission_is_for_this_machine_alone():
    manifest = json.loads((REPOSITORY / "plugins" / "premiere_uxp" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["manifestVersion"] == 5
    domains = manifest["requiredPermissions"]["network"]["domains"] + manifest["requiredPermissions"]["webview"]["domains"]
    assert all(domain.split("://")[1] in ("127.0.0.1", "localhost") for domain in domains)
