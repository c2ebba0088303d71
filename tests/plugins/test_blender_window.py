"""Blender with a window, on a virtual screen: its timers call the panel, the side bar is drawn, and what a timer placed can be undone."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from heygem_plugins.installing.machine import Machine
from heygem_server.commands.install import carry_out
from tests.plugins.blender_desk import Blender, needs_blender, surroundings
from tests.plugins.small_server import SmallServer
from tests.plugins.test_blender_placing import shades

SCRIPT = """
import bpy, json, time, traceback
said = {"drawn": [], "problems": []}
began = time.monotonic()

def tell():
    print("@@" + json.dumps(said), flush=True)
    bpy.ops.wm.quit_blender()

def drawing(panel):
    def draw(self, context):
        try:
            panel.draw(self, context)
            said["drawn"].append(panel.bl_idname)
        except Exception:
            said["problems"].append(traceback.format_exc())
    return draw

def show():
    # Only the tab in front is drawn, and 3.4 lets no script choose it: the panel is put into every tab.
    for number, category in enumerate(("HeyGem", "Strip", "Tool", "View")):
        for name in ("HEYGEM_PT_bridge", "HEYGEM_PT_versions"):
            panel = getattr(bpy.types, name)
            made = {"bl_label": name, "bl_space_type": "SEQUENCE_EDITOR", "bl_region_type": "UI", "bl_category": category,
                    "draw": drawing(panel)}
            made |= {one: getattr(panel, one) for one in ("_draw_choices", "_draw_jobs") if hasattr(panel, one)}
            bpy.utils.register_class(type(f"TEST_PT_{number}_{name[10:]}", (bpy.types.Panel,), made))
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            area.type = "SEQUENCE_EDITOR"
            area.spaces.active.show_region_ui = True

def placed():
    return sorted(strip.name for strip in bpy.context.scene.sequence_editor.sequences_all)

def look():
    try:
        return step()
    except Exception:
        said["problems"].append(traceback.format_exc())
        tell()

def step():
    import heygem_blender.running as running
    panel = running.current().panel
    said.update(connected=panel.connected, said=panel.said, versions=len(panel.versions))
    patient = time.monotonic() - began < 120
    if patient and not (len(placed()) == 2 and said["drawn"].count("HEYGEM_PT_bridge") > 3 and panel.versions):
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                area.tag_redraw()
        return 0.2
    said["placed"] = placed()
    wishes = bpy.context.window_manager.heygem
    wishes.mute, wishes.disable_original = "clip", True
    said["chosen"] = [panel.chosen.mute, panel.chosen.disable_original, wishes.mute, wishes.disable_original]
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, area=window.screen.areas[0]):
        bpy.ops.ed.undo()
    said["undone"] = placed()
    tell()

show()
bpy.app.timers.register(look, first_interval=0.5)
"""


@pytest.mark.full
def test_timers_and_the_side_bar_work_in_a_window(tmp_path: Path) -> None:
    program, xvfb = needs_blender(), shutil.which("xvfb-run")
    if xvfb is None:
        pytest.skip("Xvfb is missing: apt-get install xvfb")
    data = tmp_path / "data"
    data.mkdir()
    here = Machine(data_folder=data, command=(), home=tmp_path / "home", environment={"BLENDER_USER_SCRIPTS": str(tmp_path / "scripts")})
    assert carry_out("blender", here) == 0
    clip, take = (shades(tmp_path / name, Fraction(25), list(range(30))) for name in ("clip.mov", "take.mov"))
    without_window = Blender(tmp_path / "blender")
    try:
        project = without_window.new_scene(25, 1.0, [64, 48], [1, 60])
        without_window.movie("clip", str(clip), 2, 10, 0, 20)
        without_window.save(str(tmp_path / "film.blend"))
    finally:
        without_window.close()
    server = SmallServer(data)
    spot = {"project": project, "sequence": "Scene", "clip": "clip", "track": 2, "record_start": 10, "record_duration": 20, "rate": "25/1"}
    server.takes = [{"id": "t1", "shot": "s1", "version": 1, "created": 1, "name": "take", "path": str(take), "placed": [], "weak": []}]
    server.placings = {"t1": {"take": "t1", "file": str(take), "name": "take", "placement": spot, "frames": 20}}
    server.open()
    try:
        (tmp_path / "look.py").write_text(SCRIPT, encoding="utf-8")
        environment = surroundings(here.home, BLENDER_USER_SCRIPTS=tmp_path / "scripts", LIBGL_ALWAYS_SOFTWARE=1)
        command = [xvfb, "-a", "-s", "-screen 0 800x600x24", program, "--factory-startup", "-noaudio", "--addons", "heygem_bridge",
                   str(tmp_path / "film.blend"), "--python", str(tmp_path / "look.py")]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment, cwd=tmp_path)
    finally:
        server.end()
    lines = [line for line in ran.stdout.splitlines() if line.startswith("@@")]
    assert lines, ran.stdout + ran.stderr
    said = json.loads(lines[0][2:])
    assert said["problems"] == []
    assert said["connected"] is True
    assert said["placed"] == ["clip", "take"], said
    assert said["undone"] == ["clip"]
    assert said["chosen"] == ["clip", True, "clip", True]
    assert json.loads((data / "panel-blender.json").read_text(encoding="utf-8"))["mute"] == "clip"
    assert "HEYGEM_PT_versions" in said["drawn"]
    assert server.asked == ["placed t1"]
