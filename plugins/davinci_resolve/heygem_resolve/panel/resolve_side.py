"""Resolve as the panel that all Python editors share needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from heygem_host.choices import Choices
from heygem_host.render_request import Offer, Order

from ..calls import DISPATCHER
from ..editor import Editor, can, is_studio, project_of, version
from . import submission


@dataclass(frozen=True)
class ResolveSide:
    """The panel's `EditorSide`."""

    editor: Editor
    host_id: str
    name: str = "Resolve"

    def hello(self) -> dict[str, Any] | None:
        return about(self.editor, self.host_id)

    def open_project(self) -> str | None:
        project = project_of(self.editor)
        return None if project is None else project.GetUniqueId()

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        return DISPATCHER.answer(self.editor, request)

    def order(self, speech: str | None, chosen: Choices) -> Order:
        return submission.order(self.editor, self.host_id, speech, chosen)

    def refreshed(self, offer: Offer) -> Offer:
        return submission.as_it_is_now(self.editor, offer)


def about(editor: Editor, host_id: str) -> dict[str, Any] | None:
    """The protocol's HostHello; None = no project is open. Raises: TypeError — Resolve is opening a project, or has quit."""
    project = project_of(editor)
    if project is None:
        return None
    timeline = project.GetCurrentTimeline()
    able = [*DISPATCHER.calls, "place.track", "place.take", "place.relink", "place.speech", "place.mute", "export.picture", "export.sound"]
    if timeline is not None and can(timeline, "GetSelectedClips"):
        able.append("selection.clips")
    return {
        "id": host_id,
        "app": "resolve",
        "version": ".".join(map(str, version(editor))) + ("" if is_studio(editor) else " free"),
        "project": project.GetUniqueId(),
        "project_name": project.GetName() or "",
        "capabilities": able,
    }
