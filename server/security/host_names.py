"""Which Host and Origin headers are this server's own. An allow-list: what is not on it is refused (DNS rebinding, foreign pages).

A request without Origin is not from a page's script. `null` and `file://` are pages on disk (and sandboxed frames of any site): they may
come with a bearer token, which no site can have, and never with a cookie.
"""

from __future__ import annotations

from typing import Literal

from .errors import ForeignHost, ForeignOrigin

OriginKind = Literal["absent", "own", "local-file"]


class HostNames:
    """The addresses of one server."""

    def __init__(self, port: int, *, secure: bool = False, extra: tuple[str, ...] = ()) -> None:
        """`extra`: names by which other machines call this one."""
        scheme, default = ("https", 443) if secure else ("http", 80)
        names = ["127.0.0.1", "localhost", "[::1]", *(bracketed(name.lower()) for name in extra)]
        self.hosts = frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == default else frozenset())
        self.origins = frozenset(f"{scheme}://{host}" for host in self.hosts)
        self.sockets = tuple(sorted(f"{'wss' if secure else 'ws'}://{host}" for host in self.hosts))

    def check_host(self, host: str | None) -> None:
        """Raises: ForeignHost."""
        if host is None or host.lower() not in self.hosts:
            raise ForeignHost("auth.foreign-address")

    def kind_of(self, origin: str | None) -> OriginKind:
        """Raises: ForeignOrigin."""
        if origin is None:
            return "absent"
        if origin.lower() in self.origins:
            return "own"
        if origin in ("null", "file://"):
            return "local-file"
        raise ForeignOrigin("auth.foreign-page")


def bracketed(name: str) -> str:
    """As it stands in an address."""
    return f"[{name}]" if ":" in name and not name.startswith("[") else name
