"""Gives every sentence in an editor's answer a message with a code. Panels say both; an older panel says the sentence alone, which is then
looked up in the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from heygem_core.messages import Message, known, say, with_codes

from .. import wire


def coded(result: Any) -> Any:
    """An answer (a struct of `wire`) with a message beside every sentence; other answers as they are."""
    if isinstance(result, wire.PlaceResult):
        missed = _beside(result.not_copied, result.not_copied_messages)
        return replace(result, not_copied_messages=missed, notice_messages=_beside(result.notices, result.notice_messages))
    if isinstance(result, wire.MarkersResult):
        return replace(result, notice_messages=_beside(result.notices, result.notice_messages))
    if isinstance(result, wire.SelectionResult):
        return replace(result, items=tuple(map(_selected, result.items)))
    if isinstance(result, wire.ExportResult):
        notices = _beside(result.notices, result.notice_messages)
        return replace(result, exported=tuple(map(_exported, result.exported)), notice_messages=notices)
    return result


def _selected(item: wire.SelectedItem) -> wire.SelectedItem:
    return replace(
        item,
        needs_host_export_message=_of(item.needs_host_export, item.needs_host_export_message),
        cannot_copy_messages=_beside(item.cannot_copy, item.cannot_copy_messages),
    )


def _exported(item: wire.ExportedItem) -> wire.ExportedItem:
    return replace(item, problem_message=_of(item.problem, item.problem_message))


def _of(sentence: str | None, message: Message | None) -> Message | None:
    if sentence is None:
        return None
    return known(sentence) if message is None else _well_formed(message)


def _beside(sentences: Sequence[str], messages: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(map(_well_formed, with_codes(sentences, messages)))


def _well_formed(message: Message) -> Message:
    """A message whose parameters can be shown, else its English sentence: what is within another must be a message too."""
    try:
        say(message, "en")
    except (msgspec.ValidationError, RecursionError):
        return known(message.message)
    return message
