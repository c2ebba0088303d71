"""A model with its own listener learns from real recordings what a better model hears in them."""

from __future__ import annotations

import ctypes.util
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heygem_core.errors import MediaNotFound, SpecError
from heygem_core.motion.motion_model import MotionModel, load_motion_model, save_motion_model
from heygem_core.motion.speech_features import encode_speech
from heygem_core.motion.training.mel_augment import LOWEST, disturbed_mel
from heygem_core.motion.training.refine import RefiningRecipe, recorded_lessons, refine, refine_on
from heygem_core.speech.features import log_mel

needs_espeak = pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="the library of espeak-ng is not installed")


def vowel(seconds: float, pitch: float = 120.0) -> np.ndarray:
    time = np.arange(round(seconds * 16_000)) / 16_000
    return (0.1 * sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, 20))).astype(np.float32)


def write(path: Path, samples: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 32_000).astype("<i2").tobytes())
    return path


def test_a_disturbed_spectrogram_has_its_shape_and_keeps_sound_and_lips_together() -> None:
    """A click and what belongs to it stay within a state of each other, at any speed; after the end nothing is wanted."""
    for seed in range(60):
        mel, wanted = np.full((400, 80), LOWEST, np.float32), np.zeros((200, 2), np.float32)
        mel[200:206], wanted[100:103] = 1.0, 1.0
        heard, asked = disturbed_mel(mel, wanted, np.random.default_rng(seed))
        assert heard.shape == mel.shape
        assert asked.shape == wanted.shape
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()
        assert heard.min() >= LOWEST
        loud, closed = int(heard.mean(1).argmax()), np.flatnonzero(asked[:, 0] == 1)
        assert len(closed)
        assert closed[0] - 2 <= loud / 2 <= closed[-1] + 2, seed
        unknown = np.flatnonzero(np.isnan(asked[:, 0]))
        assert not len(unknown) or (unknown == np.arange(unknown[0], 200)).all()
    assert (mel[200:206] == 1).all(), "what is given stays as it is"
    assert (wanted[100:103] == 1).all()


def test_a_teacher_is_heard_on_each_recording_and_the_student_comes_nearer_to_it(tmp_path: Path) -> None:
    """The teacher here is the student with another mind: what is learnt is kept, and the files' weights answer alike."""
    student = load_motion_model()
    rng = np.random.default_rng(0)
    for k in range(4):
        write(tmp_path / f"{k}.wav", np.concatenate([vowel(float(rng.uniform(0.1, 0.4)), 100 + 30 * k) * (j % 3 > 0) for j in range(40)]))
    teacher = replace(student, net=_other_mind(student))
    lessons = list(recorded_lessons(teacher, [tmp_path]))
    assert len(lessons) == 4
    assert all(mel.shape == (2 * len(wanted), 80) and wanted.shape[1] == 3 + len(student.basis) for mel, wanted in lessons)
    assert all((wanted[:, :3] >= 0).all() and (wanted[:, :3] <= 1).all() for _, wanted in lessons)
    *epochs, better = refine_on(student, lessons, RefiningRecipe(epochs=6, batch=2, held_out=4))
    assert [e.done for e in epochs] == list(range(1, 7))  # type: ignore[union-attr]
    assert epochs[-1].check < 0.8 * epochs[0].check  # type: ignore[union-attr]
    assert isinstance(better, MotionModel)
    save_motion_model(better, tmp_path / "better.safetensors")
    kept = load_motion_model(str(tmp_path / "better.safetensors"))
    assert kept.encoder.kind == "mel"
    assert kept.carries_encoder
    samples = vowel(2.0)
    wanted, before, after = (encode_speech(model, samples).coefficients for model in (teacher, student, kept))
    assert np.abs(after - wanted).mean() < np.abs(before - wanted).mean()
    assert np.isfinite(log_mel(samples)).all()


def _other_mind(model: MotionModel) -> object:
    import copy

    import torch

    net = copy.deepcopy(model.net)
    with torch.no_grad():
        net.leave.bias += 1.0  # type: ignore[union-attr,operator]
    return net


def test_what_cannot_teach_or_learn_is_refused(tmp_path: Path) -> None:
    student = load_motion_model()
    write(tmp_path / "one.wav", vowel(2.0))
    with pytest.raises(MediaNotFound):
        list(recorded_lessons(student, [tmp_path / "none"]))
    with pytest.raises(SpecError, match="does not know p, b and m"):
        list(recorded_lessons(replace(student, labials=None), [tmp_path]))
    with pytest.raises(SpecError, match="no listener of its own"):
        list(refine_on(replace(student, encoder=replace(student.encoder, network=None)), [], RefiningRecipe()))


@pytest.mark.full
@needs_espeak
def test_a_run_of_recordings_synthetic_speech_and_music_gives_a_model_and_the_same_every_time(tmp_path: Path) -> None:
    student = load_motion_model()
    write(tmp_path / "voices" / "one.wav", np.concatenate([vowel(0.3), np.zeros(1000, np.float32)] * 20))
    recipe = RefiningRecipe(spoken=2, unspoken_minutes=1, epochs=1, batch=2, held_out=5)
    first, second = (list(refine(student, student, [tmp_path / "voices"], recipe)) for _ in range(2))
    assert first[0].loss == pytest.approx(second[0].loss, rel=0.2)  # type: ignore[union-attr]  # espeak-ng's own noise goes on
    assert isinstance(first[-1], MotionModel)
    assert isinstance(second[-1], MotionModel)
    assert np.isfinite(encode_speech(first[-1], vowel(1.0)).coefficients).all()
