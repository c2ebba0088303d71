"""Every call that the adapters make of an editor is one that its vendor declares, with that number and those types of arguments.

The code is walked, and what comes of each call is inferred. What no vendor's type declares stands in one list with its public source
(types/premiere_cep.d.ts, resolve_calls.py); a call in neither fails, and so does one on a thing whose type nobody knows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.plugins import resolve_calls
from tests.plugins.node import HERE, MODULES, REPOSITORY, needs_node, run_node

TYPES = HERE / "types"
CEP, UXP = REPOSITORY / "plugins" / "premiere_cep" / "jsx", REPOSITORY / "plugins" / "premiere_uxp"
ADOBE_CEP = MODULES / "types-for-adobe" / "Premiere" / "24.0" / "index.d.ts"
ADOBE_UXP = MODULES / "@adobe" / "premierepro" / "src" / "premierepro.d.ts"
_CHECKING = {"allowJs": True, "checkJs": True, "noEmit": True, "skipLibCheck": True, "strict": False, "noImplicitAny": True, "types": []}
_ES5, _ES2022, _NODE16, _NODE16_RESOLUTION, _LEGACY = 1, 9, 100, 3, 1  # of the compiler's enumerations


def cep_order() -> list[str]:
    return json.loads((CEP / "order.json").read_text(encoding="utf-8"))


def panel(name: str) -> dict[str, Any]:
    """What the walker is told of a panel: its files, the vendor's types and ours, and the compiler's options."""
    ours = TYPES / f"premiere_{name}.d.ts"
    if name == "cep":
        files, vendor, types = [CEP / f"{one}.jsx" for one in cep_order()], ADOBE_CEP, [ADOBE_CEP, ours]
        options = {**_CHECKING, "noLib": True, "target": _ES5, "moduleDetection": _LEGACY}
    else:
        files = [path for path in sorted(UXP.glob("*.js")) if path.name not in ("main.js", "machine.js")]  # they call UXP's own modules
        vendor, types = ADOBE_UXP, [ours]
        options = {**_CHECKING, "target": _ES2022, "lib": ["lib.es2022.d.ts", "lib.dom.d.ts"], "module": _NODE16,
                   "moduleResolution": _NODE16_RESOLUTION, "paths": {"@adobe/premierepro": [str(ADOBE_UXP)]}}  # fmt: skip
    table = json.loads(ours.with_name(f"premiere_{name}.json").read_text(encoding="utf-8"))
    return {
        "files": [*map(str, files)],
        "types": [*map(str, types)],
        "vendor": [str(vendor)],
        "own": [str(ours)],
        "table": table,
        "options": options,
    }


def walked(tmp_path: Path, spec: dict[str, Any], changes: Sequence[tuple[str, str, str]] = ()) -> dict[str, Any]:
    """What the walker says of the code with some changes: (file, from, to)."""
    needs_node()
    (tmp_path / "code").mkdir()
    files = {path: path.read_text(encoding="utf-8") for path in map(Path, spec["files"])}
    for name, old, new in changes:
        [path] = [path for path in files if path.name == name]
        assert old in files[path]
        files[path] = files[path].replace(old, new)
    for path, text in files.items():
        (tmp_path / "code" / path.name).write_text(text, encoding="utf-8")
    given = {**spec, "files": [str(tmp_path / "code" / path.name) for path in files], "folder": str(tmp_path)}
    (tmp_path / "spec.json").write_text(json.dumps(given), encoding="utf-8")
    ran = run_node(str(TYPES / "walk.cjs"), str(tmp_path / "spec.json"))
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    said["faults"] = [one for one in said["faults"] if " ".join([one.split(":")[0], one.split(" ", 1)[1]]) not in spec["table"]["admitted"]]
    return said


_CEP = """addTracks getActiveSequence isOffline isMulticamClip getFootageInterpretation getInPoint createMarker sort
    addKey getKeys getValueAtTime getVideoTrackAt getItemAt addVideoEffect getVideoEffectByName"""
LISTED: dict[str, set[str]] = {"cep": set(_CEP.split()), "uxp": set()}


@pytest.mark.parametrize("name", ["cep", "uxp"])
def test_every_call_of_premiere_is_declared_by_its_vendor_or_stands_in_the_list(tmp_path, name):
    said = walked(tmp_path, panel(name))
    assert (said["faults"], said["unknown"]) == ([], [])
    assert sum(said["vendor"].values()) > 40, "the walker saw hardly anything"
    assert set(said["listed"]) <= LISTED[name], "a new call in the list: has it a public source?"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (
            "cep",
            [
                ("placement.jsx", "track.overwriteClip(media, h.time(spot.start))", "track.overwriteClip(media)"),
                ("placement.jsx", "media.setOutPoint(h.time(last), ALL_MEDIA)", "media.setOutPoint(h.time(last), 'all')"),
                ("clip-export.jsx", "sequence.setOutPoint(", "sequence.setEndPoint("),
                ("tracks.jsx", "editor.addTracks(1, before.length, 0)", "editor.addTracks(1, before.length)"),
            ],
        ),
        (
            "uxp",
            [
                ("track-placement.js", "media.item, time(at.start), video, audio, true)", "media.item, at.start, video, audio, true)"),
                ("track-placement.js", "createSetInOutPointsAction", "createSetMarksAction"),
                ("premiere-ops.js", "parent.createBinAction(name, false)", "parent.createBinAction(name)"),
            ],
        ),
    ],
    ids=["cep", "uxp"],
)
def test_a_call_that_premiere_does_not_have_is_found(tmp_path, name, changes):
    """Too few arguments, one of another type, a call that is nowhere, and one of the list with too few."""
    said = walked(tmp_path, panel(name), changes)
    found = said["faults"] + said["unknown"]
    files = [change[0].replace(".jsx", ".js") for change in changes]
    for file in set(files):
        assert len({one.split(" ")[0] for one in found if one.startswith(file)}) >= files.count(file), (file, found)


def test_every_call_of_resolve_is_declared_by_its_vendor_or_stands_in_the_list():
    found = next(Path(entry) / "fusionscript-stubs" for entry in sys.path if (Path(entry) / "fusionscript-stubs").is_dir())
    said = resolve_calls.walk(REPOSITORY / "plugins" / "davinci_resolve" / "heygem_resolve", found / "fusionscript.pyi")
    assert said.unknown == []
    assert sum(said.vendor.values()) > 100, "the walker saw hardly anything"


def test_a_call_that_resolve_does_not_have_is_found(tmp_path):
    (tmp_path / "plugins" / "panel").mkdir(parents=True)
    (tmp_path / "plugins" / "panel" / "odd.py").write_text("timeline.AddMarker(1)\ntimeline.PlaceTake(2)\ncan(timeline, 'GetSelection')\n")
    found = next(Path(entry) / "fusionscript-stubs" for entry in sys.path if (Path(entry) / "fusionscript-stubs").is_dir())
    said = resolve_calls.walk(tmp_path / "plugins" / "panel", found / "fusionscript.pyi")
    assert said.unknown == ["odd.py:1 AddMarker with 1 arguments", "odd.py:2 PlaceTake", "odd.py:3 GetSelection"]
