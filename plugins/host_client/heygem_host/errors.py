"""What can go wrong in the editor, as one type: a kind that programs read and a message that people read."""

from __future__ import annotations

from typing import Any

from . import messages


class HostError(Exception):
    """`kind` is a name such as "OtherProject"; `str(error)` says in English what is wrong and what to do."""

    code: str | None  # None = a sentence that the catalogue does not hold
    params: dict[str, Any]

    def __init__(self, kind: str, said: str, /, **params: Any) -> None:
        """`said`: a code of messages.json, with what goes into its gaps. Other text is a sentence without a code: of another package's
        editor.
        """
        told = messages.tell(said, **params) if said in messages.catalogue("en") else messages.plain(said)
        self.kind, self.code, self.params = kind, told["code"], told["params"]
        super().__init__(told["message"])

    @property
    def told(self) -> messages.Message:
        return {"code": self.code, "params": self.params, "message": str(self)}


class ServerRefusal(HostError):
    """What the server refused, in its own sentence."""

    def __init__(self, said: dict[str, Any], /) -> None:
        """`said` is the server's answer. Raises: KeyError, TypeError — it is none of this server's."""
        self.kind, self.code, self.params = str(said["error"]), said.get("code"), said.get("params") or {}
        Exception.__init__(self, str(said["message"]))
