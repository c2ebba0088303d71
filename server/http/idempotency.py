"""The same request twice makes one job: the header Idempotency-Key, and who said it."""

from __future__ import annotations

from ..errors import BadRequest
from .routes import RequestContext

KEY_HEADER = "Idempotency-Key"


def requester_of(context: RequestContext) -> str:
    """Who asks, as a job remembers it."""
    return f"{context.who.scope}:{context.who.host or ''}"


def key_of(context: RequestContext) -> str | None:
    """The key of this request, which is nobody else's; None = it came without. Raises: BadRequest."""
    key = context.request.headers.get(KEY_HEADER)
    if key is None:
        return None
    if not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise BadRequest("request.key-header", header=KEY_HEADER)
    return f"{requester_of(context)}:{key}"
