"""What can go wrong in the editor, as one type: a kind that programs read and a sentence that people read."""

from __future__ import annotations


class HostError(Exception):
    """`kind` is a name such as "OtherProject"; `str(error)` says what is wrong and what to do."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
