"""The script inside Premiere: the real files in an engine of ECMAScript 3, bridge and core in Node, a Premiere that obeys the ledger."""

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
from tests.plugins.fakes import ledger
from tests.plugins.media import in_ticks, make_clip, make_speech
from tests.plugins.node import HERE, MODULES, REPOSITORY, NodeProcess, needs_node, run_node

SCHEMA = json.loads(generate.SCHEMA_FILE.read_text(encoding="utf-8"))
TIMEBASES = {"23.976": 10594584000, "25": 10160640000, "29.97": 8475667200, "59.94": 4237833600}
ONE_OCLOCK = {"23.976": 86400, "25": 90000, "29.97": 107892, "59.94": 215784}  # frames before the one that carries 01:00:00:00
RATES = {"23.976": Fraction(24000, 1001), "25": Fraction(25), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}
NASTY = "Te\"rr\\or\n\u2028\u2029</script><script>alert(1)</script>'; app.quit(); // \U0001f600 ${x}"


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    needs_node()
    folder = tmp_path_factory.mktemp("films")
    for name, rate in RATES.items():
        make_clip(folder / f"clip {name}.mov", rate=rate, frames=60, timecode="10:00:00:00", sound=True)
        make_clip(folder / f"take {name}.mov", rate=rate, frames=34, timecode="10:00:00:00")
    shutil.copy(folder / "take 25.mov", folder / "take 25 v2.mov")
    make_clip(folder / "loud.mov", rate=Fraction(25), frames=34, sound=True)
    make_speech(folder / "speech.wav", 3)
    return folder


@lru_cache
def known(file: str) -> dict[str, Any]:
    return in_ticks(file)


class Scene:
    """A clip of 24 frames at frame 100 of the sequence with its sound on A1, a stranger on V2, music on A2."""

    def __init__(self, files: Path, rate: str = "25", *, zero: int = 0, **options: Any) -> None:
        self.files, self.rate, self.frame = files, rate, TIMEBASES[rate]
        self.fake = NodeProcess(HERE / "fakes" / "premiere_process.js", options)
        for file in files.iterdir():
            self.fake("known", file=str(file), facts=known(str(file)))
        self.sequence = self.new_sequence(zero)
        clip = str(files / f"clip {rate}.mov")
        self.clip = self.fake("clip", sequence=self.sequence, file=clip, start=100, length=24, offset=7, sound=0, selected=True)["id"]
        self.fake("clip", sequence=self.sequence, file=clip, start=300, length=20, track=1)
        self.fake("clip", sequence=self.sequence, file=str(files / "speech.wav"), start=0, length=60, track=1, kind="Audio")
        self.project = self.fake("about")["project"]

    def new_sequence(self, zero: int = 0) -> str:
        display = 102 if self.rate in ("29.97", "59.94") else 101
        return self.fake("sequence", timebase=str(self.frame), zeroPoint=str(zero), displayFormat=display)

    def picture(self, *without: str) -> Any:
        return self.fake("picture", sequence=self.sequence, without=list(without))

    def params(self, file: str, **more: Any) -> dict[str, Any]:
        rate = RATES[self.rate]
        spot = {"project": self.project, "sequence": self.sequence, "clip": self.clip, "track": 1}
        spot |= {"record_start": 100, "record_duration": 24, "rate": f"{rate.numerator}/{rate.denominator}"}
        return {"take": "take-1", "file": str(self.files / file), "name": file, "placement": spot, "handles": 5, "frames": 24, **more}

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

    def takes(self, file: str) -> list[tuple[int, int, int, int]]:
        """(track, start, length, first frame of the file) in frames, tracks from 1."""
        found = []
        for track in self.picture()["video"]:
            number = self.fake("tracks", sequence=self.sequence, kind="video").index(track["name"]) + 1
            for item in track["items"]:
                if item["media"] == str(self.files / file):
                    start, end, first = (Fraction(int(item[name]), self.frame) for name in ("start", "end", "inPoint"))
                    assert (start.denominator, end.denominator, first.denominator) == (1, 1, 1), "not on a frame"
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


@pytest.mark.parametrize("late", [False, True], ids=["from zero", "from one o'clock"])
@pytest.mark.parametrize("rate", RATES)
def test_a_take_lies_above_its_clip_at_the_exact_frame_and_nothing_else_changes(scene, rate, late):
    here = scene(rate, zero=late * ONE_OCLOCK[rate] * TIMEBASES[rate])
    before = here.picture()
    result = here.ask("host.place", **here.params(f"take {rate}.mov"))
    assert here.takes(f"take {rate}.mov") == [(3, 100, 24, 5)]
    assert {name: result[name] for name in ("already", "track", "record_start", "record_duration")} == {
        "already": False, "track": 3, "record_start": 100, "record_duration": 24}  # fmt: skip
    assert result["not_copied"] == []
    assert result["notices"] == []
    assert here.picture(str(here.files / f"take {rate}.mov")) == before, "a clip, the selection, in and out or the playhead changed"


def test_in_and_out_and_playhead_stay_as_they_were_set_or_unset(scene):
    here = scene()
    here.fake("sequenceState", sequence=here.sequence, inPoint=2.5, playhead="50803200000")
    here.ask("host.place", **here.params("take 25.mov"))
    seen = here.picture()
    assert (seen["inPoint"], seen["outPoint"], seen["playhead"]) == (2.5, -400000, "50803200000")


def test_a_take_with_sound_is_refused_before_it_destroys_a1(scene):
    here = scene()
    before = here.picture()
    assert here.refusal("host.place", **here.params("loud.mov"))["data"] == {"error": "HasSound"}
    assert here.picture() == before


def test_the_fake_bites_whoever_places_a_file_with_sound(scene):
    here = scene()
    before = here.picture()["audio"]
    here.fake("naive", sequence=here.sequence, file=str(here.files / "loud.mov"), track=1, start=str(100 * here.frame))
    assert here.picture()["audio"] != before


def test_a_take_looks_like_the_clip_it_covers_and_what_cannot_be_copied_is_said(scene):
    here = scene()
    here.fake("property", item=here.clip, component="Motion", name="Position", value=[0.4, 0.6])
    here.fake("property", item=here.clip, component="Motion", name="Scale", value=120)
    here.fake("property", item=here.clip, component="Opacity", name="Opacity", value=80)
    here.fake("property", item=here.clip, component="Motion", name="Rotation", moving=True)
    here.fake("effect", item=here.clip, matchName="AE.ADBE Lumetri", displayName="Lumetri Color")
    described = here.ask("host.selection")["items"][0]
    assert described["cannot_copy"] == ["keyframes of Rotation", "Lumetri Color"]
    result = here.ask("host.place", **here.params("take 25.mov"))
    assert result["not_copied"] == ["keyframes of Rotation", "Lumetri Color"]
    looks = here.picture()["video"][2]["items"][0]["looks"]
    assert looks == [["Opacity", [80, 0]], ["Motion", [[0.4, 0.6], 120, 0]]]


def test_a_take_made_from_an_export_is_not_moved_twice(scene):
    here = scene()
    here.fake("property", item=here.clip, component="Motion", name="Scale", value=120)
    here.ask("host.place", **here.params("take 25.mov", baked=True))
    assert here.picture()["video"][2]["items"][0]["looks"][1] == ["Motion", [[0.5, 0.5], 100, 0]]


def test_placing_the_same_take_twice_changes_nothing_even_if_it_was_moved(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    before = here.picture()
    assert here.ask("host.place", **here.params("take 25.mov"))["already"]
    assert here.picture() == before
    moved = before["video"][2]["items"][0]["id"]
    here.fake("change", item=moved, start=str(500 * here.frame), end=str(524 * here.frame))
    assert here.ask("host.place", **here.params("take 25.mov"))["record_start"] == 500
    assert len(here.takes("take 25.mov")) == 1


def test_a_second_version_gets_a_track_of_its_own_and_another_clip_shares_the_first(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.ask("host.place", **here.params("take 25 v2.mov"))["track"] == 4
    shutil.copy(here.files / "take 25.mov", here.files / "take 25 beside.mov")
    beside = here.params("take 25 beside.mov")
    beside["placement"].update(clip=None, record_start=124)
    assert here.ask("host.place", **beside)["track"] == 3


def test_another_version_replaces_the_shown_one_exactly_and_the_old_one_stays_in_the_bin(scene):
    here = scene()
    before = here.picture()
    here.ask("host.place", **here.params("take 25.mov"))
    wanted = here.params("take 25 v2.mov")
    result = here.ask("host.switchTake", **wanted)
    assert (result["already"], result["track"]) == (False, 3)
    assert here.takes("take 25.mov") == []
    assert here.takes("take 25 v2.mov") == [(3, 100, 24, 5)]
    assert here.ask("host.switchTake", **wanted)["already"]
    here.ask("host.switchTake", **here.params("take 25.mov"))
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]
    assert here.picture(str(here.files / "take 25.mov")) == before


def test_no_take_is_placed_into_another_project(scene):
    here = scene()
    wanted = here.params("take 25.mov")
    here.fake("project", name="Other film")
    fault = here.refusal("host.place", **wanted)
    assert fault["data"] == {"error": "OtherProject"}
    assert "Other film" in fault["message"]
    here.fake("reopen", project=here.project)
    assert not here.ask("host.place", **wanted)["already"]


def test_a_take_goes_to_its_own_sequence_though_another_one_is_open(scene):
    here = scene()
    other = here.new_sequence()
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.fake("about")["sequence"] == other
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]
    assert here.fake("picture", sequence=other)["video"] == []


def test_a_take_follows_a_clip_that_was_moved_and_says_when_it_is_gone(scene):
    here = scene()
    here.fake("change", item=here.clip, start=str(150 * here.frame), end=str(174 * here.frame))
    result = here.ask("host.place", **here.params("take 25.mov"))
    assert result["record_start"] == 150
    assert "moved" in result["notices"][0]
    here.fake("remove", item=here.clip)
    assert "no longer" in here.ask("host.place", **here.params("take 25 v2.mov"))["notices"][0]


def test_speech_goes_to_an_audio_track_of_its_own_and_the_old_dialogue_falls_silent(scene):
    here = scene()
    before = here.picture()["audio"]
    wanted = here.params("take 25.mov", speech=str(here.files / "speech.wav"), speech_start="2/5", mute="clip", disable_original=True)
    assert here.ask("host.place", **wanted)["notices"] == []
    after = here.picture()["audio"]
    before[0]["items"][0]["disabled"] = True
    assert after[:2] == before
    speech = after[2]["items"][0]
    assert after[2]["name"] == "HeyGem speech"
    assert [int(speech[name]) // here.frame for name in ("start", "end", "inPoint")] == [100, 124, 10]
    assert here.picture()["video"][0]["items"][0]["disabled"]


def test_muting_a_track_is_said(scene):
    here = scene()
    assert here.ask("host.place", **here.params("take 25.mov", mute="track"))["notices"] == ["Muted the whole track A1."]
    assert here.picture()["audio"][0]["muted"]


def test_without_qe_the_editor_is_asked_to_add_a_track(scene):
    here = scene()
    here.fake("breakQE")
    fault = here.refusal("host.place", **here.params("take 25.mov"))
    assert "add one on top" in fault["message"]
    assert here.takes("take 25.mov") == []


def test_premieres_clips_hold_no_takes_and_it_says_so(scene):
    here = scene()
    assert here.refusal("host.place", **here.params("take 25.mov", mode="take"))["data"] == {"error": "NoTakes"}


def test_the_selection_is_deduplicated_and_brings_the_speech_under_it(scene):
    here = scene("29.97", zero=ONE_OCLOCK["29.97"] * TIMEBASES["29.97"])
    speech = here.fake("clip", sequence=here.sequence, file=str(here.files / "speech.wav"), start=90, length=60, track=2, kind="Audio")[
        "id"
    ]
    here.fake("track", sequence=here.sequence, kind="audio", index=1, muted=True)
    result = here.ask("host.selection")
    assert [(item["id"], item["kind"]) for item in result["items"]] == [(here.clip, "picture"), (speech, "sound")]
    assert result["items"][0]["placement"] == here.params("x")["placement"]
    assert result["sequence"] == {"id": here.sequence, "name": "Scene", "rate": "30000/1001", "start_frame": 107892, "drop_frame": True}


def test_a_take_that_was_caught_by_the_selection_is_not_rendered_again(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    take = here.picture()["video"][2]["items"][0]["id"]
    here.fake("change", item=take, selected=True)
    assert [item["id"] for item in here.ask("host.selection")["items"]] == [here.clip]


def test_the_document_is_opentimelineio_with_the_clips_ids_links_and_retimes(scene):
    here = scene()
    here.fake("change", item=here.clip, speed=2, reversed=1)
    document = here.ask("host.selection")["document"]
    parsed = otio.adapters.read_from_string(json.dumps(document), "otio_json")
    [clip, sound] = [one for one in parsed.find_clips() if one.metadata["heygem"].get("link")]
    assert clip.metadata["heygem"]["id"] == here.clip
    assert clip.metadata["heygem"]["link"] == sound.metadata["heygem"]["link"]
    assert clip.media_reference.target_url == str(here.files / "clip 25.mov")
    assert (clip.source_range.start_time.value, clip.source_range.duration.value) == (7, 24)
    assert clip.trimmed_range_in_parent().start_time.value == 100
    assert clip.effects[0].time_scalar == -2


def test_titles_and_nests_are_said_to_be_premieres_own(scene):
    here = scene()
    title = here.fake("clip", sequence=here.sequence, start=10, length=20, track=2, name="Terror error", selected=True)["id"]
    found = {item["id"]: item for item in here.ask("host.selection")["items"]}
    assert found[title]["path"] is None
    assert "only Premiere" in found[title]["needs_host_export"]
    assert found[title]["name"] == "Terror error"


def test_names_full_of_quotes_newlines_and_script_travel_unharmed_both_ways(scene):
    here = scene()
    here.fake("change", item=here.clip, name=NASTY)
    assert here.ask("host.selection")["items"][0]["name"] == NASTY
    markers = [{"record_start": 100, "record_duration": 5, "name": NASTY, "comment": NASTY}]
    assert here.ask("host.markers", placement=here.params("x")["placement"], markers=markers)["added"] == 1
    shutil.copy(here.files / "take 25.mov", here.files / "take 'q\" ${1} \u2028 #%20.mov")
    here.ask("host.place", **here.params("take 'q\" ${1} \u2028 #%20.mov"))
    assert here.takes("take 'q\" ${1} \u2028 #%20.mov") == [(3, 100, 24, 5)]


def test_markers_are_set_once(scene):
    here = scene("23.976")
    wanted = {"placement": here.params("x")["placement"], "markers": [{"record_start": 103, "record_duration": 5, "name": "weak"}]}
    assert here.ask("host.markers", **wanted) == {"added": 1, "already": 0, "notices": []}
    assert here.ask("host.markers", **wanted) == {"added": 0, "already": 1, "notices": []}


def test_a_place_is_brought_into_view(scene):
    here = scene()
    here.ask("host.reveal", placement=here.params("x")["placement"])
    assert here.picture()["playhead"] == str(100 * here.frame)


def test_an_export_leaves_marks_and_mutes_as_they_were(scene, tmp_path):
    preset = tmp_path / "Apple ProRes 422 HQ.epr"
    preset.write_text("<PremiereData/>", encoding="utf-8")
    here = scene(preset=str(preset))
    before = here.picture()
    result = here.ask("host.export", items=[here.clip, "gone"], kind="picture", folder=str(tmp_path), handles=2)
    assert here.picture() == before
    assert Path(result["exported"][0]["path"]).is_file()
    assert "no longer" in result["exported"][1]["problem"]
    [made] = here.fake("exports")
    assert (round(made["inPoint"] * 25, 6), round(made["outPoint"] * 25, 6)) == (98, 126)
    assert made["heard"] == [True, False]


def test_an_export_without_premieres_presets_says_what_is_missing(scene, tmp_path):
    fault = scene().refusal("host.export", items=["x"], kind="sound", folder=str(tmp_path))
    assert "WAV" in fault["message"]


def test_parameters_are_checked_before_anything_reaches_premiere(scene):
    here = scene()
    wanted = here.params("take 25.mov", evil=1)
    wanted["placement"]["rate"] = "fast"
    fault = here.refusal("host.place", **wanted)
    assert fault["code"] == -32602
    assert "evil is unknown" in fault["message"]


def test_the_script_answers_nothing_but_its_table(scene):
    here = scene()
    here.ask("host.selection")
    assert json.loads(here.fake("eval", text='$.heygem.call("constructor", null)'))["error"] == "UnknownCall"
    assert here.fake("eval", text="throw 1") == "EvalScript error."


def test_the_engine_of_the_fake_has_neither_json_nor_anything_newer_than_es3(scene):
    here = scene()
    assert here.fake("eval", text="typeof JSON") == "undefined"
    assert here.fake("eval", text="[1].indexOf(1)") == "EvalScript error."
    assert here.fake("eval", text="let x = 1") == "EvalScript error."
    assert here.fake("eval", text="var x = {default: 1}") == "EvalScript error."


@pytest.mark.parametrize("name", ["engine.no-json", "selection.is-a-collection", "import.returns-nothing", "export.result-varies"])
def test_the_panel_works_as_well_where_an_entry_of_the_ledger_does_not_hold(scene, name):
    assert name in ledger.PREMIERE
    here = scene(without=[name])
    assert here.ask("host.selection")["items"][0]["id"] == here.clip
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]


def test_the_shared_cores_hmac_is_nodes():
    code = """
const { hmac } = require('./plugins/shared/sha256.js');
const crypto = require('crypto');
for (const [key, text] of [['', ''], ['k', 'ü€😀'], ['x'.repeat(200), 'y'.repeat(1000)], ['a.b-c_d', 'heygem-server:' + 'f'.repeat(64)]]) {
  const wanted = crypto.createHmac('sha256', key).update(text).digest('hex');
  if (hmac(key, text) !== wanted) throw new Error(key);
}"""
    ran = run_node("-e", code)
    assert ran.returncode == 0, ran.stderr


def test_the_host_files_are_ecmascript_3_and_fit_adobes_types(tmp_path):
    """ES3 by a parser; the calls by types-for-adobe, as far as those types know Premiere (what they lack is declared here)."""
    needs_node()
    jsx = REPOSITORY / "plugins" / "premiere_cep" / "jsx"
    order = json.loads((jsx / "order.json").read_text(encoding="utf-8"))
    assert {path.stem for path in jsx.glob("*.jsx")} == set(order)
    for name in order:
        text = (jsx / f"{name}.jsx").read_text(encoding="utf-8")
        assert text.isascii(), f"{name}.jsx: the engine reads files in the system's own encoding"
        (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
    missing = """
type Extract<T, U> = T extends U ? T : never;
interface Error { heygem: string }
interface $ { heygem: any; evalFile(path: string): any }
declare var qe: any;
interface ProjectItem { isOffline(): boolean; getFootageInterpretation(): any }
"""
    (tmp_path / "missing.d.ts").write_text(missing, encoding="utf-8")
    config = {
        "compilerOptions": {"allowJs": True, "checkJs": True, "noEmit": True, "noLib": True, "target": "ES5",
                            "types": [], "skipLibCheck": True, "strict": False, "moduleDetection": "legacy"},
        "files": [str(MODULES / "types-for-adobe" / "Premiere" / "24.0" / "index.d.ts"), "missing.d.ts", *(f"{name}.js" for name in order)],
    }  # fmt: skip
    (tmp_path / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
    ran = run_node(str(MODULES / "typescript" / "bin" / "tsc"), "-p", str(tmp_path / "tsconfig.json"))
    assert ran.returncode == 0, ran.stdout
