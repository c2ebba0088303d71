"""Addresses that open one file for a while, for what cannot send a header: pictures, players and downloads of a signed-in browser.

An address ends with `ends=…&proof=…`: seconds since 1970, and the HMAC of all that stands before under the session's own word. It opens
nothing without that session's cookie, and no other address. Its end is the end of an hour, so that one path has one address for a while
and browsers keep what they have fetched.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from dataclasses import dataclass

from ..errors import Unauthorized

LEAST_LIFE_S = 3600
_SIGNED = re.compile(r"(?P<path>.+)[?&]ends=(?P<ends>[0-9]{1,12})&proof=(?P<proof>[0-9a-f]{64})", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class SignedAddress:
    """The parts of one."""

    path: str  # with its own query, as it was signed
    ends: int
    proof: str


def signed(address: str) -> SignedAddress | None:
    """The parts of the path and query of a request; None = not signed."""
    found = _SIGNED.fullmatch(address)
    return found and SignedAddress(found["path"], int(found["ends"]), found["proof"])


def sign(path: str, word: str) -> str:
    ends = (int(time.time()) // LEAST_LIFE_S + 2) * LEAST_LIFE_S
    return f"{path}{'&' if '?' in path else '?'}ends={ends}&proof={_proof(path, ends, word)}"


def check(address: SignedAddress, word: str) -> None:
    """Raises: Unauthorized — made for another path, by another session or by nobody, or over."""
    if not hmac.compare_digest(address.proof, _proof(address.path, address.ends, word)):
        raise Unauthorized("auth.address-not-signed")
    if address.ends < time.time():
        raise Unauthorized("auth.address-ended")


def _proof(path: str, ends: int, word: str) -> str:
    said = f"heygem-address:{ends}:{path}".encode("utf-8", "surrogateescape")
    return hmac.new(word.encode(), said, hashlib.sha256).hexdigest()
