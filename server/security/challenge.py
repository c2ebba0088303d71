"""The server proves that it knows a token before a client sends it: a port can be taken by another program after a crash."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def prove(token: str | None, nonce: str) -> str:
    """Hex HMAC-SHA256 with the token as key over "heygem-server:" + nonce; without a token a value that proves nothing."""
    key = secrets.token_bytes(32) if token is None else token.encode()
    return hmac.new(key, b"heygem-server:" + nonce.encode(), hashlib.sha256).hexdigest()


def is_proof(token: str, nonce: str, answer: str) -> bool:
    """What a client checks, in constant time."""
    return hmac.compare_digest(prove(token, nonce).encode(), answer.encode())
