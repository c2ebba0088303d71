"""Makes a safetensors file of a model's file as its authors publish it: pickled tensors, TorchScript, or safetensors under other names.

It reads files of strangers, so it runs in a child of its own (`converting`) that has nothing to read from, may not write more than the
model, and loads tensors alone (`weights_only`). A TorchScript file is a program too: torch reads it here, its tensors are taken, and it
never runs.
"""

from __future__ import annotations

import re
import sys
import warnings
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import HeygemError, MissingPackage, UnusableWeights
from ..shot import Failed, Struct, from_json, to_json
from .loading import Shapes, misfit_of, shapes_of

if TYPE_CHECKING:
    from torch import Tensor

_CPU_S = 1800
_SPARE_BYTES = 64 << 20  # that a converted file may be larger than the sum of its tensors suggests
_ZIP = b"PK\x03\x04"
_MORE_THAN_TENSORS = r"(?i)unsupported (global|class)|can only (create|build)|trying to (call|instantiate|set)"  # as torch says it
_PREFIXES = ("module.", "_orig_mod.")
_WRAPPINGS = ("state_dict", "model_state_dict")


class ConversionSpec(Struct, frozen=True, kw_only=True):
    """What a child is to do."""

    source: str  # path
    target: str  # path
    file: str  # the source's name as people know it
    title: str  # of the model that it should be
    kind: str  # of KINDS
    telling: dict[str, tuple[int, ...]]
    others: dict[str, dict[str, tuple[int, ...]]]  # title of each other model → what tells it
    network: str | None  # that the tensors must fit exactly, "module:function"
    strict: bool  # whether a network that cannot be built is an error: for files that no hash vouches for
    most_bytes: int  # that the target may take
    metadata: dict[str, str]  # for the target's header


class Converted(Struct, frozen=True, kw_only=True, tag_field="event", tag="converted"):
    """The target is written."""

    tensors: int
    size: int  # bytes


def convert(spec: ConversionSpec) -> Converted:
    """Writes the target. Raises: UnusableWeights — the source is not that model. MissingPackage, OSError."""
    from safetensors.torch import save_file

    source = Path(spec.source)
    state = KINDS[spec.kind](_plain(read_any(source, spec.file)))
    if not state:
        raise UnusableWeights("weights.no-tensors", file=spec.file, title=spec.title)
    found = shapes_of(state)
    if not _tells(spec.telling, found):
        other = next((title for title, telling in spec.others.items() if _tells(telling, found)), None)
        if other is not None:
            raise UnusableWeights("weights.other-model", file=spec.file, found=other, title=spec.title)
    if (wanted := _wanted(spec)) is not None:
        misfit = misfit_of(wanted, found, spec.file)
        if misfit is not None:
            raise UnusableWeights(misfit.said)
    elif (misfit := misfit_of(spec.telling, {name: found[name] for name in spec.telling if name in found}, spec.file)) is not None:
        raise UnusableWeights(misfit.said)
    ready = {name: _settled(name, value, spec.file) for name, value in state.items()}
    save_file(ready, spec.target, metadata=spec.metadata)
    return Converted(tensors=len(ready), size=Path(spec.target).stat().st_size)


def read_any(path: Path, file: str) -> Mapping[str, Any]:
    """What a model's file holds, whatever it is stored as. file: its name as people know it. Raises: UnusableWeights, OSError."""
    with path.open("rb") as opened:
        head = opened.read(4096)
    if looks_like_page(head):
        raise UnusableWeights("weights.is-page", file=file)
    try:
        if _is_safetensors(head, path.stat().st_size):
            from safetensors.torch import load_file

            return load_file(path)
        archive = head.startswith(_ZIP)
        if archive and _is_torchscript(path):
            return _torchscript(path)
        return _pickled(path, file, archive)
    except (HeygemError, OSError, MemoryError):
        raise
    except Exception as error:  # of torch, pickle, zipfile and safetensors, which raise many kinds for what is damaged
        said = " ".join(str(error).rpartition("WeightsUnpickler error:")[2].partition("Check the documentation")[0].split())
        raise UnusableWeights("weights.damaged", file=file, why=said[:120].rstrip(".") or type(error).__name__) from error


def looks_like_page(head: bytes) -> bool:
    """Whether a file begins as a web page does: servers answer with one in place of a file, and browsers save it under its name."""
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    return begin.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--"))


def _is_safetensors(head: bytes, size: int) -> bool:
    length = int.from_bytes(head[:8], "little")
    return len(head) > 8 and head[8:9] == b"{" and length < size


def _is_torchscript(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _torchscript(path: Path) -> dict[str, Tensor]:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that reading such files will be dropped
        state: dict[str, Tensor] = torch.jit.load(str(path), map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
    return state


def _pickled(path: Path, file: str, archive: bool) -> Mapping[str, Any]:
    import pickle

    import torch

    try:
        read = torch.load(path, map_location="cpu", weights_only=True, mmap=archive)
    except pickle.UnpicklingError as error:
        if re.search(_MORE_THAN_TENSORS, str(error)):
            raise UnusableWeights("weights.more-than-tensors", file=file) from error
        raise
    if not isinstance(read, Mapping):
        raise UnusableWeights("weights.damaged", file=file, why=type(read).__name__)
    return read


def _plain(read: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors alone, without the state of the training around them and without a prefix that all have."""
    import torch

    for name in _WRAPPINGS:
        if isinstance(read.get(name), Mapping):
            read = read[name]
            break
    state = {str(name): value for name, value in read.items() if isinstance(value, torch.Tensor)}
    for prefix in _PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _vae(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Attention under the names that diffusers gives it now."""
    now = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
    return {
        ".".join(now.get(part, part) if ".attentions." in name else part for part in name.split(".")): value
        for name, value in state.items()
    }


_OPENAI = {
    "attn.query": "self_attn.q_proj",
    "attn.key": "self_attn.k_proj",
    "attn.value": "self_attn.v_proj",
    "attn.out": "self_attn.out_proj",
    "attn_ln": "self_attn_layer_norm",
    "mlp.0": "fc1",
    "mlp.2": "fc2",
    "mlp_ln": "final_layer_norm",
}


def _whisper_encoder(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The encoder alone, named as in transformers, of its own files and of OpenAI's."""
    for prefix in ("model.encoder.", "encoder."):
        own = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        if own:
            return {_whisper_name(name): value for name, value in own.items()}
    return state


def _whisper_name(name: str) -> str:
    if name == "positional_embedding":
        return "embed_positions.weight"
    if name.startswith("ln_post."):
        return name.replace("ln_post.", "layer_norm.")
    parts = name.split(".")
    if parts[0] != "blocks":
        return name
    inner, last = ".".join(parts[2:-1]), parts[-1]
    return f"layers.{parts[1]}.{_OPENAI.get(inner, inner)}.{last}"


KINDS: dict[str, Callable[[dict[str, Tensor]], dict[str, Tensor]]] = {
    "tensors": lambda state: state,
    "vae": _vae,
    "whisper-encoder": _whisper_encoder,
}


def _tells(telling: Mapping[str, tuple[int, ...]], found: Shapes) -> bool:
    return all(found.get(name) == tuple(shape) for name, shape in telling.items())


def _wanted(spec: ConversionSpec) -> Shapes | None:
    """The sizes that the model's network has; None = it is not known, or what builds it is not installed."""
    if spec.network is None:
        if spec.strict:
            raise UnusableWeights("weights.only-known", file=spec.file, title=spec.title)
        return None
    import torch

    module, _, function = spec.network.partition(":")
    try:
        with torch.device("meta"):
            built = getattr(import_module(module), function)()
    except (ImportError, MissingPackage) as error:
        if not spec.strict:
            return None
        if isinstance(error, MissingPackage):
            raise
        raise MissingPackage("weights.needs-package", title=spec.title, package=error.name or error) from error
    return built if isinstance(built, Mapping) else shapes_of(built.state_dict())


def _settled(name: str, value: Tensor, file: str) -> Tensor:
    """In single precision, with memory of its own. Raises: UnusableWeights — not a number."""
    import torch

    value = value.detach()
    if value.is_floating_point():
        value = value.to(torch.float32)
        if not bool(torch.isfinite(value).all()):
            raise UnusableWeights("weights.not-finite", file=file, tensor=name)
    return value.contiguous() if value.untyped_storage().nbytes() == value.nbytes else value.contiguous().clone()


def _limit_own(most_bytes: int) -> None:
    """Limits what this process may write and how long it may compute, where the system can do that."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_FSIZE, most_bytes + _SPARE_BYTES), (resource.RLIMIT_CPU, _CPU_S), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(what)
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main(arguments: list[str]) -> int:
    """One conversion, told as JSON; the last line of the output is its end."""
    spec = from_json(arguments[0], ConversionSpec)
    _limit_own(spec.most_bytes)
    try:
        end: Converted | Failed = convert(spec)
    except HeygemError as error:
        said = error.said
        end = Failed(
            error=type(error).__name__,
            message=said.message,
            exit_code=error.exit_code,
            code=said.code,
            params=msgspec.to_builtins(said.params),
        )
    print(to_json(end).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
