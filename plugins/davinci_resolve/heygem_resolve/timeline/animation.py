"""What a take laid above a clip would lose and only the timeline document tells: keyframes, fades, dissolves, effects of the edit page.

The API knows the values of position and zoom, not that they move. Resolve's own OpenTimelineIO carries each effect of a clip under
metadata.Resolve_OTIO with its parameters, their defaults and "Key Frames". Names of effects are in the language of the editor,
so kinds are told by number and parameters by id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from heygem_host.messages import Message, sentences, tell, without_repeats

_COPIED = {1: "panel.part-opacity", 2: "panel.part-position-and-zoom", 3: "panel.part-crop"}
"""Number of an effect whose values are copied (`clip_attributes`), without their keyframes → code of what editors call it."""
_FADES = 36
_ALSO_COPIED = ("Lens Correction", "Retime and Scaling", "Retime And Scaling")  # by name: their numbers are not known


def told(item: dict[str, Any], document: dict[str, Any] | None, *, copies_fades: bool) -> dict[str, Any]:
    """The protocol's SelectedItem with what the document adds to it. `copies_fades`: this version's API can (21.1).

    A sound that is retimed is exported by Resolve: how it stretches voices is its own.
    """
    if document is None:
        return item
    if item["kind"] == "sound":
        retimed = any(_is_retimed(clip) for clip, _, _ in _clips(document, item["id"]))
        why = tell("panel.only-resolve-retimed")
        return {**item, "needs_host_export": why["message"], "needs_host_export_message": why} if retimed else item
    lost = [each for clip, before, after in _clips(document, item["id"]) for each in _lost(clip, before, after, copies_fades)]
    all_lost = without_repeats([*item["cannot_copy_messages"], *lost])
    return {**item, "cannot_copy": sentences(all_lost), "cannot_copy_messages": all_lost}


def lost_keyframes(document: dict[str, Any], source: str, target: str) -> tuple[list[Message], bool]:
    """Keyframes of a clip that its take (both by id) does not have, and whether it has any."""
    theirs, ours = _moving(document, source), _moving(document, target)
    return [tell("panel.lost-keyframes", what=tell(_COPIED[number])) for number in theirs if theirs[number] != ours.get(number)], bool(
        theirs
    )


def _moving(document: dict[str, Any], wanted: str) -> dict[int, Any]:
    """Keyframes of what is copied, by the number of the effect."""
    found: dict[int, Any] = {}
    for clip, _, _ in _clips(document, wanted):
        for effect in clip.get("effects") or []:
            about = (effect.get("metadata") or {}).get("Resolve_OTIO") or {} if isinstance(effect, dict) else {}
            keys = [(each.get("Parameter ID"), each["Key Frames"]) for each in about.get("Parameters") or [] if each.get("Key Frames")]
            if about.get("Type") in _COPIED and keys:
                found[about["Type"]] = keys
    return found


def _clips(document: dict[str, Any], wanted: str) -> Iterator[tuple[dict[str, Any], Any, Any]]:
    """The clip of an id with what lies before and after it on its track."""
    for track in document.get("tracks", {}).get("children", []):
        children = track.get("children") or []
        for index, child in enumerate(children):
            if ((child.get("metadata") or {}).get("heygem") or {}).get("id") == wanted:
                yield child, children[index - 1] if index else None, children[index + 1] if index + 1 < len(children) else None


def _lost(clip: dict[str, Any], before: Any, after: Any, copies_fades: bool) -> Iterator[Message]:
    if _is_transition(before):
        yield tell("panel.lost-transition-start")
    if _is_transition(after):
        yield tell("panel.lost-transition-end")
    for effect in clip.get("effects") or []:
        about = (effect.get("metadata") or {}).get("Resolve_OTIO") or {} if isinstance(effect, dict) else {}
        if about and about.get("Enabled", True):
            yield from _lost_of(about, copies_fades)


def _is_retimed(clip: dict[str, Any]) -> bool:
    effects = [effect for effect in clip.get("effects") or [] if isinstance(effect, dict)]
    kinds = [(str(effect.get("OTIO_SCHEMA", "")).split(".")[0], effect.get("time_scalar")) for effect in effects]
    return any(kind in ("TimeEffect", "FreezeFrame") or (kind == "LinearTimeWarp" and scalar != 1) for kind, scalar in kinds)


def _is_transition(child: Any) -> bool:
    return isinstance(child, dict) and str(child.get("OTIO_SCHEMA", "")).startswith("Transition")


def _lost_of(effect: dict[str, Any], copies_fades: bool) -> Iterator[Message]:
    parameters = [each for each in effect.get("Parameters") or [] if isinstance(each, dict)]
    moves = any(each.get("Key Frames") for each in parameters)
    number, name = effect.get("Type"), effect.get("Effect Name") or effect.get("Name")
    if number in _COPIED:
        if moves:
            yield tell("panel.lost-keyframes", what=tell(_COPIED[number]))
    elif number == _FADES:
        if not copies_fades and any(_set(each) for each in parameters):
            yield tell("panel.lost-fades")
    elif moves or (name not in _ALSO_COPIED and (not parameters or any(_set(each) for each in parameters))):
        yield tell("panel.lost-effect", name=name) if name else tell("panel.lost-some-effect")


def _set(parameter: dict[str, Any]) -> bool:
    """Whether it is not at its default. Without a default nobody knows, and what is not known is not lost."""
    if "Default Parameter Value" not in parameter or "Parameter Value" not in parameter:
        return False
    return bool(parameter["Parameter Value"] != parameter["Default Parameter Value"])
