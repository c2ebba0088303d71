"""Puts models into the folder of models, checks them and takes them out again.

A model gets its place in one step, when all of it is right: downloaded or read, its hash known, converted, its tensors accounted for. Until
then it lies in `.incoming`, which only a download that broke off leaves behind, to go on from. One process at a time works on a model.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..errors import FetchFailed, MissingWeights, SpecError, UnusableWeights
from ..messages import Message, tell
from ..shot import Struct, from_json, to_json
from ..storage.artefacts import digest_of, sync, sync_folder
from ..storage.os_errors import cannot_write
from . import hub
from .catalogue import Model, ModelFile, model, models
from .conversion import ConversionSpec
from .converting import convert_in_child
from .download import Bytes, Source, download
from .folders import ORIGIN_FILE, WEIGHTS_FILE, models_folder
from .installed import where
from .layouts import candidates
from .licences import check_accepted
from .progress import Fetching, Told

CONVERTER = 1  # raised when the same file would be converted to other tensors
_INCOMING = ".incoming"
_CHUNK = 4 << 20
_SPARE_BYTES = 64 << 20  # of the disk, that stay free


class Origin(Struct, frozen=True, kw_only=True):
    """Of which file an installed model was made; it lies beside the model."""

    model: str  # id
    file: str  # name of the file that it was made of
    sha256: str  # of that file
    known: bool  # whether the catalogue knows that hash; else its tensors alone were checked
    source: str  # where that file was: a path, a URL or a place on the hub
    licence: str
    at: str  # time in UTC, ISO 8601
    digest: str  # of the converted file, see `artefacts.digest_of`
    size: int  # of the converted file, bytes
    converter: int = CONVERTER


def nobody(progress: Fetching) -> None:
    """Hears of progress and does nothing."""


def get(model_id: str, *, accept_licence: bool = False, url: str | None = None, tell_progress: Told = nobody) -> Path:
    """Fetches a model, unless it is here, and returns its converted file.

    url: where to fetch it in place of where its authors put it; its hash must be known all the same.
    Raises: LicenceNotAccepted, FetchFailed, UnusableWeights, MissingPackage, OutputError, SpecError; Cancelled of `tell_progress`.
    """
    entry = model(model_id)
    if (there := where(entry)) is not None:
        return there
    wanted = entry.fetchable
    if url is None and wanted is None:
        raise FetchFailed("weights.only-added", title=entry.title, id=entry.id, files=[file.name for file in entry.files])
    check_accepted(entry, accept=accept_licence)
    with _only_one(entry, tell_progress) as incoming:
        if (there := where(entry)) is not None:  # another process has just fetched it
            return there
        if url is not None:
            return _from_mirror(entry, url, incoming, tell_progress)
        assert wanted is not None
        return _from_authors(entry, wanted, incoming, tell_progress)


def add(model_id: str, place: Path, *, unverified: bool = False, tell_progress: Told = nobody) -> Path:
    """Installs a model from a file, or from the folder of another program that has it, and returns its converted file.

    unverified: a file whose hash is not known is taken too, where its tensors are exactly those of the model.
    Raises: UnusableWeights — not that model. MissingWeights — nothing there. MissingPackage, OutputError, SpecError.
    """
    entry = model(model_id)
    if place.is_dir():
        found = candidates(entry, place)
        if not found:
            raise MissingWeights("weights.not-in-folder", folder=place, title=entry.title, files=[file.name for file in entry.files])
    elif place.is_file():
        found = [place]
    else:
        raise MissingWeights("weights.nothing-there", path=place)
    with _only_one(entry, tell_progress) as incoming:
        refused: UnusableWeights | None = None
        for path in found:
            try:
                return _from_file(entry, path, incoming, tell_progress, unverified)
            except UnusableWeights as error:
                refused = refused or error
        assert refused is not None
        raise refused


def remove(model_id: str) -> int:
    """Takes a model out of our folder; returns how many bytes that frees. Raises: MissingWeights, OutputError, SpecError."""
    entry = model(model_id)
    place = models_folder() / entry.id
    there = where(entry)
    if there is None or there.parent != place:
        raise MissingWeights(
            "weights.not-ours" if there else "weights.not-here", title=entry.title, folder=there.parent if there else place
        )
    size = there.stat().st_size
    with _only_one(entry, nobody) as incoming:
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            place.replace(incoming / "removed")  # in one step: nobody finds half of it
        except OSError as error:
            raise cannot_write(there, error) from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    return size


def verify(model_id: str, tell_progress: Told = nobody) -> Message:
    """Reads a model as it lies here again and says that it is whole. Raises: UnusableWeights — it is not. MissingWeights, SpecError."""
    entry = model(model_id)
    path = where(entry)
    if path is None:
        raise MissingWeights("weights.not-installed", title=entry.title, command=entry.command)
    tell_progress(Fetching(model=entry.id, step="checking", total=path.stat().st_size))
    origin = origin_of(path)
    if origin is None:
        return tell("weights.without-origin", title=entry.title, folder=path.parent)
    try:
        whole = origin.model == entry.id and digest_of(path) == origin.digest
    except OSError:
        whole = False
    if not whole:
        raise UnusableWeights("weights.changed", title=entry.title, folder=path.parent, id=entry.id)
    return tell(
        "weights.whole" if origin.known else "weights.whole-unknown", title=entry.title, file=origin.file, sha256=origin.sha256[:16]
    )


def origin_of(path: Path) -> Origin | None:
    """Of which file a model's converted file was made; None = nobody wrote it down."""
    try:
        return from_json((path.parent / ORIGIN_FILE).read_bytes(), Origin)
    except (OSError, SpecError):
        return None


def _from_authors(entry: Model, file: ModelFile, incoming: Path, told: Told) -> Path:
    here = hub.cached(file)
    if here is not None and (digest := _hashed(entry, here, told)).startswith(file.sha256):
        _check_room(entry, here.stat().st_size, incoming, copies=1)
        return _install(entry, here, file.name, digest, known=True, came_from=str(here), incoming=incoming, told=told)
    _check_room(entry, file.size, incoming)
    if file.hub is None:
        assert file.url is not None
        source = Source(url=file.url, name=file.name, sha256=file.sha256, size=file.size)
        part = incoming / "source.part"
        digest = download(source, part, _bytes(entry, told))
    else:
        part = hub.fetch(file, incoming / "hub", _bytes(entry, told))
        digest = _hashed(entry, part, told)
        if not digest.startswith(file.sha256):
            shutil.rmtree(incoming, ignore_errors=True)
            raise UnusableWeights("weights.other-hash", file=file.name, found=digest[:12], wanted=file.sha256[:12])
    return _install(entry, part, file.name, digest, known=True, came_from=file.hub or file.url or "", incoming=incoming, told=told)


def _from_mirror(entry: Model, url: str, incoming: Path, told: Told) -> Path:
    """Of a place that a user named: any of the files that give this model."""
    if not url.startswith(("https://", "http://")):
        raise FetchFailed("weights.no-address", url=url[:200])
    largest = max((file.size or 0 for file in entry.files), default=0)
    _check_room(entry, largest or None, incoming)
    part = incoming / "source.part"
    name = url.split("?")[0].rsplit("/", 1)[-1] or entry.id
    digest = download(Source(url=url, name=name, sha256="", size=None), part, _bytes(entry, told))
    if not any(digest.startswith(file.sha256) for file in entry.files):
        shutil.rmtree(incoming, ignore_errors=True)
        raise UnusableWeights("weights.other-hash", file=name, found=digest[:12], wanted=[file.sha256[:12] for file in entry.files])
    return _install(entry, part, name, digest, known=True, came_from=url, incoming=incoming, told=told)


def _from_file(entry: Model, path: Path, incoming: Path, told: Told, unverified: bool) -> Path:
    digest = _hashed(entry, path, told)
    known = any(digest.startswith(file.sha256) for file in entry.files)
    if not known:
        other = next((each for each in models().values() if any(digest.startswith(file.sha256) for file in each.files)), None)
        if other is not None and other.telling != entry.telling:
            raise UnusableWeights("weights.other-model", file=path.name, found=other.title, title=entry.title)
        if other is not None:
            raise UnusableWeights("weights.sibling", file=path.name, found=other.title, id=other.id)
        if not unverified:
            raise UnusableWeights("weights.unknown-hash", file=path.name, found=digest[:12], title=entry.title)
    _check_room(entry, path.stat().st_size, incoming, copies=1)
    return _install(entry, path, path.name, digest, known=known, came_from=str(path), incoming=incoming, told=told)


def _install(entry: Model, source: Path, name: str, digest: str, *, known: bool, came_from: str, incoming: Path, told: Told) -> Path:
    """Converts a file that is right, and gives the result its place."""
    told(Fetching(model=entry.id, step="converting"))
    ready, place = incoming / "model", models_folder() / entry.id
    try:
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir(parents=True)
        spec = ConversionSpec(
            source=os.path.abspath(source),  # the child stands in another folder
            target=os.path.abspath(ready / WEIGHTS_FILE),
            file=name,
            title=entry.title,
            kind=entry.kind,
            telling=entry.telling,
            others={each.title: each.telling for each in models().values() if each.telling != entry.telling},
            network=entry.network,
            strict=not known,
            most_bytes=2 * source.stat().st_size,  # half precision becomes single
            metadata={"model": entry.id, "source_sha256": digest, "converter": str(CONVERTER)},
        )
        convert_in_child(spec)
        weights = ready / WEIGHTS_FILE
        sync(weights)
        origin = Origin(
            model=entry.id,
            file=name,
            sha256=digest,
            known=known,
            source=came_from,
            licence=entry.licence,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            digest=digest_of(weights),
            size=weights.stat().st_size,
        )
        (ready / ORIGIN_FILE).write_bytes(to_json(origin))
        sync(ready / ORIGIN_FILE)
        if place.exists():
            place.replace(incoming / "before")
        ready.replace(place)
        sync_folder(place.parent)
    except OSError as error:
        raise cannot_write(place / WEIGHTS_FILE, error) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return place / WEIGHTS_FILE


@contextmanager
def _only_one(entry: Model, told: Told) -> Iterator[Path]:
    """The folder in which this model is made, held against other processes that want to make it too. Raises: OutputError."""
    from filelock import FileLock, Timeout

    place = models_folder() / _INCOMING
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(place, error) from error
    lock = FileLock(place / f"{entry.id}.lock")
    try:
        while True:
            try:
                lock.acquire(timeout=0.5)
                break
            except Timeout:
                told(Fetching(model=entry.id, step="waiting"))
    except OSError as error:
        raise cannot_write(place / f"{entry.id}.lock", error) from error
    incoming = place / entry.id
    try:
        try:
            incoming.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(incoming, error) from error
        yield incoming
    finally:
        if not _broke_off(entry, incoming):
            shutil.rmtree(incoming, ignore_errors=True)
        lock.release()


def _broke_off(entry: Model, incoming: Path) -> bool:
    """Whether bytes of a download lie there, which the next try goes on from."""
    names = {file.name for file in entry.files}
    files = (path for path in incoming.rglob("*") if path.suffix in (".part", ".incomplete") or path.name in names)
    return any(path.is_file() and path.stat().st_size for path in files)


def _check_room(entry: Model, size: int | None, incoming: Path, copies: int = 2) -> None:
    """Raises: FetchFailed — the disk has no room for the file and its converted form."""
    if size is None:
        return
    here = sum(path.stat().st_size for path in incoming.rglob("*") if path.is_file()) if incoming.is_dir() else 0
    needed = copies * size - here + _SPARE_BYTES
    free = shutil.disk_usage(next(folder for folder in incoming.parents if folder.is_dir())).free
    if free < needed:
        raise FetchFailed("weights.no-room", title=entry.title, needed_gb=_gb(needed), free_gb=_gb(free), folder=models_folder())


def _gb(size: int) -> float:
    return round(size / 1e9, 1)


def _bytes(entry: Model, told: Told) -> Bytes:
    def tell_bytes(done: int, total: int | None) -> None:
        told(Fetching(model=entry.id, step="downloading", done=done, total=total))

    return tell_bytes


def _hashed(entry: Model, path: Path, told: Told) -> str:
    digest, done = hashlib.sha256(), 0
    try:
        total = path.stat().st_size
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                told(Fetching(model=entry.id, step="checking", done=done, total=total))
    except OSError as error:
        raise UnusableWeights("weights.file-not-read", path=path, why=error.strerror or str(error)) from error
    return digest.hexdigest()
