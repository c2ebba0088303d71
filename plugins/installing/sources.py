"""The panels' files as they are installed and packed: each panel with its copy of the shared core and of the protocol's files."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

from heygem_core.messages import Language, catalogue

PLUGINS = Path(__file__).resolve().parents[1]

_KEPT = {".js", ".jsx", ".json", ".html", ".css", ".xml", ".py", ".png", ".svg", ".epr"}


def tree(folder: Path, prefix: str = "") -> dict[str, bytes]:
    """The files of a folder, by their path within it; caches and installed settings are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _KEPT and path.name != "config.json" and "__pycache__" not in path.parts:
            found[prefix + path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def schema() -> bytes:
    return (PLUGINS / "protocol" / "host.schema.json").read_bytes()


def messages(prefix: str) -> dict[str, bytes]:
    """The panels' sentences, a file for each language."""
    return {prefix + path.name: path.read_bytes() for path in sorted((PLUGINS / "protocol").glob("messages*.json"))}


def shared(prefix: str) -> dict[str, bytes]:
    return {**tree(PLUGINS / "shared", prefix), f"{prefix}host.schema.json": schema(), **messages(prefix)}


def cep_panel() -> dict[str, bytes]:
    return {**tree(PLUGINS / "premiere_cep"), **shared("shared/")}


def uxp_panel() -> dict[str, bytes]:
    return {**tree(PLUGINS / "premiere_uxp"), **shared("shared/"), **tree(PLUGINS / "premiere_cep" / "presets", "presets/")}


def host_client() -> dict[str, bytes]:
    """The package that the scripts of all Python editors share."""
    return {**tree(PLUGINS / "host_client" / "heygem_host", "heygem_host/"), **messages("heygem_host/")}


def resolve_library() -> dict[str, bytes]:
    """The package and all that it needs."""
    package = {**tree(PLUGINS / "davinci_resolve" / "heygem_resolve", "heygem_resolve/"), **host_client(), **websockets()}
    return {**package, "heygem_resolve/host.schema.json": schema()}


def blender_addon() -> dict[str, bytes]:
    """The add-on's folder; what it imports lies in `library`."""
    package = {**tree(PLUGINS / "blender" / "heygem_blender", "heygem_blender/"), **host_client(), **websockets()}
    library = {**package, "heygem_blender/host.schema.json": schema()}
    return {**tree(PLUGINS / "blender" / "heygem_bridge"), **{f"library/{name}": content for name, content in library.items()}}


def websockets() -> dict[str, bytes]:
    """Its pure-Python part, which works without the compiled one, for the Python of an editor."""
    found = importlib.util.find_spec("websockets")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("websockets")
    beside = {name: content for name, content in tree(Path(found.origin).parent, "websockets/").items() if name.endswith(".py")}
    return {**beside, "websockets/LICENSE": _licence_of("websockets")}


def _licence_of(package: str) -> bytes:
    """What has to travel with a copy of a package."""
    for path in distribution(package).files or ():
        if path.name.upper().startswith("LICEN"):
            return path.read_binary()
    return f"{package} {distribution(package).version}, {distribution(package).metadata['License-Expression']}\n".encode()


def resolve_files_script(folder: Path, command: Sequence[str], language: Language) -> bytes:
    """The script for the editions that run no Python: where it leaves timelines, what renders them, and what it says."""
    text = (PLUGINS / "davinci_resolve" / "HeyGem Files.lua").read_text(encoding="utf-8")
    sentences = {code: said for code, said in catalogue(language).items() if code.startswith("panel.files-")}
    table = ", ".join(f"[{_lua(code)}] = {_lua(said)}" for code, said in sorted(sentences.items()))
    given = {'"@FOLDER@"': _lua(folder.as_posix()), '"@COMMAND@"': _lua(_shown(command)), "{} --@SENTENCES@": f"{{ {table} }}"}
    for gap, value in given.items():
        text = text.replace(gap, value)
    return text.encode("utf-8")


def _lua(text: str) -> str:
    """A literal that no system's encoding can change."""
    return '"' + "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03}" for byte in text.encode("utf-8")) + '"'


def _shown(command: Sequence[str]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in command)


def resolve_script(library: Path) -> bytes:
    text = (PLUGINS / "davinci_resolve" / "HeyGem Bridge.py").read_text(encoding="utf-8")
    return text.replace('"@LIBRARY@"', ascii(str(library))).encode("utf-8")
