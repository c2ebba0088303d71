"""The mesh engine as others meet it. What it does is imported when it is done: the engine can be listed and asked without torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...messages import Message, tell
from ..base import Change, Engine, EngineFacts, Needs, PlanArrays, PlanContext, Window
from . import BLOCK

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ...media.planes import Box


class MeshEngine:
    """Moves the frame's own pixels with the face mesh; draws on any device and needs no weights."""

    name = "mesh"
    version = 6  # raise it whenever the same shot would give other arrays or pixels, also by another way of measuring the lips
    block = BLOCK
    reach = 0
    needs = Needs()

    def plan(self, context: PlanContext) -> EngineFacts:
        """Measures how far this person's drawn lips are seen to go, then writes points, crops and donors."""
        from .donor_mouths import MouthStore
        from .lip_calibration import calibrate_lips
        from .prepare import prepare_engine_inputs

        person = context.person
        calibration = calibrate_lips(self, person, context.info, context.settings, context.motion_model, context.cache, context.regions)
        gain = (calibration.across, calibration.down, 1.0)
        store = MouthStore(person, context.info, context.settings, context.cache)
        prepare_engine_inputs(
            *(context.info, person, context.frames, context.shapes, context.fps, context.folder),
            gain=gain,
            share=context.blend,
            store=store,
            regions=context.regions,
        )
        notices: tuple[Message, ...] = ()
        if not person.shows_mouth_inside:
            notices = (tell("plan.mouth-drawn"),)
        return EngineFacts(notices=notices, drawn_mouth=not person.shows_mouth_inside, lip_calibration=calibration)

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        """Hash of the points, crops and donors of some frames."""
        from .segment_digest import digest_of

        return digest_of(plan, start, end_exclusive)

    def matte(self, plan: PlanArrays, frame: int) -> tuple[Box, NDArray[np.float32]]:
        """Where a frame may change."""
        from .batches import matte_at

        return matte_at(plan, frame)

    def draw(self, plan: PlanArrays, windows: Iterator[Window], device: torch.device) -> Iterator[Change]:
        """The changes of some blocks, each block drawn at once."""
        from .batches import draw_windows

        return draw_windows(plan, windows, device)


ENGINE: Engine = MeshEngine()
