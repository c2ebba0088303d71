"""The first layers of Whisper's speech encoder: log-mel in, states at 50 Hz out.

Only the convolutions and the first transformer layers, in plain torch, so that a motion model can carry them in its own
weights file and run with no download. The middle layers know which sound is spoken and where; the last ones have
begun to turn it into text, and follow the mouth less well (figures in motion/weights/MODEL_CARD.md).

Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision". Weights: OpenAI, MIT licence.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from ..errors import MissingWeights

RATE = 50  # states a second: state k is centred on second k / 50
POSITIONS = 1500  # states that one pass may hold: 30 s


class Layer(nn.Module):
    """One transformer layer, normalisation first. (B, T, width) in and out."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)
        self.mlp_in, self.mlp_out = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        n = self.attention_norm(x)
        query, key, value = (f(n).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.query, self.key, self.value))
        attended = functional.scaled_dot_product_attention(query, key, value)  # (B, heads, T, width / heads)
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        out: Tensor = x + self.mlp_out(functional.gelu(self.mlp_in(self.mlp_norm(x))))
        return out


class WhisperEncoder(nn.Module):
    """(B, n100, 80) log-mel → (B, ceil(n100 / 2), width × taps) states at 50 Hz: after each layer that is tapped, normalised.

    layers: how many to run, counted from the first. taps: layers whose outputs are returned (1 = the first), None = after the last.
    """

    def __init__(
        self, layers: int, *, width: int = 384, heads: int = 6, inner: int = 1536, bands: int = 80, taps: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.taps = list(taps) if taps else [layers]
        self.sizes = {"layers": layers, "width": width, "heads": heads, "inner": inner, "bands": bands, "taps": self.taps}
        self.enter = nn.Conv1d(bands, width, 3, padding=1)
        self.halve = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(Layer(width, heads, inner) for _ in range(layers))
        self.register_buffer("positions", sinusoids(POSITIONS, width), persistent=False)

    def forward(self, mel: Tensor) -> Tensor:
        x = functional.gelu(self.enter(mel.transpose(1, 2)))
        x = functional.gelu(self.halve(x)).transpose(1, 2)
        x = x + self.get_buffer("positions")[: x.shape[1]]
        states = []
        for number, layer in enumerate(self.layers, 1):
            x = layer(x)
            if number in self.taps:
                states.append(functional.layer_norm(x, x.shape[-1:]))
        return torch.cat(states, -1)


def sinusoids(count: int, width: int) -> Tensor:
    """(count, width) position code: sines, then cosines, of periods from 2 pi to 20000 pi steps."""
    rates = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(count)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def from_ctranslate2(path: Path, taps: Sequence[int]) -> WhisperEncoder:
    """The first layers of a Whisper model that was converted to CTranslate2's model.bin, up to its last tap.

    Raises: MissingWeights — not such a file, or a model with fewer layers.
    """
    stored, layers = read_ctranslate2(path), max(taps)
    state: dict[str, Tensor] = {}

    def copy(ours: str, theirs: str, rows: slice = slice(None)) -> None:
        if f"encoder/{theirs}" not in stored:
            raise MissingWeights("encoder.no-weights", path=path, weights=theirs, layers=layers)
        state[ours] = torch.tensor(np.array(stored[f"encoder/{theirs}"][rows], np.float32))

    for kind in ("weight", "bias"):
        copy(f"enter.{kind}", f"conv1/{kind}")
        copy(f"halve.{kind}", f"conv2/{kind}")
    width = len(state["enter.bias"])
    for k in range(layers):
        attention, mlp = f"layer_{k}/self_attention", f"layer_{k}/ffn"
        for kind in ("weight", "bias"):
            norm = {"weight": "gamma", "bias": "beta"}[kind]
            copy(f"layers.{k}.attention_norm.{kind}", f"{attention}/layer_norm/{norm}")
            copy(f"layers.{k}.mlp_norm.{kind}", f"{mlp}/layer_norm/{norm}")
            copy(f"layers.{k}.query.{kind}", f"{attention}/linear_0/{kind}", slice(0, width))
            copy(f"layers.{k}.value.{kind}", f"{attention}/linear_0/{kind}", slice(2 * width, None))
            copy(f"layers.{k}.out.{kind}", f"{attention}/linear_1/{kind}")
            copy(f"layers.{k}.mlp_in.{kind}", f"{mlp}/linear_0/{kind}")
            copy(f"layers.{k}.mlp_out.{kind}", f"{mlp}/linear_1/{kind}")
        copy(f"layers.{k}.key.weight", f"{attention}/linear_0/weight", slice(width, 2 * width))
    return _encoder(state, taps, heads=width // 64)  # every Whisper has heads of 64


def from_hugging_face(encoder: nn.Module, taps: Sequence[int]) -> WhisperEncoder:
    """The first layers of transformers' WhisperEncoder, up to its last tap. Raises: MissingWeights — fewer layers, or not 80 mel bands."""
    stored, layers = encoder.state_dict(), max(taps)
    names = {"self_attn_layer_norm": "attention_norm", "final_layer_norm": "mlp_norm", "fc1": "mlp_in", "fc2": "mlp_out"}
    names |= {f"self_attn.{theirs}_proj": ours for theirs, ours in (("q", "query"), ("k", "key"), ("v", "value"), ("out", "out"))}
    if f"layers.{layers - 1}.fc1.weight" not in stored or stored["conv1.weight"].shape[1] != 80:
        raise MissingWeights("encoder.needs-whisper", layers=layers)
    state = {
        f"{ours}.{kind}": stored[f"{theirs}.{kind}"]
        for ours, theirs in (("enter", "conv1"), ("halve", "conv2"))
        for kind in ("weight", "bias")
    }
    for k in range(layers):
        for theirs, ours in names.items():
            for kind in ("weight", "bias"):
                if f"layers.{k}.{theirs}.{kind}" in stored:  # keys have no bias
                    state[f"layers.{k}.{ours}.{kind}"] = stored[f"layers.{k}.{theirs}.{kind}"]
    return _encoder({key: value.float() for key, value in state.items()}, taps, heads=len(state["enter.bias"]) // 64)


def _encoder(state: dict[str, Tensor], taps: Sequence[int], heads: int) -> WhisperEncoder:
    network = WhisperEncoder(max(taps), width=len(state["enter.bias"]), heads=heads, inner=len(state["layers.0.mlp_in.bias"]), taps=taps)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def read_ctranslate2(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Every tensor of a CTranslate2 model.bin by name. Raises: MissingWeights — not readable as one.

    Layout (little endian): version u32, name, revision u32, count u32, then per tensor: name, rank u8, shape u32 each,
    type u8, bytes u32, data. Names are u16 length and that many bytes, the last one zero.
    """
    types = (np.float32, np.int8, np.int16, np.int32, np.float16)
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    try:
        with open(path, "rb") as file:
            _number(file, "I"), _name(file), _number(file, "I")
            for _ in range(_number(file, "I")):
                name = _name(file)
                shape = [_number(file, "I") for _ in range(_number(file, "B"))]
                kind = types[_number(file, "B")]
                tensors[name] = np.frombuffer(file.read(_number(file, "I")), kind).reshape(shape)
    except (OSError, ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise MissingWeights("encoder.unreadable", path=path, error=error) from error
    return tensors


def _number(file: BinaryIO, kind: str) -> int:
    return int(struct.unpack(f"<{kind}", file.read(struct.calcsize(f"<{kind}")))[0])


def _name(file: BinaryIO) -> str:
    return file.read(_number(file, "H"))[:-1].decode()


def from_state(state: Mapping[str, Tensor], sizes: Mapping[str, Any]) -> WhisperEncoder:
    """An encoder from its own saved tensors and `WhisperEncoder.sizes`."""
    network = WhisperEncoder(**sizes)
    network.load_state_dict(dict(state))
    return network.eval().requires_grad_(False)
