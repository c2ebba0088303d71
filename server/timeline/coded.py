"""Codes beside the sentences of a conformed timeline. Reasons travel as text within a timeline's metadata, and readers and writers of
other packages give text too; here each becomes a message."""

from __future__ import annotations

from msgspec.structs import replace

from heygem_core.messages import Message, known

from .conform_types import Conformed, TimelineShot
from .published import Published


def with_messages(conformed: Conformed) -> Conformed:
    """The same with a message beside every sentence."""
    return replace(
        conformed,
        shots=tuple(map(_shot, conformed.shots)),
        skipped=tuple(replace(each, why_message=known(each.why)) for each in conformed.skipped),
        notice_messages=tuple(map(known, conformed.notices)),
    )


def published_with_messages(published: Published) -> Published:
    """The same with a message beside every notice."""
    return replace(published, notice_messages=tuple(map(known, published.notices)))


def _shot(row: TimelineShot) -> TimelineShot:
    return replace(
        row,
        notice_messages=tuple(map(known, row.notices)),
        needs_host_export_message=_known(row.needs_host_export),
        not_above_message=_known(row.not_above),
        error_message=row.error_message or _known(row.error),
    )


def _known(sentence: str | None) -> Message | None:
    return None if sentence is None else known(sentence)
