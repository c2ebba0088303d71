"""The models that this program knows by id (`catalogue.toml`), and those that a user added in the folder of models."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec

from ..errors import SpecError
from .folders import models_folder

USERS_FILE = "catalogue.toml"  # in the folder of models
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")
_HUB = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40}):([\w./-]+)")
_SHA = re.compile(r"[0-9a-f]{8,64}")


class Licence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under which terms a model is used. Its sentence for people is the message `licence.KEY`, where the catalogue of messages has one."""

    title: str
    url: str
    commercial: bool = True  # whether takes made with it may be used in business
    ask: bool = False  # whether it must be accepted before the model is fetched


class ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file, as its authors publish it, that gives a model."""

    name: str
    sha256: str  # or its first digits, where the authors publish no more
    size: int | None = None  # bytes; None = not known before it is asked for
    hub: str | None = None  # REPOSITORY@REVISION:PATH of Hugging Face
    url: str | None = None

    def __post_init__(self) -> None:
        if not _SHA.fullmatch(self.sha256) or (self.hub is not None and not _HUB.fullmatch(self.hub)):
            raise ValueError("a file has a sha256 in lower-case hex digits, and `hub` as OWNER/NAME@REVISION:PATH")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise ValueError("a file's url begins with https://")

    @property
    def hub_parts(self) -> tuple[str, str, str] | None:
        """Repository, revision, path."""
        found = _HUB.fullmatch(self.hub or "")
        return None if found is None else (found[1], found[2], found[3])

    @property
    def fetchable(self) -> bool:
        return self.hub is not None or self.url is not None


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry; `catalogue.toml` says what its fields mean."""

    title: str
    licence: str
    kind: str
    used_by: tuple[str, ...] = ()
    network: str | None = None
    found_as: tuple[str, ...] = ()
    telling: dict[str, tuple[int, ...]] = {}
    memory: int = 0
    files: tuple[ModelFile, ...] = ()
    like: str | None = None  # of a user's own: the id of the model that it stands for
    id: str = ""

    @property
    def fetchable(self) -> ModelFile | None:
        """The file that `heygem models get` fetches; None = it can only be added."""
        return next((file for file in self.files if file.fetchable), None)

    @property
    def command(self) -> str:
        """What to type to have it."""
        return f"heygem models get {self.id}" if self.fetchable else f"heygem models add {self.id} FILE"


class UsersModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's own entry: another training of a known model. All that it does not say is that model's."""

    like: str
    title: str
    licence: str | None = None
    files: tuple[ModelFile, ...] = ()


class _Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    models: dict[str, Model]
    licences: dict[str, Licence]


class _UsersCatalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    models: dict[str, UsersModel] = {}
    licences: dict[str, Licence] = {}


def models() -> dict[str, Model]:
    """Every model by id: ours, then the user's own. Raises: SpecError — the user's file is not valid."""
    return _read(models_folder() / USERS_FILE)[0]


def model(model_id: str) -> Model:
    """Raises: SpecError — there is none of that id, or the user's catalogue is not valid."""
    known = models()
    if model_id not in known:
        raise SpecError("weights.unknown", id=model_id[:60], known=list(known))
    return known[model_id]


def licence_of(entry: Model) -> Licence:
    """Under which terms a model is used."""
    return _read(models_folder() / USERS_FILE)[1][entry.licence]


def _read(users: Path) -> tuple[dict[str, Model], dict[str, Licence]]:
    ours = _ours()
    try:
        status = users.stat()
    except OSError:
        return ours.models, ours.licences
    return _with_users(users, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _ours() -> _Catalogue:
    read = msgspec.convert(tomllib.loads((files(__package__) / "catalogue.toml").read_text("utf-8")), _Catalogue)
    return _Catalogue(models={name: msgspec.structs.replace(entry, id=name) for name, entry in read.models.items()}, licences=read.licences)


@lru_cache(maxsize=4)
def _with_users(path: Path, mtime_ns: int, size: int) -> tuple[dict[str, Model], dict[str, Licence]]:
    ours = _ours()
    try:
        read = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _UsersCatalogue)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SpecError("weights.catalogue-invalid", path=path, why=error) from error
    licences = read.licences | ours.licences
    known = dict(ours.models)
    for name, own in read.models.items():
        base = ours.models.get(own.like)
        if base is None or name in ours.models or not _ID.fullmatch(name):
            raise SpecError("weights.catalogue-entry", path=path, id=name, known=list(ours.models))
        if own.licence is not None and own.licence not in licences:
            raise SpecError("weights.catalogue-licence", path=path, id=name, licence=own.licence, known=list(licences))
        known[name] = msgspec.structs.replace(
            base, id=name, like=own.like, title=own.title, licence=own.licence or base.licence, files=own.files
        )
    return known, licences
