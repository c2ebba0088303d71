"""Loads and saves motion models: the network, its speech encoder, and the basis of mouth shapes.

One .safetensors file holds every tensor; its metadata holds the sizes and where it came from. Large matrices are stored as
int8 with one scale per row, which costs no accuracy that can be measured and a quarter of the space.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingWeights
from ..media.real_paths import is_held, still_real

if TYPE_CHECKING:
    from torch import Tensor

    from ..speech.encoder import Encoder
    from .network import LabialNet, MotionNet, MotionNetEnsemble

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights"
FORMAT = 1  # of the file
SMALLEST_PACKED = 4096  # elements: matrices below this stay float16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionModel:
    """A trained motion model, ready to predict."""

    name: str
    encoder: Encoder  # speech → states
    carries_encoder: bool  # the encoder's weights lie in the model's own file
    net: MotionNet | MotionNetEnsemble  # speech states → coefficients
    labials: LabialNet | None = None  # states and features of the net → lips closed for p, b or m; None = an older model
    basis: Floats  # (K, V, 3) face space: one standard deviation of each component
    mean: Floats  # (V, 3) face space: the mean displacement while speaking
    opening: Floats  # (V, 3) how far each vertex goes while the inner lips part by one unit
    vertices: tuple[int, ...]
    advance_s: float  # seconds by which the prediction is moved earlier, found on footage that is not in the training
    facts: dict[str, Any]  # how it was trained
    digest: str = ""  # SHA-256 of the file it was loaded from, first 16 hex digits; empty before it is saved


@lru_cache(maxsize=4)
def load_motion_model(name: str = "mel", encoder: str | None = None) -> MotionModel:
    """Loads a shipped model by name, or one of your own by the path of its .safetensors file.

    encoder: where to find the speech encoder of a model that does not carry its own, None = where it was found in training.
    Raises: MissingWeights — no such model, a file that is not one, or another encoder than it was trained with. MissingPackage.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    from .network import LabialNet, build_network

    path = Path(name) if name.endswith(".safetensors") else WEIGHTS / f"{name}.safetensors"
    try:
        with still_real(path):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            with safe_open(path, framework="pt") as file:
                facts = json.loads((file.metadata() or {})["head"])
                state = unpack({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118 — not a dict
        if facts["format"] != FORMAT:
            raise MissingWeights("model.other-format", path=path, found=facts["format"], known=FORMAT)
        net = build_network(facts["net"])
        net.load_state_dict(_part(state, "net."))
        labials = LabialNet(**facts["labials"]) if facts.get("labials") else None
        if labials is not None:
            labials.load_state_dict(_part(state, "labials."))
            labials.eval().requires_grad_(False)
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        raise MissingWeights("model.unreadable", path=path, error=error) from error
    net.eval().requires_grad_(False)
    shapes = {key: state[f"shapes.{key}"].to(torch.float32).numpy() for key in ("basis", "mean", "opening")}
    vertices, advance_s = tuple(facts["vertices"]), float(facts["advance_s"])
    return MotionModel(
        name=name,
        encoder=_encoder_of(facts, state, encoder, path),
        carries_encoder=bool(_part(state, "front.")),
        net=net,
        labials=labials,
        vertices=vertices,
        advance_s=advance_s,
        facts=facts,
        digest=digest,
        **shapes,
    )


def model_label(model: MotionModel) -> str:
    """What to call it in a report: its name and the first digits of its weights' hash."""
    return f"{Path(model.name).stem} {model.digest[:8]}"


def _encoder_of(facts: dict[str, Any], state: dict[str, Tensor], name: str | None, path: Path) -> Encoder:
    from ..speech.encoder import encoder_from_network, open_encoder
    from ..speech.encoder_names import is_path
    from ..speech.mel_encoder import is_mel_encoder, mel_encoder_from_state
    from ..speech.whisper import from_state

    if carried := _part(state, "front."):
        restore = mel_encoder_from_state if is_mel_encoder(facts["front"]) else from_state
        return encoder_from_network(restore(carried, facts["front"]), "built in")
    known = facts["encoder"]
    if name is None and is_held(path) and is_path(str(known["name"])):
        raise MissingWeights("model.names-encoder", encoder=known["name"])  # whoever checked the model's path knew nothing of this one
    found = open_encoder(name or known["name"], known["taps"])
    if found.digest != known["digest"]:
        raise MissingWeights(
            "model.other-encoder", encoder=known["name"], weights=known["digest"][:12], given=found.name, given_weights=found.digest[:12]
        )
    return found


def save_motion_model(model: MotionModel, path: Path) -> None:
    """Writes a model as one .safetensors file (packed as this module's first lines say)."""
    import torch
    from safetensors.torch import save_file

    state = {f"net.{key}": value for key, value in model.net.state_dict().items()}
    if model.carries_encoder and model.encoder.network is not None:
        state |= {f"front.{key}": value for key, value in model.encoder.network.state_dict().items()}
    if model.labials is not None:
        state |= {f"labials.{key}": value for key, value in model.labials.state_dict().items()}
    state |= {f"shapes.{key}": torch.tensor(getattr(model, key)) for key in ("basis", "mean", "opening")}
    facts = model.facts | {
        "format": FORMAT,
        "net": model.net.sizes,
        "labials": None if model.labials is None else model.labials.sizes,
        "front": model.encoder.network.sizes if model.encoder.network else None,
        "encoder": {"name": model.encoder.name, "kind": model.encoder.kind, "taps": model.encoder.taps, "digest": model.encoder.digest},
        "vertices": model.vertices,
        "advance_s": model.advance_s,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(pack(state), path, metadata={"head": json.dumps(facts)})


def pack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """float32 tensors → int8 with a float16 scale per first index where large, float16 elsewhere."""
    import torch

    packed: dict[str, Tensor] = {}
    for key, value in state.items():
        value = value.detach().float().cpu()
        if value.ndim < 2 or value.numel() < SMALLEST_PACKED or key.startswith("shapes."):
            packed[key] = value.half().contiguous()
            continue
        scale = (value.flatten(1).abs().amax(1) / 127).clamp(min=1e-6).half()
        steps = value / scale.float().view(-1, *[1] * (value.ndim - 1))
        packed[key] = steps.round().clamp(-127, 127).to(torch.int8).contiguous()
        packed[f"{key}#scale"] = scale
    return packed


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `pack`, up to its rounding; float32 throughout."""
    state: dict[str, Tensor] = {}
    for key, value in packed.items():
        if key.endswith("#scale"):
            continue
        value = value.float()
        if f"{key}#scale" in packed:
            value = value * packed[f"{key}#scale"].float().view(-1, *[1] * (value.ndim - 1))
        state[key] = value
    return state


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
