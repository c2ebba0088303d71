"""Every setting of the render server, declared once: the settings file, the environment and the flags of `heygem serve` derive from it.

What is said later wins: the file (TOML, in the platform's folder for settings), then HEYGEM_<NAME> in the environment, then flags.
An unknown key of the file is an error; variables of the environment that are no setting belong to others and are left alone.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import platformdirs
from msgspec import Meta, field

from heygem_core.errors import SpecError
from heygem_core.shot import Struct
from heygem_core.storage.cache import default_root

APP = "heygem-bridge"
USUAL_PORT = 8437
GIB = 1 << 30
_Port = Annotated[int, Meta(ge=0, le=65535)]
_Days = Annotated[float, Meta(gt=0)]
_Size = Annotated[int, Meta(ge=0)]
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_EVERYWHERE = ("0.0.0.0", "::")  # addresses to listen at that nobody calls
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class PathMap(Struct, frozen=True, kw_only=True):
    """The same folder as two machines call it: `theirs=ours` as a flag."""

    theirs: str  # on the machine of the editor: Z:\\media
    ours: str  # on the machine of the server: /mnt/media


def _data_folder() -> Path:
    """heygem-bridge in the platform's folder for data of applications"""
    return platformdirs.user_data_path(APP, appauthor=False)


def _takes_folder() -> Path:
    """“HeyGem takes” in the user's folder for videos"""
    return platformdirs.user_videos_path() / "HeyGem takes"


def default_workers() -> int:
    """one for each core, at most 8"""
    return max(1, min(8, os.cpu_count() or 1))


class ServerSettings(Struct, frozen=True, kw_only=True):
    """How a server runs. Sizes take k, M, G or T behind the number; "none" is None."""

    data_folder: Annotated[Path, Meta(description="database, logs, uploads and server.json")] = field(default_factory=_data_folder)
    takes_folder: Annotated[Path, Meta(description="where takes live, unless a job names a folder")] = field(default_factory=_takes_folder)
    cache: Annotated[Path, Meta(description="what can be made again: tracks, plans, segments")] = field(default_factory=default_root)
    roots: Annotated[tuple[Path, ...], Meta(description="folders that may be read; any other asks for consent first")] = ()
    host: Annotated[str, Meta(description="address to listen at; another one than loopback needs --lan")] = "127.0.0.1"
    port: Annotated[_Port | None, Meta(description=f"0 = any free one (default: {USUAL_PORT}, or any free one where it is taken)")] = None
    executor: Annotated[str, Meta(description="what runs the work: local, ray (a farm too), or one of another package")] = "local"
    workers: Annotated[int, Meta(ge=1, le=256, description="child processes that render")] = field(default_factory=default_workers)
    devices: Annotated[tuple[str, ...], Meta(description="what they draw on, such as cuda:0=2 cuda:1 cpu=4, in place of workers")] = ()
    threads_per_worker: Annotated[int, Meta(ge=1, le=256, description="threads of each of them")] = 1
    memory_limit_bytes: Annotated[int, Meta(ge=256 << 20, description="a worker that holds more is stopped")] = 6 * GIB
    stall_limit_s: Annotated[float, Meta(gt=0, le=86400, description="a worker that says nothing for so long is stopped")] = 120.0
    look_limit_s: Annotated[float, Meta(gt=0, le=3600, description="longest time to look at a file (facts, posters …)")] = 120.0
    measure_takes: Annotated[bool, Meta(description="look at finished takes again while nothing waits: figures and weak frames")] = True
    make_previews: Annotated[bool, Meta(description="make what a browser plays of a take as soon as it is delivered")] = True
    segment_frames: Annotated[int, Meta(ge=8, le=100_000, description="longest piece of a take: what is retried and reused")] = 240
    disk_floor_bytes: Annotated[int, Meta(ge=0, description="work waits while less than this is free")] = 2 * GIB
    largest_upload_bytes: Annotated[int, Meta(ge=1, description="largest file that may be sent")] = 64 * GIB
    keep_days: Annotated[_Days | None, Meta(description="older uploads and unpinned takes go; placed ones stay for good")] = None
    keep_bytes: Annotated[_Size | None, Meta(description="room for uploads, segments and unpinned takes; the oldest go")] = 200 * GIB
    trash_days: Annotated[_Days | None, Meta(description="how long a deleted take can be put back; none = until the trash is emptied")] = (
        7.0
    )
    lan: Annotated[bool, Meta(description="let other machines in, by TLS and token")] = False
    allowed_hosts: Annotated[tuple[str, ...], Meta(description="names by which other machines call this one (with --lan)")] = ()
    sign_certificate: Annotated[Path | None, Meta(description="PEM certificate chain that takes in MP4 and MOV are signed with (C2PA)")] = (
        None
    )
    sign_key: Annotated[Path | None, Meta(description="its private key, PEM")] = None
    path_maps: Annotated[tuple[PathMap, ...], Meta(description="a folder as the editor's machine and this one call it")] = ()

    def __post_init__(self) -> None:
        if not self.lan and self.host not in _LOOPBACK:
            raise SpecError("settings.lan-needed", host=self.host)
        if (self.sign_certificate is None) != (self.sign_key is None):
            raise SpecError("settings.sign-both")
        if self.takes_folder == self.cache or self.cache in self.takes_folder.parents:
            raise SpecError("settings.takes-in-cache")

    @property
    def names(self) -> tuple[str, ...]:
        """By which names other machines may call this one: the allowed ones, else its own, and the address it listens at."""
        if not self.lan:
            return ()
        told = () if self.host in _EVERYWHERE or self.host in _LOOPBACK else (self.host.partition("%")[0],)
        own = () if self.allowed_hosts else (socket.gethostname(),)
        return tuple(dict.fromkeys((*self.allowed_hosts, *told, *own)))

    @property
    def sign_with(self) -> tuple[str, str] | None:
        """As the core wants it."""
        return None if self.sign_certificate is None else (str(self.sign_certificate), str(self.sign_key))


def settings_file() -> Path:
    """$HEYGEM_CONFIG, or server.toml in the platform's folder for settings."""
    return Path(os.environ.get("HEYGEM_CONFIG") or platformdirs.user_config_path(APP, appauthor=False) / "server.toml")


def read_settings(
    flags: Mapping[str, Any] | None = None, *, file: Path | None = None, environment: Mapping[str, str] | None = None
) -> ServerSettings:
    """The settings from all three places; `flags` maps names to text, lists or booleans, None where a flag was not given.

    Raises: SpecError — an unknown key, a value out of range, a file that is not TOML or that was named and is absent.
    """
    values = _from_file(file) | _from_environment(os.environ if environment is None else environment)
    values |= {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        read = {name: _read(name, value) for name, value in values.items()}
        return msgspec.convert(read, ServerSettings, strict=False, dec_hook=_decode)
    except (msgspec.ValidationError, ValueError) as error:
        raise SpecError("settings.not-valid", error=error) from error


def add_flags(parser: argparse.ArgumentParser) -> None:
    """One flag for each setting; the text behind it stays as it is for `read_settings`."""
    for name, kind in get_type_hints(ServerSettings, include_extras=True).items():
        flag = {"roots": "--root", "data_folder": "--data", "takes_folder": "--takes"}.get(name, "--" + name.replace("_", "-"))
        explained = next(note.description for note in kind.__metadata__ if isinstance(note, Meta) and note.description)
        plain = get_args(kind)[0]
        if plain is bool:
            parser.add_argument(flag, dest=name, action=argparse.BooleanOptionalAction, default=None, help=explained)
        elif get_origin(plain) is tuple:
            parser.add_argument(flag, dest=name, action="extend", nargs="+", metavar=_metavar(plain), help=explained)
        else:
            parser.add_argument(flag, dest=name, metavar=_metavar(plain), help=explained)


def flags_of(options: argparse.Namespace) -> dict[str, Any]:
    """What was given of the flags of `add_flags`."""
    return {name: getattr(options, name) for name in ServerSettings.__struct_fields__}


def _metavar(kind: Any) -> str:
    kinds = str(kind)
    return (
        "DIR"
        if "Path'" in kinds or "pathlib" in kinds
        else "THEIRS=OURS"
        if "PathMap" in kinds
        else "N"
        if "int" in kinds or "float" in kinds
        else "NAME"
    )


def _from_file(file: Path | None) -> dict[str, Any]:
    path = file or settings_file()
    if not path.is_file():
        if file is not None:
            raise SpecError("settings.no-file", path=path)
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpecError("settings.unreadable", path=path, error=error) from error
    unknown = sorted(set(values) - set(ServerSettings.__struct_fields__))
    if unknown:
        raise SpecError("settings.unknown-key", path=path, key=unknown[0], known=ServerSettings.__struct_fields__)
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    named = {name: environment.get(f"HEYGEM_{name.upper()}") for name in ServerSettings.__struct_fields__}
    several = {name for name, kind in get_type_hints(ServerSettings).items() if get_origin(kind) is tuple}
    return {name: value.split(os.pathsep) if name in several else value for name, value in named.items() if value}


def _read(name: str, value: Any) -> Any:
    """A value as people write it, as msgspec wants it."""
    if value == "none":
        return None
    if name.endswith("_bytes") and isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", value.strip().lower())
        if found is None:
            raise ValueError(f"{name} must be a size such as 500M or 2G, got “{value}”")
        return int(float(found[1]) * _UNITS[found[2]])
    if name == "path_maps":
        return [_path_map(each) if isinstance(each, str) else each for each in value]
    return value


def _path_map(text: str) -> dict[str, str]:
    theirs, separator, ours = text.partition("=")
    if not (theirs and separator and ours):
        raise ValueError(f"path_maps are written THEIRS=OURS, got “{text}”")
    return {"theirs": theirs, "ours": ours}


def _decode(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str) and value:
        return Path(os.path.abspath(os.path.expanduser(value)))
    raise ValueError(f"a folder must be named as text, got {value!r}")
