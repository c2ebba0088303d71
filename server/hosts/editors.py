"""Kinds of editors: what the product knows of each before one is connected, in one description.

Another package adds one as an entry point of the group `heygem.editors`: an `Editor`. The page reads the descriptions from
`GET /api/v1/info`, `heygem install` its targets, and a panel that introduces itself as one of them is let in.
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from heygem_core.registry import Registry
from heygem_core.shot import RenderSettings, Struct, from_json, to_json

from ..wire import EditorInfo, Laying

_PLACES = ("place.track", "place.speech", "place.mute", "selection.clips", "export.picture", "export.sound")


class Installer(Struct, frozen=True, kw_only=True):
    """How `heygem install NAME` puts an editor's panel on a machine."""

    parts: str  # "module:function": a `Machine` → the `Part`s, in the order of installing; imported when it is used
    what: str  # for the help text
    next_step: str  # a sentence, once everything is there
    programs: str | None = None  # "module:function": a `Machine` → the versions of the editor on it (`Program`); None = nobody looks


class Editor(Struct, frozen=True, kw_only=True):
    """One kind of editor. What one that is connected really can do is in its `HostHello.capabilities`."""

    name: str  # on the wire (`HostHello.app`) and on the command line
    title: str  # "DaVinci Resolve"
    short_title: str  # where room is short
    capabilities: tuple[str, ...] = ()
    """What editors of the kind can do at most: "place.take" = versions as takes of one clip, "place.relink" = a version in the place of
    another one's file."""
    settings: dict[str, Any] = field(
        default_factory=dict
    )  # of `RenderSettings`, that takes on its timelines want where they differ from the defaults
    laying: Laying = Laying()  # how takes are laid until a person chooses otherwise
    install: Installer | None = None  # None = there is nothing that `heygem install` could put anywhere

    def __post_init__(self) -> None:
        from_json(to_json(self.settings), RenderSettings)

    @property
    def info(self) -> EditorInfo:
        """What the page is told."""
        return EditorInfo(
            name=self.name,
            title=self.title,
            short_title=self.short_title,
            capabilities=self.capabilities,
            settings=self.settings,
            laying=self.laying,
        )


PREMIERE = Editor(
    name="premiere",
    title="Premiere Pro",
    short_title="Premiere",
    capabilities=(*_PLACES, "place.relink"),
    settings={"format": "prores", "fit": "hold", "sound": "none"},
    install=Installer(
        parts="heygem_plugins.installing.targets:premiere",
        programs="heygem_plugins.installing.programs:premiere",
        what="the panel for Premiere Pro (CEP), and the setting that lets Premiere load it unsigned",
        next_step="Restart Premiere, then open Window > Extensions > HeyGem Bridge.",
    ),
)

RESOLVE = Editor(
    name="resolve",
    title="DaVinci Resolve",
    short_title="Resolve",
    capabilities=(*_PLACES, "place.take", "place.relink"),
    settings={"format": "dnxhr", "fit": "hold", "sound": "none"},  # a file with sound would bring it onto an audio track
    install=Installer(
        parts="heygem_plugins.installing.targets:resolve",
        programs="heygem_plugins.installing.programs:resolve",
        what="the script for DaVinci Resolve: Workspace > Scripts > Utility > HeyGem Bridge",
        next_step="Restart Resolve, then open Workspace > Scripts > Utility > HeyGem Bridge. From version 21.1 on this needs the Studio "
        "edition; the free one works with timeline files: File > Export > Timeline (OTIO), then the page's “From a timeline”.",
    ),
)

BLENDER = Editor(
    name="blender",
    title="Blender",
    short_title="Blender",
    capabilities=(*_PLACES, "place.relink"),
    settings={"format": "prores", "fit": "hold", "sound": "none"},
    install=Installer(
        parts="heygem_plugins.installing.blender:parts",
        programs="heygem_plugins.installing.programs:blender",
        what="the add-on for Blender's video sequencer, for every version of Blender that is found",
        next_step="In Blender: Edit > Preferences > Add-ons, tick HeyGem Bridge. Then open the Video Sequencer's side bar (N), tab HeyGem.",
    ),
)

SCRIPT = Editor(
    name="script",
    title="The editor",
    short_title="Editor",
    capabilities=_PLACES,
    settings={"format": "prores", "fit": "hold", "sound": "none"},
)
"""Any other editor that somebody's own script connects."""

EDITORS: Registry[Editor] = Registry(
    "heygem.editors",
    kind=Editor,
    called="thing.editor",
    own={each: f"{__name__}:{each.upper()}" for each in ("premiere", "resolve", "blender", "script")},
)
