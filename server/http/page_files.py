"""The files of the page, kept in memory, and one version for all of them.

The page asks for its parts below that version, so a browser keeps what it has fetched for as long as nothing has changed, and asks for
everything anew as soon as one byte has: a module never meets another module of before.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..errors import NotFound
from ..security.paths import inside

_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}
_INDEX = "index.html"
_PARTS = b'"/static/'


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """One file, as it was when it was read."""

    content: bytes
    content_type: str
    tag: str  # names the content; without quotes
    state: tuple[int, int]  # when it was written (ns), how many bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """All files at one moment."""

    files: dict[str, PageFile]  # by their path below the folder, with slashes
    version: str


class PageFiles:
    """Safe to call from any thread. Only files of known types that really lie in the folder are known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept = _Kept(files={}, version="")

    def index(self) -> PageFile:
        """The page itself, which names its parts below their version. Looks at the disk. Raises: NotFound."""
        kept = self._looked()
        page = _found(kept, _INDEX)
        content = page.content.replace(_PARTS, _PARTS + f"@{kept.version}/".encode())
        return PageFile(content=content, content_type=page.content_type, tag=kept.version, state=page.state)

    def part(self, path: str) -> tuple[PageFile, bool]:
        """A file, and whether it stays what it is: asked for below the version that is true. Raises: NotFound — no such part."""
        version, _, rest = path.removeprefix("@").partition("/") if path.startswith("@") else ("", "", path)
        kept = self._kept
        file = kept.files.get(rest)
        if file is None or _state(self._folder / rest) != file.state:
            kept = self._looked()
            file = _found(kept, rest)
        return file, version == kept.version

    def _looked(self) -> _Kept:
        """What has changed on the disk is read again."""
        before = self._kept
        files = {}
        for folder, _, names in os.walk(self._folder):
            for name in names:
                whole = Path(folder, name)
                if whole.suffix in _TYPES and inside(Path(os.path.realpath(whole)), (self._folder,)):
                    path = whole.relative_to(self._folder).as_posix()
                    files[path] = _read(whole, before.files.get(path))
        said = "".join(f"{path} {files[path].tag}\n" for path in sorted(files))
        self._kept = _Kept(files=files, version=_named(said.encode()))
        return self._kept


def _found(kept: _Kept, path: str) -> PageFile:
    if path not in kept.files:
        raise NotFound("page.no-such-part")
    return kept.files[path]


def _read(path: Path, before: PageFile | None) -> PageFile:
    state = _state(path)
    if before is not None and state is not None and before.state == state:
        return before
    content = path.read_bytes()
    return PageFile(content=content, content_type=_TYPES[path.suffix], tag=_named(content), state=state or (0, 0))


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _named(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
