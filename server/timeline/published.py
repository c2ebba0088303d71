"""What publishing a timeline gives, as a struct that travels as JSON. It names a format; formats need `conform_types`: it stands apart."""

from __future__ import annotations

from heygem_core.messages import Message
from heygem_core.shot import Struct

from .formats.registry import FormatName


class Published(Struct, frozen=True, kw_only=True, tag_field="event", tag="published"):
    """What was written, and what the format could not carry."""

    output: str
    format: FormatName
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()
