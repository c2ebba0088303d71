"""A model that somebody trained loads and says what it said."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.motion.predict import STEP

from . import doors, footage
from .record import MATERIAL

FOLDER = MATERIAL / "motion"


@pytest.mark.parametrize("model", ["mel", "encoder"])
def test_a_model_of_before_predicts_what_it_predicted(model: str) -> None:
    """One carries its small listener, the other listens through a HuBERT checkpoint whose digest it remembers."""
    if model == "encoder":
        pytest.importorskip("transformers")
    encoder = str(FOLDER / "encoder") if model == "encoder" else None
    found = doors.motion(str(FOLDER / f"{model}.safetensors"), footage.speech(), encoder)
    with np.load(FOLDER / "expected.npz") as expected:
        assert np.abs(expected[f"{model} coefficients"]).max() > 0.1, "the recorded mouth does not move"
        rounded = {"coefficients": STEP / 2, "basis": 0.0}  # coefficients are told in steps since; that much and no more may differ
        for part, half_a_step in rounded.items():
            assert np.abs(np.asarray(found[part], np.float32) - expected[f"{model} {part}"]).max() < 5e-3 + half_a_step, part
        assert (np.asarray(found["speaking"]) == expected[f"{model} speaking"]).mean() > 0.99
        assert list(found["vertices"]) == list(expected[f"{model} vertices"])
