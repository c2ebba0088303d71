"""The picture of Blender's side bar: a real Blender with the installed add-on on a virtual screen, connected to a running server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from heygem_plugins.installing.machine import Machine
from heygem_server.commands.install import carry_out
from heygem_server.executors.process_tree import kill_tree
from tests.plugins.blender_desk import surroundings

SCRIPT = """
import bpy, os, sys, time
clip, speech, picture = sys.argv[sys.argv.index("--") + 1 :]
began = time.monotonic()
asked = []
bpy.context.preferences.view.show_splash = bpy.context.preferences.view.show_tooltips = False

def prepare():
    for panel in list(bpy.types.Panel.__subclasses__()):  # the only tab is ours: 3.4 lets no script choose one
        about = getattr(panel, "bl_space_type", ""), getattr(panel, "bl_region_type", "")
        if about == ("SEQUENCE_EDITOR", "UI") and not panel.__name__.startswith("HEYGEM") and hasattr(bpy.types, panel.__name__):
            bpy.utils.unregister_class(panel)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end, scene.render.resolution_x, scene.render.resolution_y = 25, 110, 640, 640
    editor = scene.sequence_editor_create()
    sound = editor.sequences.new_sound("line.wav", speech, 1, 10)
    for number, (start, first, length) in enumerate(((10, 5, 40), (50, 30, 30), (80, 10, 25)), 1):
        strip = editor.sequences.new_movie(f"interview {number}", clip, 3, start - first)
        strip.frame_offset_start, strip.frame_final_duration, strip.select = first, length, True
    sound.frame_final_duration, sound.select = 95, True
    scene.frame_set(30)
    for area in window().screen.areas:
        if area.type == "SEQUENCE_EDITOR" and area.spaces.active.view_type == "SEQUENCER":
            area.spaces.active.show_region_ui = True
            area.spaces.active.timeline_overlay.show_strip_source = False
            with bpy.context.temp_override(window=window(), area=area, region=next(one for one in area.regions if one.type == "WINDOW")):
                bpy.ops.sequencer.view_all()
            return area

def window():
    return bpy.context.window_manager.windows[0]

def look():
    import heygem_blender.running as running
    panel = running.current().panel
    if panel.connected and not asked:
        asked.append(panel.render(None))
    lies = len([strip for strip in bpy.context.scene.sequence_editor.sequences if strip.channel == 4])
    if lies < 2 and time.monotonic() - began < 500:
        return 2.0
    with bpy.context.temp_override(window=window(), area=area):
        bpy.ops.screen.screenshot_area(filepath=picture)
    bpy.ops.wm.quit_blender()

def soon():
    global area
    area = prepare()
    bpy.app.timers.register(look, first_interval=3.0)

bpy.app.timers.register(soon, first_interval=1.0)
"""


def take(data_folder: Path, clip: Path, speech: Path, folder: Path) -> Path:
    """A screenshot as PNG in `folder`. `data_folder` is the running server's. Ends the program where Blender or Xvfb is missing."""
    blender, xvfb = shutil.which("blender"), shutil.which("xvfb-run")
    if blender is None or xvfb is None:
        sys.exit("Blender or Xvfb is missing: install them, for instance with apt-get install blender xvfb.")
    scripts, picture, script = folder / "scripts", folder / "blender.png", folder / "blender.py"
    machine = Machine(data_folder=data_folder, command=(), home=folder, environment={"BLENDER_USER_SCRIPTS": str(scripts)})
    carry_out("blender", machine)
    script.write_text(SCRIPT, encoding="utf-8")
    environment = surroundings(folder, BLENDER_USER_SCRIPTS=scripts, LIBGL_ALWAYS_SOFTWARE=1)
    screen = [xvfb, "-a", "-s", "-screen 0 1280x1000x24"]
    program = [blender, "--factory-startup", "--app-template", "Video_Editing", "-noaudio", "--window-geometry", "0", "0", "1280", "1000"]
    asked = ["--addons", "heygem_bridge", "--python", str(script), "--", str(clip), str(speech), str(picture)]
    process = subprocess.Popen([*screen, *program, *asked], env=environment, stdout=subprocess.DEVNULL)
    try:
        code = process.wait(600)
    finally:
        if process.poll() is None:
            kill_tree(process.pid)  # Xvfb and Blender too: a script that failed leaves Blender open
    return picture if code == 0 else sys.exit(f"Blender ended with {code}, without a picture.")
