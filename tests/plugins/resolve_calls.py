"""Walks the Resolve panel's code: each call of Resolve's API, with its number of arguments, beside what the vendor's stubs declare.

Resolve's names alone are written in capitals in this code, so that a call of it is known by its name.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

# What the stubs lack, with the public source that says so.
LISTED = {
    "GetSelectedClips": "Timeline; Blackmagic's scripting README of 21.0.4",
    "GetType": "TimelineItem; README of 21.1, seen on Studio 21.1.2 (ResolveMCP-ext)",
    "GetProperties": "TimelineItem; the same",
    "GetFades": "TimelineItem; the same",
    "SetFades": "TimelineItem; the same",
    "SetProperties": "TimelineItem; the same",
    "RequestFile": "Fusion; Fusion's scripting guide (AskUser, RequestFile)",
    "CopyAttributes": "TimelineItem; the same",
    "UIDispatcher": "bmd; Fusion's UIManager, as in Blackmagic's own scripts (Fusion/Scripts)",
    "UIManager": "Fusion; the same",
    "AddWindow": "UIDispatcher; the same",
    "RunLoop": "UIDispatcher; the same",
    "ExitLoop": "UIDispatcher; the same",
    "FindWindow": "UIManager; the same",
    "GetItems": "a window of UIManager; the same",
    "Show": "a window of UIManager; the same",
    "Hide": "a window of UIManager; the same",
    "Raise": "a window of UIManager; the same",
    "Find": "a window of UIManager; the same",
    "AddItem": "ComboBox of UIManager; the same",
    "Clear": "ComboBox of UIManager; the same",
    "Start": "Timer of UIManager; the same",
    "Stop": "Timer of UIManager; the same",
    "Fusion": "Resolve; the scripting README",
    "On": "a window of UIManager: its events; the same",
}
# Arguments that the stubs want and that Blackmagic's README calls optional; the panel's sources are versions before they came.
FEWER = {
    ("GetStart", 0): "TimelineItem.GetStart(subframe_precision): without it, whole frames",
    ("GetDuration", 0): "TimelineItem.GetDuration(subframe_precision): the same",
    ("GetLeftOffset", 0): "TimelineItem.GetLeftOffset(subframe_precision): the same",
    ("GetProperty", 0): "TimelineItem.GetProperty(propertyKey): without it, all of them as a dictionary",
    ("AddTrack", 1): "Timeline.AddTrack(trackType, subTrackType): the second is optional, and only for audio",
}
_WIDGETS = {"VGroup", "HGroup", "Label", "Button", "ComboBox", "CheckBox", "LineEdit", "Timer", "TextEdit", "Tree"}  # of UIManager


@dataclass(kw_only=True)
class Walked:
    vendor: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # calls that the stubs declare, by name
    listed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unknown: list[str] = field(default_factory=list)  # "append.py:60 Timeline.DoIt(3)"


def declared(stubs: Path) -> dict[str, list[tuple[int, float]]]:
    """How many arguments each method takes, in each class and form that has it: from, to."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for node in ast.walk(ast.parse(stubs.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            given = node.args
            most = len(given.posonlyargs) + len(given.args) - 1
            found[node.name].append((most - len(given.defaults), float("inf") if given.vararg else most))
    return found


def walk(folder: Path, stubs: Path) -> Walked:
    known, own, result = declared(stubs), _own_names(folder), Walked()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name, count in _called(node):
                if name in own:
                    continue
                place = f"{path.name}:{node.lineno} {name}"  # type: ignore[attr-defined]
                if name in LISTED or name in _WIDGETS:
                    result.listed[name] += 1
                elif name not in known:
                    result.unknown.append(place)
                elif (name, count) in FEWER:
                    result.listed[name] += 1
                elif count is not None and not any(least <= count <= most for least, most in known[name]):
                    result.unknown.append(f"{place} with {count} arguments")
                else:
                    result.vendor[name] += 1
    return result


def _called(node: ast.AST) -> list[tuple[str, int | None]]:
    """A call with its number of arguments, or a name that is asked for (`can(thing, "GetFades")`), whose arguments nobody knows here."""
    if not isinstance(node, ast.Call):
        return []
    if isinstance(node.func, ast.Attribute) and node.func.attr[:1].isupper():
        many = any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords)
        return [(node.func.attr, None if many else len(node.args) + len(node.keywords))]
    if isinstance(node.func, ast.Name) and node.func.id == "can":
        return [(one.value, None) for one in node.args[1:] if isinstance(one, ast.Constant)]
    return []


def _own_names(folder: Path) -> set[str]:
    """Classes and errors of the code itself."""
    trees = (
        ast.parse(path.read_text(encoding="utf-8")) for root in (folder, folder.parents[1] / "host_client") for path in root.rglob("*.py")
    )
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)} | {
        "Event",
        "Queue",
        "Thread",
        "Lock",
        "Path",
        "TemporaryDirectory",
    }
