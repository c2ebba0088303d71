"""Finds the media of a clip on this machine, inside the allowed folders, from URLs and paths of any machine.

OTIO's own `url_utils` breaks bare paths (`C:\\a b\\c.mov`, `#`, `%20` in names): a string is a URL only if it begins with
`file:`, and is percent-decoded only then.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from heygem_core.errors import MediaNotFound

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_LONGEST = 4096
MAX_FILES = 500_000  # looked at for names, all roots together


def path_of(url: str) -> str:
    """The path that a target URL means, as its own machine writes it. Raises: MediaNotFound — no path at all."""
    if not url or len(url) > _LONGEST or "\0" in url:
        raise MediaNotFound("media.no-usable-path")
    if url[:5].lower() != "file:":
        scheme = _SCHEME.match(url)
        if scheme:
            raise MediaNotFound("media.remote", scheme=scheme[1])
        return url
    rest = unquote(url[5:])
    if "\0" in rest:
        raise MediaNotFound("media.no-usable-path")
    if not rest.startswith("//"):
        return rest
    host, slash, path = rest[2:].partition("/")
    if re.fullmatch(r"[A-Za-z]:", host):  # file://C:/…, which some editors write
        return f"{host}/{path}"
    if host.lower() not in ("", "localhost"):
        return f"//{host}/{path}"
    return path if re.match(r"[A-Za-z]:/", path) else slash + path


def mapped(path: str, path_maps: Iterable[tuple[str, str]]) -> str:
    """The path with the first matching prefix replaced; slashes of both kinds are one, and case is one on Windows' side."""
    for begins, becomes in path_maps:
        old, new = _slashes(begins).rstrip("/"), _slashes(path)
        same = new.lower().startswith(old.lower()) if _WINDOWS.match(begins) else new.startswith(old)
        if same and (len(new) == len(old) or new[len(old)] == "/"):
            return becomes.rstrip("/\\") + new[len(old) :]
    return path


def name_of(path: str) -> str:
    """The last part of a path of any system."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


@dataclass(slots=True, kw_only=True)
class Locator:
    """Finds files: at their own path, through the maps, beside the timeline, else by name in the roots.

    roots: folders whose files may be read; None = any (the user's own command line). `searched` are the folders that are
    searched by name, by default the roots.
    """

    roots: tuple[Path, ...] | None = None
    path_maps: tuple[tuple[str, str], ...] = ()
    base: Path | None = None  # folder of the timeline file; relative paths start there
    searched: tuple[Path, ...] = ()
    _by_name: dict[str, list[Path]] | None = field(default=None, init=False)

    def locate(self, path: str) -> Path:
        """Raises: MediaNotFound — nowhere, in several places, or outside the allowed folders."""
        here = mapped(path, self.path_maps)
        direct = self._direct(here)
        if direct is not None:
            return self._allowed(direct)
        return self._allowed(self._named(path))

    def locate_name(self, name: str) -> Path:
        """A file that is known by its name alone. Raises: MediaNotFound."""
        return self._allowed(self._named(name))

    def _direct(self, path: str) -> Path | None:
        if _WINDOWS.match(path) and os.name != "nt":
            return None
        candidate = Path(path)
        if not candidate.is_absolute():
            if self.base is None:
                return None
            candidate = self.base / candidate
        return candidate if _is_file(candidate) else None

    def _named(self, path: str) -> Path:
        name = name_of(path)
        found = self._index().get(name.lower(), []) if name else []
        if not found:
            raise MediaNotFound("media.nowhere", file=name or path)
        likeness = [(_common_tail(path, str(each)), each) for each in found]
        best = max(count for count, _ in likeness)
        nearest = [each for count, each in likeness if count == best]
        if len(nearest) > 1:
            raise MediaNotFound("media.ambiguous", count=len(nearest), file=name)
        return nearest[0]

    def _index(self) -> dict[str, list[Path]]:
        if self._by_name is None:
            self._by_name = {}
            seen = 0
            for root in dict.fromkeys([*self.searched, *(self.roots or ())]):
                for folder, folders, files in os.walk(root, followlinks=False):
                    folders[:] = [each for each in folders if not each.startswith(".")]
                    seen += len(files)
                    if seen > MAX_FILES:
                        return self._by_name
                    for file in files:
                        same = self._by_name.setdefault(file.lower(), [])
                        if (path := Path(folder, file)) not in same:
                            same.append(path)
        return self._by_name

    def _allowed(self, path: Path) -> Path:
        real = Path(os.path.realpath(path))
        if not _is_file(real):
            raise MediaNotFound("media.no-file", file=path.name)
        if self.roots is not None and not any(real.is_relative_to(os.path.realpath(root)) for root in self.roots):
            raise MediaNotFound("media.outside-folders", file=path.name)
        return path


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _slashes(path: str) -> str:
    return path.replace("\\", "/")


def _common_tail(one: str, other: str) -> int:
    """How many folders before the name are the same."""
    pairs = zip(reversed(_slashes(one).lower().split("/")), reversed(_slashes(other).lower().split("/")), strict=False)
    count = 0
    for a, b in pairs:
        if a != b:
            break
        count += 1
    return count
