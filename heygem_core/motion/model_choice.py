"""Chooses the motion model of a render and its speech encoder: what `--motion` and `--speech-encoder` mean.

auto      the Whisper model where its encoder is on this machine, else mel
mel       carries its encoder; five to twenty times faster, follows less closely (figures in weights/MODEL_CARD.md)
whisper   the model on Whisper tiny.en, or an error that says how to get its encoder
PATH      a model of your own, from `heygem train motion`
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ..errors import MediaNotFound, MissingPackage, MissingWeights, SetupError, SpecError
from ..media.content import remembered, state_of
from ..speech.encoder import OFFLINE, offline_file
from ..storage.cache import Cache, key_of
from .motion_model import WEIGHTS, MotionModel, load_motion_model

AUTO, MEL, WHISPER = "auto", "mel", "whisper"
_WHISPER_ENCODERS = (OFFLINE, "openai/whisper-tiny.en")  # the same weights; where they may be
_loaded: set[tuple[str, str | None]] = set()  # what was chosen in this process, so that it is at hand


def choose_motion_model(motion: str = AUTO, encoder: str | None = None) -> MotionModel:
    """motion and encoder: as this module's first lines and `speech.encoder` say; encoder None = where the model's own is found.

    Raises: MissingWeights, MissingPackage — not on this machine, or an encoder that the model was not trained on. SpecError — an
    encoder for a model that needs none.
    """
    if encoder is None and motion in (AUTO, WHISPER):
        model = _shipped(motion)
    else:
        model = load_motion_model(WHISPER if motion == AUTO else motion, encoder)
    if encoder is not None and model.carries_encoder:
        raise SpecError("model.carries-encoder", model=motion)
    _loaded.add((motion, encoder))
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


def identity_of_choice(motion: str, encoder: str | None, cache: Cache) -> str:
    """`model_identity` of what `choose_motion_model` gives. Of shipped models it is remembered as long as their files stay as they are:
    loading one, and torch before it, takes longer than all else that a take needs whose plan is there. Raises: as `choose_motion_model`.
    """
    expected = None if encoder is not None or (motion, encoder) in _loaded else _expected(motion)
    known = "" if expected is None else _remembered_identity(motion, *expected, cache)
    return known or model_identity(choose_motion_model(motion, encoder))


def _remembered_identity(motion: str, name: str, files: list[Path], cache: Cache) -> str:
    """The identity of a shipped model, by the state of its files; empty where another one is chosen after all."""

    def find() -> str:
        model = choose_motion_model(motion)
        return model_identity(model) if model.name == name and (name == MEL or model.encoder.name == OFFLINE) else ""

    try:
        states = [state_of(file) for file in files]
    except MediaNotFound:
        return ""  # loading it tells what is missing
    settled = all(state.is_settled() for state in states)
    return remembered(files[0], f"motion model {key_of(*states)}", find, cache) if settled else ""


def _expected(motion: str) -> tuple[str, list[Path]] | None:
    """The shipped model that is probably meant, and the files that it is loaded from."""
    encoder = offline_file()
    if motion in (AUTO, WHISPER) and encoder is not None:
        return WHISPER, [WEIGHTS / f"{WHISPER}.safetensors", encoder]
    if motion == MEL or (motion == AUTO and find_spec("transformers") is None):
        return MEL, [WEIGHTS / f"{MEL}.safetensors"]
    return None
