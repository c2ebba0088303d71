"""What MuseTalk and LatentSync hear: states of Whisper tiny at 50 Hz, five layers each, and the ten of them around a frame's time.

    samples ─► log-mel ─► pieces of 30 s ─► Whisper's encoder ─► states (n, 5, 384) ─► windows (frames, 50, 384)

Both use the multilingual Whisper tiny, each in its own way. MuseTalk takes the spectrogram of every piece for itself, with silence behind
the last one, and the fifth layer after the encoder's last normalisation. LatentSync takes the spectrogram of the whole recording, zeros
(not silence) behind it, and the fifth layer as it comes. Before and after the recording MuseTalk hears zeros, LatentSync the outermost
state again and again.

Windows go by a frame's time, whatever the frame rate, and lie within 10 ms around it. Long speech is listened to in pieces that overlap,
of which only the middles are kept: a state at the edge of a piece knows but one side of what is said. The models' own programs do neither:
they round the frame rate to whole numbers and put pieces side by side. `as_published` does as they do, for comparing with them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

Model = Literal["musetalk", "latentsync"]
Floats = NDArray[np.float32]

RATE = 50  # states a second: state k is centred on second k / 50
WINDOW = 10  # states that are fed with a frame
BEFORE = 4  # of them begin before the frame's time
_SAMPLES = 320  # of one state, at 16 kHz
_COLUMNS = 2  # of the spectrogram, of one state
_PIECE = 1500  # states of the 30 s that Whisper hears at a time
_MARGIN = 250  # states at each edge of a piece that are not kept
_FFT, _HOP = 400, 160
_SILENCE = 1e-10  # power that counts as none
_DEPTH = 8.0  # decades below the loudest moment that are told apart


def speech_states(encoder: WhisperEncoder, samples: Floats, model: Model, *, as_published: bool = False) -> Floats:
    """The states (n, 5, width) of some speech: mono at 16 kHz, any length."""
    sound = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
    count = len(samples) // _SAMPLES
    if not count:
        return np.zeros((0, len(encoder.layers) + 1, encoder.config.d_model), np.float32)
    spectrum = _of_each_piece(sound) if model == "musetalk" else _of_the_whole(sound)
    kept = []
    for first, keep_from, keep_to in pieces(count, middles=not as_published):
        states = _layers(encoder, spectrum(first), normalised=model == "musetalk")
        kept.append(states[keep_from - first : keep_to - first].cpu().numpy())
    return np.concatenate(kept)


def pieces(count: int, *, middles: bool) -> list[tuple[int, int, int]]:
    """How `count` states are heard: the first state of each piece of 30 s, and the range that is kept of it."""
    if not middles or count <= _PIECE:
        return [(first, first, min(first + _PIECE, count)) for first in range(0, count, _PIECE)]
    found, kept = [], 0
    while kept < count:
        first = max(0, kept - _MARGIN)
        end = count if first + _PIECE >= count else first + _PIECE - _MARGIN
        found.append((first, kept, end))
        kept = end
    return found


def window_starts(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first of the states that are fed with frames at these seconds of the speech; negative before its beginning."""
    return np.asarray(np.floor(np.round(times * RATE, 6)), np.int64) - BEFORE


def published_window_starts(count: int, fps: float, model: Model) -> NDArray[np.int64]:
    """The same for frames 0 … count-1 as the models' own programs choose them.

    MuseTalk's takes 23.976 for 23 frames a second, and below 25 fps begins a window too early. LatentSync's knows 25 fps alone.
    """
    rate = int(fps) if model == "musetalk" else 25
    before = 2 * int(np.ceil(RATE / rate)) if model == "musetalk" else BEFORE
    return np.asarray([int(frame * (RATE / rate)) - before for frame in range(count)], np.int64)


def windows(states: Floats, starts: NDArray[np.int64], model: Model) -> Floats:
    """What is fed with each frame (frames, 50, width): its ten states, of each the five layers one after another."""
    wanted = starts[:, None] + np.arange(WINDOW)
    if not len(states):
        return np.zeros((len(starts), WINDOW * states.shape[1], states.shape[2]), np.float32)
    found = states[np.clip(wanted, 0, len(states) - 1)]
    if model == "musetalk":
        found = found * ((wanted >= 0) & (wanted < len(states)))[..., None, None]
    return np.asarray(found, np.float32).reshape(len(starts), -1, states.shape[2])


def position_code(tokens: int, width: int) -> Tensor:
    """(tokens, width) that MuseTalk adds to a window: sines in even columns, cosines in odd ones."""
    angles = torch.arange(tokens)[:, None] * torch.exp(torch.arange(0, width, 2) * (-np.log(10_000.0) / width))
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1).float()


def _layers(encoder: WhisperEncoder, spectrum: Tensor, *, normalised: bool) -> Tensor:
    """(80, 3000) → (1500, 5, width): what enters the first layer, and what each layer gives, the last one normalised or not."""
    raw: list[Tensor] = []
    with torch.inference_mode(), encoder.layer_norm.register_forward_pre_hook(lambda _norm, given: raw.append(given[0])):
        heard = encoder(spectrum[None].to(encoder.dtype).to(encoder.device), output_hidden_states=True)
    last = heard.last_hidden_state if normalised else raw[0]
    return torch.stack([*heard.hidden_states[: len(encoder.layers)], last], 2)[0].float()


def _of_each_piece(sound: Tensor) -> Callable[[int], Tensor]:
    def spectrum(first: int) -> Tensor:
        piece = sound[first * _SAMPLES : (first + _PIECE) * _SAMPLES]
        return log_mel(functional.pad(piece, (0, _PIECE * _SAMPLES - len(piece))))

    return spectrum


def _of_the_whole(sound: Tensor) -> Callable[[int], Tensor]:
    whole = log_mel(sound)

    def spectrum(first: int) -> Tensor:
        piece = whole[:, first * _COLUMNS : (first + _PIECE) * _COLUMNS]
        return functional.pad(piece, (0, _PIECE * _COLUMNS - piece.shape[1]))

    return spectrum


def log_mel(sound: Tensor) -> Tensor:
    """Whisper's own log-mel (80, n // 160) of samples (n,) at 16 kHz: everything 8 decades below the loudest moment is as quiet as that.

    `speech.features.log_mel`, which our own models read, levels the speech and has a fixed floor instead.
    """
    sound = functional.pad(sound, (0, max(0, _FFT - len(sound))))  # the edges are mirrored: that takes half a window of sound
    spectrum = torch.stft(sound, _FFT, _HOP, window=torch.hann_window(_FFT), return_complex=True)[:, :-1]
    power = (_filters().T @ spectrum.abs().square()).clamp(min=_SILENCE).log10()
    return (power.maximum(power.max() - _DEPTH) + 4) / 4


@cache
def _filters() -> Tensor:
    from transformers import WhisperFeatureExtractor

    bank: Any = WhisperFeatureExtractor().mel_filters  # (201, 80)
    return torch.from_numpy(np.asarray(bank, np.float32))
