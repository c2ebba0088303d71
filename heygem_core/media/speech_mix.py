"""Mixes several stretches of speech into one file: each at its time under one picture clip, with silence between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from .sound import TAKE_RATE, take_layout, take_sound
from .sound_source import Samples, sound_frame

if TYPE_CHECKING:
    from ..shot import SpeechPiece

_BLOCK = TAKE_RATE  # samples that are mixed at once: a second


def mix_speech(pieces: Sequence[SpeechPiece], output: str | Path, duration_s: Fraction) -> Path:
    """Writes a WAV of 48 kHz, 24 bit, exactly round(duration_s · 48000) samples long; overlapping pieces are added and
    clipped at full scale. Mono where every piece is mono, else stereo. One second is in memory at a time.

    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    output = Path(output)
    layout = "mono" if all(take_layout(piece.path, piece.channels) == "mono" for piece in pieces) else "stereo"
    voices = [_PieceReader(piece, layout) for piece in pieces]
    total = round(duration_s * TAKE_RATE)
    unfinished = output.with_name(output.name + ".part")
    try:
        with av.open(str(unfinished), "w", format="wav") as container:
            stream: Any = container.add_stream("pcm_s24le", rate=TAKE_RATE)
            stream.codec_context.layout = layout
            resampler = av.AudioResampler(format="s32", layout=layout, rate=TAKE_RATE)
            container.start_encoding()
            for begin in range(0, total, _BLOCK):
                block = np.zeros((1 if layout == "mono" else 2, min(_BLOCK, total - begin)), np.float32)
                for voice in voices:
                    voice.add_to(block, begin)
                frame = sound_frame(np.clip(block, -1, 1), layout, TAKE_RATE)
                frame.pts, frame.time_base = begin, Fraction(1, TAKE_RATE)
                for whole in resampler.resample(frame):
                    container.mux(stream.encode(whole))
            container.mux(stream.encode(None))
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return output


class _PieceReader:
    """One piece, read forward as the mix goes on."""

    def __init__(self, piece: SpeechPiece, layout: Any) -> None:
        self._first = round(piece.at_s * TAKE_RATE)
        self._chunks: Iterator[Samples] = take_sound(piece.path, piece.start_s, piece.duration_s, layout=layout, channels=piece.channels)
        self._ready: list[Samples] = []
        self._end = self._first + round(piece.duration_s * TAKE_RATE)
        self._position = self._first

    def add_to(self, block: Samples, begin: int) -> None:
        """Adds what is heard in (channels, n) samples that begin at that sample of the mix."""
        finish = min(begin + block.shape[1], self._end)
        while self._position < finish:
            chunk = self._ready.pop() if self._ready else next(self._chunks, None)
            if chunk is None:
                return
            here, left = chunk[:, : finish - self._position], chunk[:, finish - self._position :]
            at = self._position - begin
            block[:, at : at + here.shape[1]] += here
            self._position += here.shape[1]
            if left.shape[1]:
                self._ready.append(left)
