"""Bundles of OpenTimelineIO, a document together with its media: the zip file `.otioz` and the folder `.otiod`.

Media inside are named by paths relative to the bundle. Of a zip file those that are needed are taken out; a bundle that goes back holds
everything that it held, the document with the takes, and the takes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import opentimelineio as otio

from heygem_core.errors import MediaNotFound, OutputError
from heygem_core.media.output import output_errors, part_path, publish

from .conform_types import FinishedTake
from .file_names import same_name
from .formats.otio_json import write_native
from .formats.reading import BROKEN_ZIP, CONTENT
from .metadata import own_text

ZIPPED, FOLDER = BUNDLES = (".otioz", ".otiod")
_MEDIA = "media"
_UTF8 = 0x800  # of a zip entry's flags
_COPIED_AT_ONCE = 8 * 1024**2
_LEFT_FREE = 256 * 1024**2  # bytes of the disk that taking media out leaves alone


def is_bundle(path: Path) -> bool:
    """Whether it is one of either kind."""
    return (path.is_dir() and (path / CONTENT).is_file()) or (path.is_file() and zipfile.is_zipfile(path))


@dataclass(slots=True, kw_only=True)
class BundledMedia:
    """The media in a zip file, taken out into a folder when they are asked for."""

    bundle: Path
    folder: Path
    _entries: dict[str, zipfile.ZipInfo] | None = field(default=None, init=False)  # by their names, and by those as they are compared

    def find(self, path: str) -> Path | None:
        """The file that a path relative to the bundle means; None = the bundle holds none of that name. Raises: MediaNotFound."""
        name = str(PurePosixPath(path.replace("\\", "/")))
        return self._taken_out(self._listed().get(name) or self._listed().get(same_name(name)))

    def find_by_name(self, name: str) -> Path | None:
        """The one file of a name, in whatever folder of the bundle. Raises: MediaNotFound — several are called so."""
        wanted = same_name(name)
        found = {each.filename: each for each in self._listed().values() if same_name(PurePosixPath(name_in_zip(each)).name) == wanted}
        if len(found) > 1:
            raise MediaNotFound("media.ambiguous", count=len(found), file=name)
        return self._taken_out(next(iter(found.values()), None))

    def names_in(self, folder: str) -> Iterator[str]:
        """The names of the files in a folder of the bundle."""
        wanted = PurePosixPath(folder.replace("\\", "/"))
        for each in self._listed():
            if PurePosixPath(each).parent == wanted:
                yield PurePosixPath(each).name

    def find_all(self, paths: Iterable[str]) -> list[Path]:
        """The files that paths mean, up to the first that the bundle does not hold, all in one folder. Raises: MediaNotFound."""
        entries = []
        for path in paths:
            name = str(PurePosixPath(path.replace("\\", "/")))
            entry = self._listed().get(name) or self._listed().get(same_name(name))
            if entry is None:
                break
            entries.append(entry)
        told = repr([(each.filename, each.CRC, each.file_size) for each in entries])
        folder = self.folder / f"bundled-{hashlib.sha256(told.encode()).hexdigest()[:20]}"
        found = [folder / PurePosixPath(name_in_zip(each)).name for each in entries]
        with zipfile.ZipFile(self.bundle) as bundle:
            for entry, place in zip(entries, found, strict=True):
                if not place.exists():
                    self._take_out(bundle, entry, place)
        return found

    def _listed(self) -> dict[str, zipfile.ZipInfo]:
        if self._entries is None:
            with zipfile.ZipFile(self.bundle) as bundle:
                entries = [each for each in bundle.infolist() if not each.is_dir()]
            self._entries = {same_name(name_in_zip(each)): each for each in entries} | {name_in_zip(each): each for each in entries}
        return self._entries

    def _taken_out(self, entry: zipfile.ZipInfo | None) -> Path | None:
        plain = "" if entry is None else PurePosixPath(name_in_zip(entry)).name
        if entry is None or plain in ("", ".", "..") or ":" in plain or "\\" in plain:
            return None
        found = self.folder / f"bundled-{entry.CRC:08x}-{entry.file_size}" / plain
        if not found.exists():
            with zipfile.ZipFile(self.bundle) as bundle:
                self._take_out(bundle, entry, found)
        return found

    def _take_out(self, bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, found: Path) -> None:
        try:
            found.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(found.parent).free < entry.file_size + _LEFT_FREE:
                raise MediaNotFound("otio.no-room-for-media", file=found.name)
            part = part_path(found)
            try:
                with bundle.open(entry) as inside, part.open("wb") as outside:
                    shutil.copyfileobj(inside, outside, _COPIED_AT_ONCE)
                    _check_length(inside, entry)
                part.replace(found)
            finally:
                part.unlink(missing_ok=True)
        except BROKEN_ZIP as error:
            raise MediaNotFound("otio.bad-media", file=found.name) from error


def _check_length(read: Any, entry: zipfile.ZipInfo) -> None:
    """Raises: BadZipFile — a file that was read to its end is not as long as its zip says."""
    if read.tell() != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.filename} is shorter than it says")


def name_in_zip(entry: zipfile.ZipInfo) -> str:
    """The name of a file in a zip: programs that do not mark names as UTF-8 write them so all the same."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


@contextmanager
def media_of(source: Path, folder: str | None) -> Iterator[BundledMedia | None]:
    """The media in a zipped bundle, into `folder`, or for as long as this lasts; None of anything else."""
    if not (source.is_file() and zipfile.is_zipfile(source)):
        yield None
    elif folder is not None:
        yield BundledMedia(bundle=source, folder=Path(folder))
    else:
        with tempfile.TemporaryDirectory(prefix="heygem-bundle-") as own:
            yield BundledMedia(bundle=source, folder=Path(os.path.realpath(own)))


def write_bundle(timeline: Any, takes: Iterable[FinishedTake], source: Path, output: Path) -> None:
    """Writes the bundle that came in with another document and with the takes. Raises: OutputError."""
    names = _take_names(takes, source)
    for clip in timeline.find_children(descended_from_type=otio.schema.Clip):
        for reference in clip.media_references().values():
            if own_text(reference, "take") is not None and getattr(reference, "target_url", None) in names:
                reference.target_url = _url_of(names[reference.target_url])
    content = write_native(timeline).encode()
    with output_errors(output):
        (_write_zip if output.suffix.lower() == ZIPPED else _write_folder)(content, names, source, output)


def _take_names(takes: Iterable[FinishedTake], source: Path) -> dict[str, str]:
    """Path of each take → its name in the bundle, which nothing there has yet."""
    taken = {name.lower() for name in _names_in(source)}
    names: dict[str, str] = {}
    for path in dict.fromkeys(take.path for take in takes):
        plain, number = Path(path), 1
        name = f"{_MEDIA}/{plain.name}"
        while name.lower() in taken:
            number += 1
            name = f"{_MEDIA}/{plain.stem}-{number}{plain.suffix}"
        taken.add(name.lower())
        names[path] = name
    return names


def _url_of(name: str) -> str:
    """A name in the bundle as programs read it: relative addresses are decoded."""
    return quote(name)


def _names_in(source: Path) -> list[str]:
    if source.is_dir():
        return [each.relative_to(source).as_posix() for each in source.rglob("*") if each.is_file() and not _leads_out(each, source)]
    with zipfile.ZipFile(source) as bundle:
        return list(dict.fromkeys(name_in_zip(each) for each in bundle.infolist() if not each.is_dir()))


def _links_out_of(source: Path) -> list[str]:
    """The links in a folder to what lies elsewhere: nothing is copied from there."""
    return [each.relative_to(source).as_posix() for each in source.rglob("*") if _leads_out(each, source)] if source.is_dir() else []


def _leads_out(path: Path, folder: Path) -> bool:
    return path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())


def _write_zip(content: bytes, takes: dict[str, str], source: Path, output: Path) -> None:
    part = part_path(output)
    links = _links_out_of(source)
    if links:
        raise OutputError("otio.bundle-link", file=links[0])
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as bundle:
            for name in _names_in(source):
                if name == CONTENT:
                    bundle.writestr(zipfile.ZipInfo(CONTENT), content, zipfile.ZIP_DEFLATED)
                    continue
                with _opened(source, name) as inside, bundle.open(zipfile.ZipInfo(name), "w", force_zip64=True) as outside:
                    shutil.copyfileobj(inside, outside, _COPIED_AT_ONCE)
            for path, name in takes.items():
                bundle.write(path, name)
        publish(part, output)
    finally:
        part.unlink(missing_ok=True)


def _write_folder(content: bytes, takes: dict[str, str], source: Path, output: Path) -> None:
    """Raises: OutputError — there is something of that name already."""
    if output.exists():
        raise OutputError("otio.bundle-exists", path=output)
    part = part_path(output)
    try:
        for name in _names_in(source):
            place = part / PurePosixPath(name)
            if not place.resolve().is_relative_to(part.resolve()):
                continue  # no name leads out of the bundle
            place.parent.mkdir(parents=True, exist_ok=True)
            with _opened(source, name) as inside, place.open("wb") as outside:
                shutil.copyfileobj(inside, outside, _COPIED_AT_ONCE)
        for name in _links_out_of(source):
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).symlink_to((source / name).resolve())
        (part / CONTENT).write_bytes(content)
        for path, name in takes.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, part / name)
        part.replace(output)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _opened(source: Path, name: str) -> Iterator[Any]:
    if source.is_dir():
        with (source / name).open("rb") as file:
            yield file
        return
    try:
        with zipfile.ZipFile(source) as bundle:
            entry = next(each for each in bundle.infolist() if name_in_zip(each) == name)
            with bundle.open(entry) as file:
                yield file
                _check_length(file, entry)
    except BROKEN_ZIP as error:
        if isinstance(error, OSError) and not isinstance(error, zipfile.BadZipFile):
            raise  # of the disk, while it is written
        raise OutputError("otio.bad-media", file=PurePosixPath(name).name) from error
