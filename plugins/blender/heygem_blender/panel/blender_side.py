"""Blender as the panel that all Python editors share needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from heygem_host.choices import Choices
from heygem_host.render_request import Offer, Order

from .. import identity, names
from ..calls import DISPATCHER
from . import submission

_ABLE = ("place.track", "place.relink", "place.speech", "place.mute", "selection.clips", "export.picture", "export.sound")


@dataclass
class BlenderSide:
    """The panel's `EditorSide`. `face`: which face of the selected strips speaks, as the server counts them from 1; None = the clearest."""

    host_id: str
    name: str = "Blender"
    lies: str = "panel.take-lies-channel"
    face: int | None = None

    def hello(self) -> dict[str, Any] | None:
        """The protocol's HostHello; None = the scene has no strips yet."""
        scene = names.scene_of_sequencer()
        if scene is None or scene.sequence_editor is None:
            return None
        return {
            "id": self.host_id,
            "app": "blender",
            "version": bpy.app.version_string,
            "project": identity.project(),
            "project_name": identity.project_name(),
            "capabilities": [*DISPATCHER.calls, *_ABLE],
        }

    def open_project(self) -> str | None:
        return identity.project()

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        return DISPATCHER.answer(None, request)

    def order(self, speech: str | None, chosen: Choices) -> Order:
        return submission.order(self.host_id, speech, chosen, self.face)

    def refreshed(self, offer: Offer) -> Offer:
        return submission.as_it_is_now(offer)
