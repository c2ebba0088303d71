"""An engine that shows a network's mouths: the network draws while the take is drawn, and its changes are laid over the frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...messages import Message, tell
from ...storage.artefacts import FileState
from ...weights.digests import files_of
from ..base import Change, EngineFacts, Needs, PlanArrays, PlanContext, Window
from .mouth_model import MouthModel, MouthNetwork

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ...media.planes import Box

NEURAL_VERSION = 2  # raise it whenever the shared part would give other arrays or pixels
_VERSIONS = 1000  # room for the models' own numbers


class NeuralEngine:
    """One model as an engine."""

    def __init__(self, model: MouthModel) -> None:
        self.model = model
        self.name = model.name

    @property
    def version(self) -> int:
        return NEURAL_VERSION * _VERSIONS + self.model.version

    @property
    def block(self) -> int:
        return self.model.block

    @property
    def reach(self) -> int:
        return self.model.reach

    @property
    def needs(self) -> Needs:
        return self.model.needs

    def plan(self, context: PlanContext) -> EngineFacts:
        """Writes crops, references, the matte's points and what the network hears."""
        from .prepare import forget_wanted_lips, write_inputs

        write_inputs(self.model, context)
        forget_wanted_lips(context)
        return EngineFacts(notices=notices_of(self.name, context))

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        """Hash of what the plan says about some frames, and of the network."""
        from .prepare import digest_of

        return digest_of(self.model, plan, start, end_exclusive)

    def matte(self, plan: PlanArrays, frame: int) -> tuple[Box, NDArray[np.float32]]:
        """Where a frame may change."""
        from .drawing import matte_at

        box, matte = matte_at(plan, frame)
        return box, matte.numpy()

    def draw(self, plan: PlanArrays, windows: Iterator[Window], device: torch.device) -> Iterator[Change]:
        """The changes of some blocks."""
        from .drawing import Generator, draw_block

        generator: Generator | None = None
        for window in windows:
            generator = generator or Generator(self.model, loaded(self.model, device), device)
            block = generator.mouths(plan, window)
            if block is not None:
                yield from draw_block(plan, window, block)


def notices_of(engine: str, context: PlanContext) -> tuple[Message, ...]:
    """What a user should know about a take of an engine with a network."""
    if context.settings.intensity != 1.0:
        return (tell("engine.no-intensity", engine=engine),)
    return ()


_LOADED: dict[object, MouthNetwork] = {}  # one: networks are large


def loaded(model: MouthModel, device: torch.device) -> MouthNetwork:
    """The model on a device; the last one stays in memory for the next piece of work. Raises: MissingWeights."""
    key = (model.name, model.version, str(device), *((str(path), FileState.of(path.stat())) for path in files_of(model.needs.models)))
    if key not in _LOADED:
        _LOADED.clear()
        _LOADED[key] = model.load(device)
    return _LOADED[key]
