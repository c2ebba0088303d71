"""What Blender's versions call differently, and what the add-on shares with the other panels. No Blender is needed."""

from __future__ import annotations

import ast
import json
import sys
from fractions import Fraction
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from heygem_core.shot import to_json
from heygem_host.choices import Choices
from heygem_host.weak_markers import of_take
from heygem_server.hosts.editors import EDITORS
from heygem_server.hosts.methods import METHODS
from tests.plugins.blender_played import module, played
from tests.plugins.conftest import PLUGINS
from tests.plugins.node import needs_node, run_node

PACKAGE = PLUGINS / "blender" / "heygem_blender"
ADDON = PLUGINS / "blender" / "heygem_bridge" / "__init__.py"


def strip(channel: int, start: int, name: str = "a") -> Any:
    return Thing(channel=channel, frame_final_start=start, name=name)


def windows(*each: Any) -> Any:
    return Thing(windows=list(each))


def window(**more: Any) -> Any:
    return Thing(**{"workspace": Thing(), "scene": "the window's", **more})


@pytest.mark.parametrize("word", ["sequences", "strips"])
def test_strips_are_found_under_the_name_that_this_version_has(word):
    lower, upper = strip(1, 9), strip(2, 0)
    scene = Thing(sequence_editor=Thing(**{word: [upper, lower], f"{word}_all": []}))
    with played(window_manager=windows()):
        names = module("names")
        assert names.strips_of(scene) == [lower, upper]
        assert names.animated_path(scene, 'a "b"') == f'sequence_editor.{word}_all["a \\"b\\""]'
        assert names.strips_of(Thing(sequence_editor=None)) == []


def test_the_scene_is_the_sequencers_own_where_a_workspace_names_one():
    with played(window_manager=windows(window(), window(workspace=Thing(sequencer_scene="the sequencer's")))):
        assert module("names").scene_of_sequencer() == "the sequencer's"
    with played(window_manager=windows(window())):
        assert module("names").scene_of_sequencer() == "the window's"
    with played(window_manager=windows(), scene="the context's"):
        assert module("names").scene_of_sequencer() == "the context's"


def test_curves_lie_in_the_action_or_in_a_bag_of_its_layers():
    flat = Thing(animation_data=Thing(action=Thing(fcurves=["curve"])))
    bag = Thing(fcurves=["layered curve"])
    layered = Thing(layers=[Thing(strips=[Thing(channelbag=lambda slot: bag if slot == "mine" else None)])])
    with played(window_manager=windows()):
        names = module("names")
        assert names.curves(flat) == ["curve"]
        assert names.curves(Thing(animation_data=Thing(action=layered, action_slot="mine"))) == ["layered curve"]
        assert names.curves(Thing(animation_data=Thing(action=layered, action_slot="other"))) == []
        assert names.curves(Thing(animation_data=None)) == []


def test_nothing_is_changed_while_blender_renders_or_a_strip_is_dragged():
    with played(window_manager=windows(window(modal_operators=["TRANSFORM_OT_seq_slide"]))):
        assert module("names").busy() is True
    with played(window_manager=windows(window(modal_operators=[]), window())) as bpy:
        assert module("names").busy() is False
        bpy.app.is_job_running = lambda kind: kind == "RENDER"
        assert module("names").busy() is True


@pytest.mark.parametrize(("fps", "base", "rate"), [(24, 1.0010000467300415, Fraction(24000, 1001)), (25, 1.0, Fraction(25)),
                                                   (30, 1.0010000467300415, Fraction(30000, 1001)), (60, 1.001, Fraction(60000, 1001)),
                                                   (24, 1.0, Fraction(24)), (12, 1.0, Fraction(12))])  # fmt: skip
def test_rates_are_exact_although_blender_keeps_them_as_floats(fps, base, rate):
    with played(window_manager=windows()):
        assert module("names").rate_of(Thing(render=Thing(fps=fps, fps_base=base))) == rate


def test_the_add_on_answers_each_method_and_submits_what_its_timelines_want():
    with played(window_manager=windows()):
        assert sorted(module("calls").DISPATCHER.calls) == sorted(METHODS)
        assert EDITORS.get("blender").settings == module("panel.submission").SETTINGS
    assert json.loads(to_json(EDITORS.get("blender").laying)) == Choices().laying()


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_every_module_reads_as_python_3_9_and_imports_only_what_blender_and_the_add_on_bring(path):
    allowed = set(sys.stdlib_module_names) | {"__future__", "bpy", "heygem_host", "websockets"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))):
        found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found = [node.module or ""]
        assert {name.split(".")[0] for name in found} <= allowed


def test_an_old_blender_can_read_the_add_on_and_is_told_what_is_missing(monkeypatch):
    text = ADDON.read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 4))
    held: dict[str, Any] = {"__file__": str(ADDON)}
    exec(compile(text, str(ADDON), "exec"), held)
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(RuntimeError, match=r"this Blender has 3\.10: use Blender 4\.1"):
        held["register"]()


WEAK = ((0, 2, "in the handles"), (1, 7, "turned away"), (9, 10, "one"), (40, 99, "beyond"))
TAKE = {
    "name": "t_v1.mov",
    "rate": "30000/1001",
    "weak": [{"start": start, "end_exclusive": end, "reason": reason, "score": 0.1} for start, end, reason in WEAK],
}


@pytest.mark.parametrize("rate", ["30000/1001", "25/1", "60000/1001"])
def test_weak_frames_become_the_markers_that_the_page_sets(rate):
    needs_node()
    spot = {"record_start": 100, "record_duration": 30, "rate": rate, "handles": 2}
    code = """
const {markersOf} = await import(process.argv[1]);
console.log(JSON.stringify(markersOf(JSON.parse(process.argv[2]), JSON.parse(process.argv[3]))));
"""
    page = (PLUGINS.parent / "server" / "web" / "views" / "place.js").as_uri()
    ran = run_node("--input-type=module", "-e", code, page, json.dumps(TAKE), json.dumps(spot))
    assert ran.returncode == 0, ran.stderr
    assert of_take(TAKE, spot) == json.loads(ran.stdout)
    assert len(json.loads(ran.stdout)) >= 2
