"""Finds the media of a clip on this machine, inside the allowed folders, from URLs and paths of any machine.

OTIO's own `url_utils` breaks bare paths (`C:\\a b\\c.mov`, `#`, `%20` in names): a string is a URL only if it begins with
`file:`, and is percent-decoded only then.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from heygem_core.errors import MediaNotFound
from heygem_core.media.real_paths import real_path

from ..errors import NotAllowedFolder
from ..security.errors import BadPath
from ..security.paths import allowed, check_text, is_own
from .file_names import same_name

if TYPE_CHECKING:
    from .bundles import BundledMedia

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_LONGEST = 4096
MAX_FILES = 500_000  # looked at for names, all roots together
_LONGEST_REEL = 8  # letters of a reel's name in an edit list
_MEDIA_SUFFIXES = {
    "mov",
    "mp4",
    "m4v",
    "mxf",
    "mkv",
    "avi",
    "webm",
    "mts",
    "m2ts",
    "ts",
    "mpg",
    "mpeg",
    "dv",
    "wmv",
    "ogv",
    "wav",
    "bwf",
    "aif",
    "aiff",
    "mp3",
    "m4a",
    "flac",
    "ogg",
    "opus",
    "caf",
}


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

    roots: folders whose files may be read, and then what is found is a real path; None = any (the user's own command line). `searched`
    are the folders that are searched by name, by default the roots.
    """

    roots: tuple[Path, ...] | None = None
    path_maps: tuple[tuple[str, str], ...] = ()
    base: Path | None = None  # folder of the timeline file; relative paths start there
    searched: tuple[Path, ...] = ()
    own: tuple[Path, Path] | None = None  # the server's own folder and that of its takes, real: of the first only takes may be read
    bundled: BundledMedia | None = None  # what the timeline's own file holds
    sent: dict[str, Path] = field(default_factory=dict)  # files that were sent for this timeline, by their whole path or their name
    _by_name: dict[str, list[Path]] | None = field(default=None, init=False)
    _stems: list[tuple[str, Path]] | None = field(default=None, init=False)  # of media, in order

    def beside(self, base: Path, searched: Path | None, sent: Iterable[tuple[str, Path]] = ()) -> Locator:
        """One with the same rules for paths of another file, which lies in `base`; `sent` are files that came with it, by their names."""
        return Locator(
            roots=self.roots,
            path_maps=self.path_maps,
            base=base,
            searched=(*(() if searched is None else (searched,)), base, *self.searched),
            own=self.own,
            sent={same_name(name): path for name, path in sent},
        )

    def locate(self, path: str) -> Path:
        """Raises: MediaNotFound — nowhere, in several places, or outside the allowed folders."""
        try:
            return self._located(path)
        except MediaNotFound:
            decoded = unquote(path)  # of an address relative to the timeline
            if decoded == path or "\0" in decoded:
                raise
            try:
                return self._located(decoded)
            except MediaNotFound:
                pass
            raise

    def _located(self, path: str) -> Path:
        if (sent := self.sent.get(path) or self.sent.get(same_name(name_of(path)))) is not None:
            return sent
        inside = self.bundled.find(path) if self.bundled is not None else None
        if inside is not None:
            return inside
        try:
            return self._direct(path)
        except MediaNotFound as refusal:
            try:
                return self._named(path)
            except MediaNotFound as error:
                inside = self.bundled.find_by_name(name_of(path)) if self.bundled is not None else None
                if inside is not None:
                    return inside
                raise (refusal if error.said.code == "media.nowhere" else error) from None

    def locate_name(self, name: str) -> Path:
        """A file that is known by its name alone. Raises: MediaNotFound."""
        return self._named(name)

    def holds(self, path: Path) -> bool:
        """Whether a file lies there that may be read."""
        try:
            return self._there(path, str(path)) is not None
        except MediaNotFound:
            return False

    def names_near(self, folder: str) -> Iterator[str]:
        """The names of the files in a folder, and of those that are found by name."""
        if self.bundled is not None:
            yield from self.bundled.names_in(folder)
        yield from self._names_in(folder)
        yield from self._index()

    def _names_in(self, folder: str) -> list[str]:
        """The names in a folder, where it may be read."""
        whole = Path(self.base or "", mapped(folder, self.path_maps))
        try:
            check_text(str(whole))
            return os.listdir(whole if self.roots is None else self._inside(whole))
        except (OSError, BadPath, MediaNotFound):
            return []

    def named_like(self, name: str) -> list[Path]:
        """The files that a name without suffix may mean, likeliest first: those that are called so, else those whose name goes on
        after it, as cameras number the clips of a reel, else, of a name that a list cut to eight letters, those that begin with it."""
        wanted = same_name(name)
        if not wanted:
            return []
        if self._stems is None:
            every = ((key, path) for key, paths in self._index().items() if _is_media(key) for path in paths)
            self._stems = sorted((_stem(key), path) for key, path in every)
        called = list(takewhile(lambda each: each[0].startswith(wanted), islice(self._stems, bisect_left(self._stems, (wanted,)), None)))
        exact = [path for stem, path in called if stem == wanted]
        going_on = [path for stem, path in called if not stem[len(wanted) : len(wanted) + 1].isalnum()]
        cut = [path for _, path in called] if len(wanted) >= _LONGEST_REEL else []
        return [self._there(path, name) for path in exact or going_on or cut]

    def _direct(self, path: str) -> Path:
        """The file at that very path. Nothing asks the system about a path that its text or its folder rules out.

        Raises: MediaNotFound.
        """
        here = mapped(path, self.path_maps)
        windows = PureWindowsPath(here)
        absolute = os.path.isabs(here) or bool(windows.drive or (windows.root and "\\" in here))
        if (absolute and not os.path.isabs(here)) or (not absolute and self.base is None):
            raise MediaNotFound("media.nowhere", file=name_of(path) or path)
        if self.roots is None and here != path:  # whoever runs the command line mapped it there
            return self._there(Path(here), path)
        whole = Path(here) if self.base is None else self.base / here
        try:
            check_text(str(whole))
        except BadPath as error:
            if error.said.code == "path.device":
                raise MediaNotFound("media.nowhere", file=name_of(path)) from error
            if absolute or self.roots is not None or error.said.code != "path.network":  # a timeline may lie on a share of the user's own
                raise MediaNotFound(error.said) from error
        return self._there(whole, path)

    def _there(self, path: Path, asked: str) -> Path:
        """The file, where it may be read, in the form of Unicode that this disk has it under. Raises: MediaNotFound."""
        for each in _spellings(path):
            real = each if self.roots is None else self._inside(each)
            if _is_file(real):
                return real
        raise MediaNotFound("media.nowhere", file=name_of(asked) or asked)

    def _is_own(self, folder: str, name: str) -> bool:
        """Whether it is the server's own folder."""
        return self.own is not None and name == self.own[0].name and real_path(Path(folder, name)) == str(self.own[0])

    def _inside(self, path: Path) -> Path:
        """The real path, inside the roots and not the server's own. Raises: MediaNotFound."""
        try:
            real = allowed(str(path), self.roots or ())
        except (BadPath, NotAllowedFolder) as error:
            raise MediaNotFound("media.outside-folders", file=path.name) from error
        if self.own is not None and is_own(real, *self.own):
            raise MediaNotFound("media.outside-folders", file=path.name)
        return real

    def _named(self, path: str) -> Path:
        name = name_of(path)
        found = self._index().get(same_name(name), []) if name else []
        if not found:
            raise MediaNotFound("media.nowhere", file=name or path)
        likeness = [(_common_tail(path, str(each)), each) for each in found]
        best = max(count for count, _ in likeness)
        nearest = [each for count, each in likeness if count == best]
        if len(nearest) > 1:
            raise MediaNotFound("media.ambiguous", count=len(nearest), file=name)
        return self._there(nearest[0], path)

    def _index(self) -> dict[str, list[Path]]:
        if self._by_name is None:
            self._by_name = {}
            seen = 0
            for root in dict.fromkeys([*self.searched, *(self.roots or ())]):
                for folder, folders, files in os.walk(root, followlinks=False):
                    folders[:] = [each for each in folders if not each.startswith(".") and not self._is_own(folder, each)]
                    seen += len(files)
                    if seen > MAX_FILES:
                        return self._by_name
                    for file in files:
                        same = self._by_name.setdefault(same_name(file), [])
                        if (path := Path(folder, file)) not in same:
                            same.append(path)
        return self._by_name


def _spellings(path: Path) -> Iterator[Path]:
    """A path in either form of Unicode: macOS takes letters and their accents apart."""
    text = str(path)
    if text.isascii():
        return iter((path,))
    return iter(dict.fromkeys((path, *(Path(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")))))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _is_media(name: str) -> bool:
    """Whether a file may be of a reel. Anything else may lie beside: stills, sidecars, other lists."""
    return name.rpartition(".")[2] in _MEDIA_SUFFIXES


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _slashes(path: str) -> str:
    return path.replace("\\", "/")


def _common_tail(one: str, other: str) -> int:
    """How many folders before the name are the same."""
    pairs = zip(reversed(same_name(_slashes(one)).split("/")), reversed(same_name(_slashes(other)).split("/")), strict=False)
    count = 0
    for a, b in pairs:
        if a != b:
            break
        count += 1
    return count
