"""Runs a conversion in a child process, and says in one sentence where it ends otherwise than well."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .. import errors
from ..errors import HeygemError, OutputError, SpecError, UnusableWeights
from ..machine.python_process import apart, python_module
from ..messages import message_of
from ..shot import Failed, from_json, to_json
from .conversion import ConversionSpec, Converted

_LONGEST_S = 3600


def convert_in_child(spec: ConversionSpec) -> Converted:
    """Raises: HeygemError — what the child says; UnusableWeights where it died of the file; OutputError — the disk is full."""
    command = python_module("heygem_core.weights.conversion", to_json(spec).decode())
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **apart(OMP_NUM_THREADS="2")) as child:
        try:
            output, complaint = child.communicate(timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            child.kill()
            raise UnusableWeights("weights.conversion-failed", file=spec.file, why="timeout") from None
        except BaseException:  # Ctrl-C, a stop: the child goes too
            child.kill()
            raise
    lines = output.splitlines()
    try:
        end = from_json(lines[-1], Converted | Failed) if lines else None  # type: ignore[arg-type]
    except SpecError:
        end = None
    if isinstance(end, Converted):
        return end
    if isinstance(end, Failed):
        found = getattr(errors, end.error, HeygemError)
        raise found(message_of(end))
    said = complaint.decode(errors="replace").strip().splitlines()
    if any("No space left" in line for line in said[-3:]):
        raise OutputError("output.disk-full", folder=Path(spec.target).parent)
    raise UnusableWeights("weights.conversion-failed", file=spec.file, why=said[-1][:200] if said else f"exit {child.returncode}")
