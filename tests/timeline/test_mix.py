"""Several stretches of speech as one file: every sample at its place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from heygem_core.errors import MediaNotFound
from heygem_core.media.speech_mix import mix_speech
from heygem_core.shot import SpeechPiece

from ..media import make

RATE = 48_000


def level(path: Path, value: float, seconds: int, channels: int = 1, rate: int = RATE) -> str:
    samples = np.full((channels, seconds * rate), value, np.float32)
    return str(make.sound(path, samples, rate=rate, layout="mono" if channels == 1 else "stereo"))


def read(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", rate=RATE)
        parts = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([part.to_ndarray().reshape(-1, len(part.layout.channels)) for part in parts])


def test_pieces_lie_at_their_times_with_silence_between(tmp_path: Path) -> None:
    quiet, loud = level(tmp_path / "q.wav", 0.25, 4), level(tmp_path / "l.wav", 0.5, 4)
    pieces = (
        SpeechPiece(path=quiet, start_s=Fraction(1), duration_s=Fraction(1, 2), at_s=Fraction(1, 4)),
        SpeechPiece(path=loud, start_s=Fraction(0), duration_s=Fraction(3, 2), at_s=Fraction(1)),
        SpeechPiece(path=quiet, start_s=Fraction(0), duration_s=Fraction(1), at_s=Fraction(2)),
    )
    samples = read(mix_speech(pieces, tmp_path / "mix.wav", Fraction(7, 2)))
    assert samples.shape == (round(3.5 * RATE), 1)
    wanted = np.zeros(len(samples))
    wanted[12_000:36_000] += 0.25
    wanted[48_000:120_000] += 0.5
    wanted[96_000:144_000] += 0.25
    np.testing.assert_allclose(samples[:, 0], wanted, atol=1e-4)
    assert not list(tmp_path.glob("*.part"))


def test_length_is_exact_at_rates_that_do_not_divide_it(tmp_path: Path) -> None:
    voice = level(tmp_path / "v.wav", 0.5, 2, rate=44_100)
    take = Fraction(47 * 1001, 24_000)  # 47 frames of 23.976
    piece = SpeechPiece(path=voice, start_s=Fraction(0), duration_s=take, at_s=Fraction(0))
    assert len(read(mix_speech((piece,), tmp_path / "mix.wav", take))) == round(take * RATE)


def test_one_stereo_piece_makes_it_stereo_and_sums_are_clipped(tmp_path: Path) -> None:
    both = level(tmp_path / "b.wav", 0.75, 1, channels=2)
    pieces = tuple(SpeechPiece(path=both, start_s=Fraction(0), duration_s=Fraction(1), at_s=Fraction(0)) for _ in range(2))
    samples = read(mix_speech(pieces, tmp_path / "mix.wav", Fraction(1)))
    assert samples.shape == (RATE, 2)
    assert samples.max() == pytest.approx(1, abs=1e-4)


def test_a_missing_piece_leaves_nothing_behind(tmp_path: Path) -> None:
    piece = SpeechPiece(path=str(tmp_path / "gone.wav"), start_s=Fraction(0), duration_s=Fraction(1), at_s=Fraction(0))
    with pytest.raises(MediaNotFound):
        mix_speech((piece,), tmp_path / "mix.wav", Fraction(1))
    assert not list(tmp_path.iterdir())
