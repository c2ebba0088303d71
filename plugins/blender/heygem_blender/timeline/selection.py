"""What the editor means: the selected strips, else the picture under the playhead, with the speech that lies under them."""

from __future__ import annotations

from typing import Any

from heygem_host import timecode
from heygem_host.errors import HostError

from .. import identity, names
from . import channels, document, strips


def read_selection() -> dict[str, Any]:
    """The protocol's SelectionResult. Raises: HostError — strips that no timeline file can hold are selected."""
    scene = names.scene_of_sequencer()
    if scene is None or scene.sequence_editor is None:
        return {"sequence": None, "items": [], "document": None, "found_by": None, "captions": []}
    if len(scene.sequence_editor.meta_stack):
        raise HostError("InsideMeta", "panel.blender-inside-meta", name=scene.sequence_editor.meta_stack[-1].name)
    found_by, chosen = selected(scene)
    if not any(strips.is_sound(strip) for strip in chosen):
        chosen = [*chosen, *_speech_under(scene, [strip for strip in chosen if strips.is_picture(strip)])]
    early = [strip.name for strip in chosen if strips.start_of(strip) < 0]
    if early:
        raise HostError("BeforeZero", "panel.blender-before-zero", names=early)
    return {
        "sequence": describe_scene(scene),
        "items": [strips.describe(scene, strip) for strip in chosen],
        "document": document.written(scene),
        "found_by": found_by,
        "captions": _captions(scene, [strip for strip in chosen if strips.is_sound(strip)]),
    }


def describe_scene(scene: Any) -> dict[str, Any]:
    return {
        "id": identity.sequence(scene),
        "name": scene.name,
        "rate": timecode.written(names.rate_of(scene)),
        "start_frame": 0,
        "drop_frame": False,  # Blender's own timecode never is
    }


def selected(scene: Any) -> tuple[str | None, list[Any]]:
    """How it was found, and each strip, from the bottom up."""
    every = [strip for strip in names.strips_of(scene) if strips.is_picture(strip) or strips.is_sound(strip)]
    marked = _without_takes(scene, [strip for strip in every if strip.select])
    if marked:
        return "selection", marked
    here = [strip for strip in every if strips.overlaps(strip, int(scene.frame_current), 1) and not strips.is_sound(strip)]
    here = [strip for strip in here if not _is_ours(scene, strip) and not strips.muted(scene, strip)]
    return ("playhead", here[-1:]) if here else (None, [])


def _without_takes(scene: Any, chosen: list[Any]) -> list[Any]:
    """A selection drawn around a strip catches the take above it as well; a take that is selected alone is meant."""
    originals = [strip for strip in chosen if not _is_ours(scene, strip)]
    return originals if any(strips.is_picture(strip) for strip in originals) else chosen


def _is_ours(scene: Any, strip: Any) -> bool:
    return channels.is_ours(scene, strip.channel, strips.TAKES) or channels.is_ours(scene, strip.channel, strips.SPEECH)


def _captions(scene: Any, sounds: list[Any]) -> list[dict[str, Any]]:
    """The text strips over the speech: Blender's own subtitles are such."""
    return [
        {"record_start": strips.start_of(strip), "record_duration": strips.length_of(strip), "text": strip.text}
        for strip in names.strips_of(scene)
        if strip.type == "TEXT"
        and strip.text.strip()
        and not strips.muted(scene, strip)
        and any(strips.overlaps(strip, strips.start_of(sound), strips.length_of(sound)) for sound in sounds)
    ]


def _speech_under(scene: Any, pictures: list[Any]) -> list[Any]:
    """Sound that lies under the pictures and belongs to none of them: what was recorded with a clip is its old dialogue."""
    old = {sound.name for picture in pictures for sound in strips.own_sound(scene, picture)}
    return [
        strip
        for strip in names.strips_of(scene)
        if strips.is_sound(strip)
        and strip.name not in old
        and not strips.muted(scene, strip)
        and any(strips.overlaps(strip, strips.start_of(picture), strips.length_of(picture)) for picture in pictures)
    ]
