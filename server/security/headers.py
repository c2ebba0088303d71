"""Headers of every answer: what a browser may do with it.

The page may be framed by itself and by pages on disk (`file:`), which is what the Premiere panel is; nobody else may frame anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from .host_names import HostNames

COMMON: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
    "Cache-Control": "no-store",
    "Server": "heygem",
}


def page_headers(names: HostNames) -> dict[str, str]:
    """For the page and its parts: scripts and styles from here alone, none within the page."""
    sockets = " ".join(each for each in names.sockets if "[" not in each)  # a policy has no IPv6 addresses; 'self' covers that one
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; "
        f"connect-src 'self' {sockets}; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self' file:"
    )
    return {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
