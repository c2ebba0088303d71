"""The tasks of the child process of timelines: `python -m heygem_server.timeline SPEC.json` runs one of these."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from msgspec import field

from heygem_core.options import option
from heygem_core.shot import Struct

from .conform_types import PUBLISH_MODE, Cue, Exported, FinishedTake, PublishMode, Selection
from .formats.registry import FormatName


class CueSheet(Struct, frozen=True, kw_only=True):
    """The lines that are the new speech, as a dubbing studio lists them."""

    path: str  # CSV, SRT or WebVTT
    base: str | None = None  # folder from which its relative paths start; None = its own
    lines: str | None = None  # folder of the recordings; None = that one
    recordings: tuple[tuple[str, str], ...] = ()  # (name, path) of some that were sent: they come first
    cast: str | None = None  # CSV: which face each character has
    faces: dict[str, int] = field(default_factory=dict)  # by character; counts before the cast list


class ConformSpec(Struct, frozen=True, kw_only=True, tag_field="ask", tag="conform"):
    """Read a timeline and give its shots. Its result is `Conformed`."""

    source: str  # path of the timeline
    format: FormatName | None = None  # None = by content
    base: str | None = None  # folder from which relative paths start; None = the timeline's own
    rate: Fraction | None = None  # of the timeline, where the file does not say
    selection: Selection = Selection()
    roots: tuple[str, ...] | None = None  # folders that may be read; None = any
    own: tuple[str, str] | None = None  # the server's own folder and that of its takes, real: no clip may name what else lies there
    searched: tuple[str, ...] = ()  # folders that are searched by name, the roots besides
    path_maps: tuple[tuple[str, str], ...] = ()  # prefix there → prefix here
    exported: tuple[Exported, ...] = ()  # the editor's files in place of clips' media
    cues: CueSheet | None = None  # instead of the selection's speech
    mixes: str | None = None  # folder for mixed speech; None = mixes are described, not made


class PublishSpec(Struct, frozen=True, kw_only=True, tag_field="ask", tag="publish"):
    """Put takes into a timeline and write it. Its result is `Published`."""

    source: str
    format: FormatName | None = None
    rate: Fraction | None = None
    takes: tuple[FinishedTake, ...]
    mode: Annotated[PublishMode, option("takes as versions of their clips, on a track above, or both", flag="--mode")] = PUBLISH_MODE
    cues: tuple[Cue, ...] = ()  # the lines that are laid under it
    music_effects: Annotated[
        tuple[str, ...],
        option(
            "with --cues: audio track with music and effects, by name or number; the others, with the old dialogue, are switched off",
            flag="--music-effects",
            metavar="A",
        ),
    ] = ()
    output: str
    output_format: FormatName | None = None  # None = by the suffix


Spec = ConformSpec | PublishSpec
