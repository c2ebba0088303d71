"""Who may come in: tokens with a scope. A token is `id.secret`; the id is no secret, the secret is 256 bits.

The admin's token is new with each start and lies in server.json. Tokens of pages and hosts outlive a restart: they lie in access.json
beside it, which only this user can read. A signed-in browser's session is such a token too, in two halves: the cookie, which browsers
also bring to other ports of this machine, and a word that only pages of this server's own address can keep. Neither opens anything alone.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from heygem_core.errors import SpecError
from heygem_core.shot import Struct, from_json, to_json

from ..errors import Unauthorized
from ..wire import Scope
from .private_files import write_private

CODE_LIFE_S = 600.0
GRANT_LIFE_S = 30 * 86400.0
_MOST_OF_A_KIND = 500  # editors that come and go by the hundred must not sign a browser out


class Grant(Struct, frozen=True, kw_only=True):
    """One token and what it opens."""

    id: str
    token: str
    scope: Scope
    host: str | None = None  # a host's token opens this host's socket …
    project: str | None = None  # … and the jobs and takes of this project
    csrf: str | None = None  # the word of a signed-in browser's pages
    session: bool = False  # of a signed-in browser: opens nothing as a bearer's token, since a cookie may be seen by others
    ends: float | None = None  # seconds since 1970; None = with the server

    @property
    def word(self) -> str | None:
        """What addresses are signed with; None = not a signed-in browser."""
        return self.csrf if self.session else None

    def __repr__(self) -> str:
        return f"Grant({self.id}, {self.scope})"  # never the token, wherever it is printed


class _Code(Struct, frozen=True, kw_only=True):
    """Of a sign-in link."""

    ends: float  # seconds since 1970
    page_ends: float | None  # of the page that it signs in; None = thirty days later


class TokenStore:
    """The tokens of one server. Not thread-safe: everything happens on the event loop."""

    def __init__(self, file: Path) -> None:
        """Raises: OSError — the folder cannot be written. A damaged file is a file without grants: everybody signs in again."""
        self._file = file
        self.admin = _new("admin")
        self._grants = {grant.id: grant for grant in _read(file) if not _ended(grant)}
        self._codes: dict[str, _Code] = {}

    def issue(
        self, scope: Scope, *, host: str | None = None, project: str | None = None, cookie: bool = False, ends: float | None = None
    ) -> Grant:
        """A new token that outlives a restart. `ends`: seconds since 1970; None = after thirty days."""
        word = secrets.token_urlsafe(32) if cookie else None
        ends = time.time() + GRANT_LIFE_S if ends is None else ends
        grant = _new(scope, host=host, project=project, csrf=word, session=cookie, ends=ends)
        self._grants[grant.id] = grant
        self._save()
        return grant

    def revoke(self, grant: Grant) -> None:
        if self._grants.pop(grant.id, None) is not None:
            self._save()

    def find(self, token: str) -> Grant:
        """The grant of a token, compared in constant time. Raises: Unauthorized."""
        grant = self.by_id(token.partition(".")[0])
        known = grant.token if grant is not None else self.admin.token
        matches = same(token, known)  # compared even where the id is unknown: the same time
        if grant is None or not matches:
            raise Unauthorized("auth.unknown-token")
        if _ended(grant):
            raise Unauthorized("auth.token-ended")
        return grant

    def by_id(self, name: str | None) -> Grant | None:
        """Without any proof of its secret: for `prove` alone."""
        return self.admin if name == self.admin.id else self._grants.get(name or "")

    def new_code(self, who: Grant | None = None) -> str:
        """A code that signs one browser in, once, within ten minutes: for thirty days, or until the grant `who` ends."""
        now = time.time()
        self._codes = {code: known for code, known in self._codes.items() if known.ends > now}
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(ends=now + CODE_LIFE_S, page_ends=None if who is None else who.ends)
        return code

    def spend_code(self, code: str) -> Grant:
        """A browser's session. Raises: Unauthorized."""
        found = [known for known in self._codes if same(known, code)]
        if not found:
            raise Unauthorized("auth.link-used")
        known = self._codes.pop(found[0])
        if known.ends < time.time():
            raise Unauthorized("auth.link-used")
        return self.issue("page", cookie=True, ends=known.page_ends)

    def __iter__(self) -> Iterator[Grant]:
        return iter((self.admin, *self._grants.values()))

    def _save(self) -> None:
        kept: dict[tuple[str, bool], list[Grant]] = {}
        for grant in sorted((each for each in self._grants.values() if not _ended(each)), key=lambda grant: grant.ends or 0):
            kept.setdefault((grant.scope, grant.csrf is not None), []).append(grant)
        newest = [grant for of_a_kind in kept.values() for grant in of_a_kind[-_MOST_OF_A_KIND:]]
        self._grants = {grant.id: grant for grant in newest}
        write_private(self._file, to_json(newest))


def same(one: str, other: str) -> bool:
    """Compares secrets in constant time; also texts that are no valid Unicode."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def _new(scope: Scope, **more: object) -> Grant:
    name = secrets.token_hex(8)
    return Grant(id=name, token=f"{name}.{secrets.token_urlsafe(32)}", scope=scope, **more)  # type: ignore[arg-type]


def _ended(grant: Grant) -> bool:
    return grant.ends is not None and grant.ends < time.time()


def _read(file: Path) -> list[Grant]:
    try:
        return from_json(file.read_bytes(), list[Grant])
    except (OSError, SpecError):
        return []
