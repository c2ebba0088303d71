"""Kinds of refusal that only this room knows; they hang in the tree of `server/errors.py`.

Forbidden
├── ForeignHost     403  the Host header is not this server's name (DNS rebinding)
├── ForeignOrigin   403  a web page of somebody else asks
└── NoCsrf          403  a cookie without the page's own header
BadRequest
├── BadPath         422  a network, device or relative path, refused before anything looks at it
└── NotJson         415  a content type that a form of a foreign page could send
"""

from __future__ import annotations

from ..errors import BadRequest, Forbidden


class ForeignHost(Forbidden):
    """The Host header is not a name of this server."""


class ForeignOrigin(Forbidden):
    """The page that asks is not this server's."""


class NoCsrf(Forbidden):
    """A change asked for with a cookie alone."""


class BadPath(BadRequest):
    """A path that is refused before anything looks at it."""

    http_status = 422


class NotJson(BadRequest):
    """A content type that a form of a foreign page could send."""

    http_status = 415
