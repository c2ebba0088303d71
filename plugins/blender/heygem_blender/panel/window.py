"""The panel in the sequencer's side bar. It shows what `Panel` knows and calls it; the page in the browser has everything else.

Annotations are evaluated here at once: Blender makes its properties of them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import bpy

from heygem_host import choices
from heygem_host.messages import tell

from .. import names
from ..timeline import strips

_SHOWN_JOBS, _SHOWN_VERSIONS = 6, 12
_LETTER_PX = 7.5  # about, at a scale of 1
_OFFERED = {"mode": [each for each in choices.MODES if each[0] != "take"], "mute": choices.MUTES}  # Blender's strips hold no takes
_shown: dict[str, list[tuple[str, str, str]]] = {
    name: [(key, tell(code)["message"], "") for key, code in each] for name, each in _OFFERED.items()
}
_lives: list[Callable[[], Any]] = []


def _running() -> Any:
    """The add-on's life; None where there is none."""
    return _lives[-1]() if _lives else None


def _words(code: str, **params: Any) -> str:
    return str(_running().panel.words(tell(code, **params)))


class HeyGemWishes(bpy.types.PropertyGroup):
    """What is chosen in the side bar. It belongs to this Blender, not to a file."""

    speech_file: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Speech",
        description="A file with the new speech; empty = the sound strips that are selected or lie below",
        subtype="FILE_PATH",
    )
    face: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Face", description="Which face speaks, counted from 1; 0 = the most prominent one", default=0, min=0, max=99
    )
    mode: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Takes",
        items=lambda self, context: _offered("mode"),
        get=lambda self: _number("mode"),
        set=lambda self, number: _choose(mode=_OFFERED["mode"][number][0]),
    )
    mute: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Old dialogue",
        items=lambda self, context: _offered("mute"),
        get=lambda self: _number("mute"),
        set=lambda self, number: _choose(mute=_OFFERED["mute"][number][0]),
    )
    disable_original: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name=tell("panel.window-disable")["message"],
        get=lambda self: _chosen().disable_original,
        set=lambda self, value: _choose(disable_original=bool(value)),
    )


def _offered(name: str) -> list[tuple[str, str, str]]:
    """Blender keeps no copy of these texts, so they must live on."""
    shown = _shown[name] if _running() is None else [(key, _words(code), "") for key, code in _OFFERED[name]]
    if shown != _shown[name]:
        _shown[name][:] = shown
    return _shown[name]


def _number(name: str) -> int:
    """Of what is chosen among what is offered; the first where that is not offered here."""
    keys = [key for key, _ in _OFFERED[name]]
    chosen = getattr(_chosen(), name)
    return keys.index(chosen) if chosen in keys else 0


def _chosen() -> choices.Choices:
    """What the panel knows, so that there is one truth; it remembers it between starts."""
    running = _running()
    known: choices.Choices = choices.Choices() if running is None else running.panel.chosen
    return known


def _choose(**changed: Any) -> None:
    running = _running()
    if running is not None:
        running.panel.choose(replace(_chosen(), **changed))


class _Button(bpy.types.Operator):
    """Something that the panel does; enabled while there is one."""

    bl_options: ClassVar = {"INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        running = _running()
        return running is not None and running.connected

    def execute(self, context: Any) -> set[str]:
        self.act(_running(), context)
        redraw()
        return {"FINISHED"}

    def act(self, running: Any, context: Any) -> None:
        raise NotImplementedError


class HEYGEM_OT_render(_Button):
    """Render new takes of the selected strips"""

    bl_idname, bl_label = "heygem.render", "Render the selected strips"

    def act(self, running: Any, context: Any) -> None:
        wishes = context.window_manager.heygem
        running.side.face = wishes.face or None
        running.panel.render(bpy.path.abspath(wishes.speech_file) if wishes.speech_file else None)


class HEYGEM_OT_export(_Button):
    """Let Blender render what only it can draw, then render the takes"""

    bl_idname, bl_label = "heygem.export", "Export and render"

    def act(self, running: Any, context: Any) -> None:
        running.panel.export()


class HEYGEM_OT_cancel(_Button):
    """Call off the newest job"""

    bl_idname, bl_label = "heygem.cancel", "Cancel"

    def act(self, running: Any, context: Any) -> None:
        running.panel.cancel()


class HEYGEM_OT_page(_Button):
    """Open the page in the browser: all settings, progress and versions"""

    bl_idname, bl_label = "heygem.page", "Open the page"

    def act(self, running: Any, context: Any) -> None:
        running.panel.link.outbox.put(("page",))


class _OfTake(_Button):
    """Something that is done with one take."""

    take: bpy.props.StringProperty()  # type: ignore[valid-type]
    errand = ""

    def act(self, running: Any, context: Any) -> None:
        found = next((take for take in running.panel.versions if take["id"] == self.take), None)
        if found is not None:
            running.panel.link.outbox.put((self.errand, found))


class HEYGEM_OT_bring(_OfTake):
    """Place this version, or show it in place of the one that lies there"""

    bl_idname, bl_label, errand = "heygem.bring", "Place", "bring"


class HEYGEM_OT_mark(_OfTake):
    """Set markers on the frames of this version that deserve a look"""

    bl_idname, bl_label, errand = "heygem.mark", "Mark weak frames", "mark"


class HEYGEM_PT_bridge(bpy.types.Panel):
    bl_idname, bl_label = "HEYGEM_PT_bridge", "HeyGem Bridge"
    bl_space_type, bl_region_type, bl_category = "SEQUENCE_EDITOR", "UI", "HeyGem"

    def draw(self, context: Any) -> None:
        running, column = _running(), self.layout.column()
        if running is None:
            column.label(text="Install it again: heygem install blender", icon="ERROR")
            return
        running.may_start_server()
        panel, wishes = running.panel, context.window_manager.heygem
        letters = _letters(context)
        _text(column, panel.state, letters, "LINKED" if panel.connected else "UNLINKED")
        self._draw_choices(column, panel, wishes)
        self._draw_jobs(column, panel)
        if panel.said:
            _text(column.box().column(align=True), panel.said, letters)
        column.operator("heygem.page", text=_words("panel.window-page"), icon="URL")

    def _draw_choices(self, column: Any, panel: Any, wishes: Any) -> None:
        column.separator()
        column.prop(wishes, "speech_file", text=_words("panel.blender-speech"))
        column.prop(wishes, "face", text=_words("panel.blender-face"))
        column.prop(wishes, "mode", text=_words("panel.blender-takes"))
        column.prop(wishes, "mute", text=_words("panel.blender-old-dialogue"))
        column.prop(wishes, "disable_original", text=_words("panel.window-disable"))
        column.operator("heygem.render", text=_words("panel.window-render"), icon="PLAY")
        if panel.offer is not None:
            column.operator("heygem.export", text=panel.words(panel.offer.message), icon="RENDER_ANIMATION")

    def _draw_jobs(self, column: Any, panel: Any) -> None:
        column.separator()
        newest = sorted(panel.jobs.values(), key=lambda job: job["created"], reverse=True)[:_SHOWN_JOBS]
        for job in newest:
            column.label(text=panel.words(panel.job_line(job)))
        job = panel.running()
        if job is not None:
            column.operator("heygem.cancel", text=_words("panel.window-cancel-job", name=job["name"]), icon="CANCEL")


class HEYGEM_PT_versions(bpy.types.Panel):
    """The takes of the active strip's shot, newest first."""

    bl_idname, bl_label, bl_parent_id = "HEYGEM_PT_versions", "Versions", "HEYGEM_PT_bridge"
    bl_space_type, bl_region_type, bl_category = "SEQUENCE_EDITOR", "UI", "HeyGem"

    def draw(self, context: Any) -> None:
        running = _running()
        if running is None:
            return
        self.layout.label(text=_words("panel.blender-versions"))
        shown = versions_of(context.scene, running.panel.versions, running.side.host_id)
        for take, lies in shown[:_SHOWN_VERSIONS]:
            row = self.layout.row(align=True)
            row.label(text=take["name"], icon="CHECKMARK" if lies else "NONE")
            row.operator("heygem.bring", text="", icon="IMPORT").take = take["id"]
            if take.get("weak"):
                row.operator("heygem.mark", text="", icon="MARKER_HLT").take = take["id"]


def versions_of(scene: Any, takes: list[dict[str, Any]], host: str) -> list[tuple[dict[str, Any], bool]]:
    """The takes that a person means, with whether each one is in the sequencer: those of the active strip's shot, else all."""
    every = names.strips_of(scene)
    files = {strips.path_of(strip) for strip in every if strip.type == "MOVIE" and not strip.mute}
    active = scene.sequence_editor.active_strip if scene.sequence_editor is not None else None
    shots = {take["shot"] for take in takes if active is not None and _belongs(take, active, host)}
    chosen = [take for take in takes if take["shot"] in shots] if shots else takes
    return [(take, any(strips.same_file(take["path"], file) for file in files)) for take in chosen]


def _belongs(take: dict[str, Any], active: Any, host: str) -> bool:
    """Whether a take was made of this strip, or is shown by it."""
    clips = {placed["placement"].get("clip") for placed in take.get("placed") or () if placed["host"] == host}
    return active.name in clips or strips.same_file(strips.path_of(active), take["path"])


def _letters(context: Any) -> int:
    """How many letters fit into a line of the side bar."""
    return max(16, int(context.region.width / (_LETTER_PX * context.preferences.system.ui_scale)) - 5)


def _text(column: Any, said: str, letters: int, icon: str = "NONE") -> None:
    """Labels do not wrap: a sentence becomes several."""
    line = ""
    for word in said.split():
        if line and len(line) + len(word) >= letters:
            column.label(text=line, icon=icon)
            line, icon = "", "BLANK1" if icon != "NONE" else "NONE"
        line = f"{line} {word}".strip()
    column.label(text=line, icon=icon)


def redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR":
                area.tag_redraw()


_CLASSES = (
    HeyGemWishes, HEYGEM_OT_render, HEYGEM_OT_export, HEYGEM_OT_cancel, HEYGEM_OT_page, HEYGEM_OT_bring, HEYGEM_OT_mark,
    HEYGEM_PT_bridge, HEYGEM_PT_versions,
)  # fmt: skip


def register(running: Callable[[], Any]) -> None:
    """`running` gives the add-on's life, None where there is none."""
    _lives.append(running)
    for each in _CLASSES:
        bpy.utils.register_class(each)
    bpy.types.WindowManager.heygem = bpy.props.PointerProperty(type=HeyGemWishes)


def unregister() -> None:
    del bpy.types.WindowManager.heygem
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
    _lives.clear()
