"""What the server can ask of an editor: each method once. The API document and the schema that panels carry are made from this table."""

from __future__ import annotations

from typing import Any

from heygem_core.shot import Struct

from .. import wire

WITHIN_S = 7200.0
"""How long an editor may take for one export. It draws about as fast as the clips play, several times slower with heavy effects, and works
through all of them before it answers; Resolve's panel gives up after an hour for one clip. Two hours are far less than the age at which
unused exports are deleted, so whatever is older than that is no longer being made."""


class Method(Struct, frozen=True, kw_only=True):
    """One request of the server to an editor."""

    params: type[Struct] | None = None  # None = an empty object
    result: type[Struct] | None = None  # None = an empty object
    repeatable: bool  # doing it twice is doing it once, so it is sent again after a broken connection
    places: bool = False  # after it a take is on a timeline: that is recorded whoever still waits for the answer
    timeout_s: float = 30.0  # for the answer, where the caller says nothing else

    @property
    def params_type(self) -> Any:
        return self.params or dict[str, Any]

    @property
    def result_type(self) -> Any:
        return self.result or dict[str, Any]


METHODS: dict[wire.MethodName, Method] = {
    "host.selection": Method(result=wire.SelectionResult, repeatable=True),
    "host.export": Method(params=wire.ExportParams, result=wire.ExportResult, repeatable=False, timeout_s=WITHIN_S),
    "host.place": Method(params=wire.PlaceParams, result=wire.PlaceResult, repeatable=True, places=True),
    "host.switchTake": Method(params=wire.PlaceParams, result=wire.PlaceResult, repeatable=True, places=True),
    "host.reveal": Method(params=wire.RevealParams, repeatable=True),
    "host.markers": Method(params=wire.MarkersParams, result=wire.MarkersResult, repeatable=True),
}
