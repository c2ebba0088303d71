"""A job as an Open Job Description template: what a studio's own farm runs in place of our queue.

Each shot is two steps: its segments, a task each, and the join, which waits for them. Every task runs `python -m heygem_core SPEC`, as the
server's own workers do. Only shots that are planned have segments, so the others are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from msgspec.structs import replace

from heygem_core.shot import RenderTask, to_json
from heygem_core.tasks.specs import JoinTask

from ..errors import Conflict
from ..settings import ServerSettings
from ..store.jobs import ShotToRender
from .steps import as_planned, suffix_of

VERSION = "jobtemplate-2023-09"
_MOST_VALUES = 1024  # of one task parameter, by the specification
_LONGEST_NAME, _LONGEST_STEP = 128, 64
_OUTPUT = "{{Param.Output}}"
_START, _END, _KEY = 111_111_111, 222_222_222, "KEY-OF-SEGMENT"  # stand in a spec where a task's own values go


def template(name: str, folder: str, shots: Sequence[ShotToRender], settings: ServerSettings) -> dict[str, Any]:
    """The template of a job. Raises: Conflict — a shot is not planned yet."""
    waiting = [shot.name for shot in shots if shot.planned is None]
    if waiting or not shots:
        raise Conflict("ojd.not-planned", shot=waiting[0] if waiting else name)
    steps = [step for number, shot in enumerate(shots, start=1) for step in _steps(number, shot, settings)]
    return {
        "specificationVersion": VERSION,
        "name": _plain(name)[:_LONGEST_NAME] or "HeyGem",
        "parameterDefinitions": [
            {"name": "Python", "type": "STRING", "default": "python", "description": "The Python that HeyGem Bridge is installed in."},
            {"name": "Output", "type": "STRING", "default": folder, "description": "An existing folder for segments and takes."},
        ],
        "steps": steps,
    }


def _steps(number: int, shot: ShotToRender, settings: ServerSettings) -> Iterator[dict[str, Any]]:
    assert shot.planned is not None
    suffix = suffix_of(shot.settings, shot.request, shot.planned)
    chosen, cache = as_planned(shot.planned, shot.settings), str(settings.cache)
    render = RenderTask(
        shot=shot.source,
        settings=chosen,
        output=f"{_OUTPUT}/{_KEY}{suffix}",
        segment=(_START, _END),
        plan=shot.planned.key,
        cache=cache,
    )
    begin, before = f"Shot {number}", []
    pieces = shot.planned.segments
    for first in range(0, len(pieces), _MOST_VALUES):
        some = pieces[first : first + _MOST_VALUES]
        values = {"Start": [piece.start for piece in some], "End": [piece.end_exclusive for piece in some]}
        ranges: list[dict[str, Any]] = [{"name": name, "type": "INT", "range": found} for name, found in values.items()]
        ranges.append({"name": "Key", "type": "STRING", "range": [piece.key for piece in some]})
        step = f"{begin} segments" + (f" {first // _MOST_VALUES + 1}" if first else "")
        before.append(step)
        spec = _spec(render).replace(str(_START), "{{Task.Param.Start}}").replace(str(_END), "{{Task.Param.End}}")
        space = {"taskParameterDefinitions": ranges, "combination": "(Start, End, Key)"}
        yield {"name": step, "parameterSpace": space, "script": _script(spec.replace(_KEY, "{{Task.Param.Key}}"))}
    join = JoinTask(
        shot=shot.source,
        settings=replace(chosen, sign_with=settings.sign_with),
        pieces=tuple(f"{_OUTPUT}/{piece.key}{suffix}" for piece in pieces),
        output=f"{_OUTPUT}/{_plain(PurePath(shot.name).name)} {number}{suffix}",
        plan=shot.planned.key,
        cache=cache,
        chosen=shot.planned.chosen,
    )
    name = f"{begin} take"
    yield {"name": name, "dependencies": [{"dependsOn": step} for step in before], "script": _script(_spec(join))}


def _script(spec: str) -> dict[str, Any]:
    return {
        "embeddedFiles": [{"name": "Spec", "type": "TEXT", "filename": "spec.json", "data": spec}],
        "actions": {"onRun": {"command": "{{Param.Python}}", "args": ["-m", "heygem_core", "{{Task.File.Spec}}"]}},
    }


def _spec(task: RenderTask | JoinTask) -> str:
    """JSON in which no two braces stand together but those of our parameters: the template's language would read them as its own."""
    text = json.dumps(json.loads(to_json(task)), indent=1)
    safe = text.replace("{{", "\\u007b\\u007b").replace("}}", "\\u007d\\u007d")
    return safe.replace("\\u007b\\u007bParam.Output\\u007d\\u007d", _OUTPUT)


def _plain(name: str) -> str:
    return "".join(sign if sign.isprintable() and sign not in '/\\:*?"<>|{}' else "_" for sign in name).strip()
