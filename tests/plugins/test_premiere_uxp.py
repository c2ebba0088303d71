"""The UXP panel's adapter on a fake UXP with an undo stack: one step of undo per placement, the rest untouched."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import opentimelineio as otio
import pytest

from heygem_core.shot import from_json
from heygem_plugins.protocol import generate
from tests.plugins.media import in_ticks, make_clip, make_speech
from tests.plugins.node import HERE, MODULES, REPOSITORY, NodeProcess, needs_node, run_node
from tests.plugins.test_premiere_script import ONE_OCLOCK, RATES, SCHEMA, TIMEBASES


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    needs_node()
    folder = tmp_path_factory.mktemp("films")
    for name, rate in RATES.items():
        make_clip(folder / f"clip {name}.mov", rate=rate, frames=60, timecode="10:00:00:00", sound=True)
        make_clip(folder / f"take {name}.mov", rate=rate, frames=34)
    shutil.copy(folder / "take 25.mov", folder / "take 25 v2.mov")
    make_clip(folder / "loud.mov", rate=Fraction(25), frames=34, sound=True)
    make_speech(folder / "speech.wav", 3)
    return folder


@lru_cache
def known(file: str) -> dict[str, Any]:
    return in_ticks(file)


class Scene:
    """A clip of 24 frames at frame 100 on V1 with its sound on A1, a stranger on V2, music on A2."""

    def __init__(self, files: Path, rate: str = "25", *, zero: int = 0, **options: Any) -> None:
        self.files, self.rate, self.frame = files, rate, TIMEBASES[rate]
        self.fake = NodeProcess(HERE / "fakes" / "uxp_process.js", options)
        for file in files.iterdir():
            self.fake("known", file=str(file), facts=known(str(file)))
        self.sequence = self.fake("sequence", timebase=str(self.frame), zeroPoint=str(zero))
        clip = str(files / f"clip {rate}.mov")
        self.clip = self.fake("clip", sequence=self.sequence, file=clip, start=100, length=24, offset=7, selected=True)
        self.fake("clip", sequence=self.sequence, file=clip, start=100, length=24, offset=7, kind="audio", selected=True)
        self.fake("clip", sequence=self.sequence, file=clip, start=300, length=20, track=1)
        self.music = self.fake("clip", sequence=self.sequence, file=str(files / "speech.wav"), start=0, length=60, track=1, kind="audio")
        self.project = self.fake("about")["project"]
        self.id = self.ask("host.selection")["items"][0]["id"]

    def ask(self, method: str, **params: Any) -> Any:
        reply = self.fake("ask", request={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert "error" not in reply, reply
        jsonschema.validate(reply["result"], {**SCHEMA["methods"][method]["result"], "$defs": SCHEMA["$defs"]})
        kind = generate.METHODS[method][1]
        if kind is not None:
            from_json(json.dumps(reply["result"]), kind)
        return reply["result"]

    def refusal(self, method: str, **params: Any) -> dict[str, Any]:
        return self.fake("ask", request={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})["error"]

    def params(self, file: str, **more: Any) -> dict[str, Any]:
        rate = RATES[self.rate]
        spot = {"project": self.project, "sequence": self.sequence, "clip": self.id, "track": 1}
        spot |= {"record_start": 100, "record_duration": 24, "rate": f"{rate.numerator}/{rate.denominator}"}
        return {"take": "take-1", "file": str(self.files / file), "name": file, "placement": spot, "handles": 5, "frames": 24, **more}

    def takes(self, file: str) -> list[tuple[int, int, int, int]]:
        """(track from 1, start, length, first frame of the file) in frames."""
        media = {item["id"] for item in self.fake("media") if item["file"] == str(self.files / file)}
        found = []
        for number, track in enumerate(self.fake("state", sequence=self.sequence)["video"], 1):
            for clip in track:
                if clip["media"] in media:
                    start, end, first = (Fraction(int(clip[name]), self.frame) for name in ("start", "end", "inPoint"))
                    assert (start.denominator, end.denominator, first.denominator) == (1, 1, 1)
                    found.append((number, int(start), int(end - start), int(first)))
        return found


@pytest.fixture
def scene(files):
    scenes: list[Scene] = []

    def make(*arguments: Any, **options: Any) -> Scene:
        scenes.append(Scene(files, *arguments, **options))
        return scenes[-1]

    yield make
    for one in scenes:
        one.fake.close()


def others(state: dict[str, Any], count: int) -> Any:
    """Everything but the tracks that were added on top."""
    return {**state, "video": state["video"][:count], "names": None}


@pytest.mark.parametrize("late", [False, True], ids=["from zero", "from one o'clock"])
@pytest.mark.parametrize("rate", RATES)
def test_a_take_lies_above_its_clip_at_the_exact_frame_and_nothing_else_changes(scene, rate, late):
    here = scene(rate, zero=late * ONE_OCLOCK[rate] * TIMEBASES[rate])
    before = here.fake("state", sequence=here.sequence)
    result = here.ask("host.place", **here.params(f"take {rate}.mov"))
    assert here.takes(f"take {rate}.mov") == [(3, 100, 24, 5)]
    assert (result["already"], result["track"], result["record_start"], result["record_duration"]) == (False, 3, 100, 24)
    assert result["not_copied"] == []
    assert result["notices"] == []
    assert others(here.fake("state", sequence=here.sequence), 2) == others(before, 2)


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
    here.fake("param", sequence=here.sequence, clip=here.clip, component="Motion", name="Position", value={"x": 0.4, "y": 0.6})
    here.fake("param", sequence=here.sequence, clip=here.clip, component="Opacity", name="Opacity", value=80)
    here.fake("param", sequence=here.sequence, clip=here.clip, component="Motion", name="Scale", moving=True)
    here.fake("effect", sequence=here.sequence, clip=here.clip, match="AE.ADBE Lumetri", name="Lumetri Color")
    result = here.ask("host.place", **here.params("take 25.mov"))
    look = here.fake("state", sequence=here.sequence)["video"][2][0]["look"]
    assert look[0]["params"][0]["value"] == 80
    assert look[1]["params"][0]["value"] == {"x": 0.4, "y": 0.6}
    assert result["not_copied"] == ["keyframes of Scale", "Lumetri Color"]
    assert "undo twice" in result["notices"][0]


def test_placing_twice_changes_nothing_and_a_moved_clip_is_followed(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    before = here.fake("whole")
    assert here.ask("host.place", **here.params("take 25.mov"))["already"]
    assert here.fake("whole") == before
    here.fake("change", sequence=here.sequence, clip=here.clip, start=str(150 * here.frame), end=str(174 * here.frame))
    result = here.ask("host.place", **here.params("take 25 v2.mov"))
    assert result["record_start"] == 150
    assert "moved" in result["notices"][0]


def test_another_version_replaces_the_shown_one_and_the_next_clip_shares_the_track(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    result = here.ask("host.switchTake", **here.params("take 25 v2.mov"))
    assert result["track"] == 3
    assert here.takes("take 25.mov") == []
    assert here.takes("take 25 v2.mov") == [(3, 100, 24, 5)]
    assert any(item["file"].endswith("take 25.mov") for item in here.fake("media")), "the old version left the bin"
    beside = here.params("take 25.mov")
    beside["placement"].update(clip=None, record_start=124)
    assert here.ask("host.place", **beside)["track"] == 3


def test_sound_that_a_take_should_not_have_never_touches_a1(scene):
    here = scene()
    before = here.fake("state", sequence=here.sequence)["audio"]
    here.ask("host.place", **here.params("loud.mov"))
    assert here.fake("state", sequence=here.sequence)["audio"][:2] == before


def test_speech_goes_to_an_audio_track_of_its_own(scene):
    here = scene()
    before = here.fake("state", sequence=here.sequence)["audio"]
    wanted = here.params("take 25.mov", speech=str(here.files / "speech.wav"), speech_start="2/5", mute="clip", disable_original=True)
    assert here.ask("host.place", **wanted)["notices"] == []
    state = here.fake("state", sequence=here.sequence)
    before[0][0]["disabled"] = True
    assert state["audio"][:2] == before
    speech = state["audio"][2][0]
    assert [int(speech[name]) // here.frame for name in ("start", "end", "inPoint")] == [100, 124, 10]
    assert state["video"][0][0]["disabled"]


def test_where_an_insert_makes_no_track_the_editor_is_asked_for_one(scene):
    """Whether Premiere really grows tracks is second-hand: without it nothing is lost and a track by our name helps."""
    here = scene(without=["tracks.grow-on-insert"])
    before = here.fake("state", sequence=here.sequence)
    assert "named “HeyGem takes”" in here.refusal("host.place", **here.params("take 25.mov"))["message"]
    assert here.fake("state", sequence=here.sequence) == before
    here.fake("addTrack", sequence=here.sequence, kind="video", name="HeyGem takes")
    assert here.ask("host.place", **here.params("take 25.mov"))["track"] == 3


def test_no_take_is_placed_into_another_project(scene):
    here = scene()
    wanted = here.params("take 25.mov")
    here.fake("project", name="Other film")
    assert here.refusal("host.place", **wanted)["data"] == {"error": "OtherProject"}
    here.fake("reopen", project=here.project)
    assert not here.ask("host.place", **wanted)["already"]


@pytest.mark.parametrize("without", [[], ["otio.native"]], ids=["premiere's own document", "our document"])
def test_the_document_carries_every_clips_id(scene, without):
    here = scene(without=without)
    here.fake("change", sequence=here.sequence, clip=here.clip, speed=2)
    result = here.ask("host.selection")
    parsed = otio.adapters.read_from_string(json.dumps(result["document"]), "otio_json")
    found = {clip.metadata["heygem"]["id"]: clip for clip in parsed.find_clips()}
    assert len(found) == 4
    assert set(item["id"] for item in result["items"]) <= set(found)
    assert bool(parsed.metadata.get("PremierePro_OTIO") is not None) == (not without)


def test_markers_are_one_step_and_set_once(scene):
    here = scene()
    wanted = {"placement": here.params("x")["placement"], "markers": [{"record_start": 103, "record_duration": 5, "name": "weak"}]}
    assert here.ask("host.markers", **wanted)["added"] == 1
    assert here.ask("host.markers", **wanted)["already"] == 1
    assert here.fake("steps") == ["Mark weak ranges"]


def test_what_this_panel_cannot_do_is_a_sentence(scene, tmp_path):
    fault = scene().refusal("host.export", items=["x"], kind="picture", folder=str(tmp_path))
    assert "other HeyGem panel" in fault["message"]


def test_the_adapter_fits_adobes_types(tmp_path):
    """Calls that Premiere's UXP does not have, or that take other arguments, are found by the compiler."""
    needs_node()
    uxp = REPOSITORY / "plugins" / "premiere_uxp"
    files = [str(uxp / name) for name in ("editor.js", "sequence.js")]
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
