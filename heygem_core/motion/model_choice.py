"""Chooses the motion model of a render and its speech encoder: what `--motion` and `--speech-encoder` mean.

auto      the Whisper model where its encoder is on this machine, else mel
mel       carries its encoder; five to twenty times faster, follows less closely (figures in weights/MODEL_CARD.md)
whisper   the model on Whisper tiny.en, or an error that says how to get its encoder
PATH      a model of your own, from `heygem train motion`
"""

from __future__ import annotations

from importlib.util import find_spec

from ..errors import MissingPackage, MissingWeights, SetupError, SpecError
from ..speech.encoder import OFFLINE
from .motion_model import MotionModel, load_motion_model

AUTO, MEL, WHISPER = "auto", "mel", "whisper"
_WHISPER_ENCODERS = (OFFLINE, "openai/whisper-tiny.en")  # the same weights; where they may be


def choose_motion_model(motion: str = AUTO, encoder: str | None = None) -> MotionModel:
    """motion and encoder: as this module's first lines and `speech.encoder` say; encoder None = where the model's own is found.

    Raises: MissingWeights, MissingPackage — not on this machine, or an encoder that the model was not trained on. SpecError — an
    encoder for a model that needs none.
    """
    if encoder is None and motion in (AUTO, WHISPER):
        return _shipped(motion)
    model = load_motion_model(WHISPER if motion == AUTO else motion, encoder)
    if encoder is not None and model.carries_encoder:
        raise SpecError("model.carries-encoder", model=motion)
    return model


def _shipped(motion: str) -> MotionModel:
    """The Whisper model with the encoder that this machine has; with "auto", else `mel`."""
    for encoder in _WHISPER_ENCODERS:
        if encoder != OFFLINE and not _cached(encoder):
            continue
        try:
            return load_motion_model(WHISPER, encoder)
        except SetupError:
            continue
    if motion == AUTO:
        return load_motion_model(MEL)
    raise MissingPackage("model.needs-whisper-tiny")


def _cached(name: str) -> bool:
    """Whether transformers would find a checkpoint without asking the network."""
    if find_spec("transformers") is None:
        return False
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "config.json"), str)


def model_identity(model: MotionModel) -> str:
    """Changes whenever the same speech would give another motion: the model's weights and its encoder's.

    Raises: MissingWeights — a model that was never saved.
    """
    if not model.digest:
        raise MissingWeights("model.not-saved")
    return f"{model.digest}-{model.encoder.digest[:16]}"
