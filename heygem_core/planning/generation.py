"""The generation stage of engines that have one: costly blocks of a take, each made once, by whichever process is free.

    plan context ─► outline (cached) ─► blocks, each cached under the hash of what it is made from ─► the engine's plan

Blocks lie at multiples of the engine's block size. A kill loses at most the block in hand; the next try goes on behind the last one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engines.base import Generated, GeneratingEngine, PlanContext, StoredArrays
from ..engines.requirements import device_for
from ..errors import OutputError, UnreadableMedia
from ..media.content import frames_content
from ..shot import Event, Progress, RenderSettings
from ..storage.cache import Cache, key_of

if TYPE_CHECKING:
    from ..media.info import MediaInfo

LOGGER = logging.getLogger(__name__)

GENERATION_VERSION = 1  # raise it whenever the shared part of this stage would give an engine other pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationBlock:
    """One block of the take that an engine generates."""

    start: int  # frame of the take
    end_exclusive: int
    key: str  # hash of all that it is made from
    content: str  # digest of the source frames that it looks at


def kept_outline(key: str, cache: Cache, info: MediaInfo) -> StoredArrays | None:
    """The outline of a shot whose plan has that key; None where it was not written yet."""
    folder = cache.entry("outlines", key)
    return None if folder is None else StoredArrays(info=info, folder=folder)


def outline_of(engine: GeneratingEngine, key: str, cache: Cache, info: MediaInfo, context: Callable[[Path], PlanContext]) -> StoredArrays:
    """The outline of a shot whose plan has that key, from the cache or written now; `context` is asked for only then."""
    kept = kept_outline(key, cache, info)
    if kept is None:
        with cache.making("outlines", key) as made:
            told = context(made)
            np.save(made / "frames.npy", told.frames)
            np.save(made / "reasons.npy", told.reasons)
            engine.outline(told)
        kept = kept_outline(key, cache, info)
    if kept is None:
        raise OutputError("plan.outline-not-kept", folder=cache.root)
    return kept


def blocks_of(engine: GeneratingEngine, outline: StoredArrays, settings: RenderSettings, cache: Cache) -> tuple[GenerationBlock, ...]:
    """All blocks of a take, in order."""
    frames = outline.array("frames")
    shared = (GENERATION_VERSION, engine.name, engine.version, settings.device, settings.deinterlace)
    found = []
    for start in range(0, len(frames), engine.block):
        end = min(start + engine.block, len(frames))
        seen = _seen(engine, frames, start, end)
        content = _content(outline, seen, cache)
        key = key_of(shared, content, start, end, seen, engine.generation_digest(outline, start, end).hex())
        found.append(GenerationBlock(start=start, end_exclusive=end, key=key, content=content))
    return tuple(found)


def _seen(engine: GeneratingEngine, frames: NDArray[np.int64], start: int, end: int) -> list[int]:
    """Numbers of the source frames that a block looks at."""
    seen: list[int] = frames[max(0, start - engine.reach) : end + engine.reach].tolist()
    return seen


def _content(outline: StoredArrays, seen: list[int], cache: Cache) -> str:
    return frames_content(outline.info, min(seen), max(seen) + 1, cache)


def generate_blocks(
    engine: GeneratingEngine,
    outline: StoredArrays,
    settings: RenderSettings,
    cache: Cache,
    start: int = 0,
    end_exclusive: int | None = None,
) -> Generator[Event, None, Generated]:
    """Makes those blocks of [start, end_exclusive) that the cache does not hold; end_exclusive: None = to the end of the take.

    Yields progress in frames of the whole take. What is returned holds the blocks of the range.

    Raises: InputError, SetupError, OutputError.
    """
    from ..engines.compositing import read_windows  # imports torch

    blocks = blocks_of(engine, outline, settings, cache)
    total = blocks[-1].end_exclusive
    wanted = [block for block in blocks if block.end_exclusive > start and (end_exclusive is None or block.start < end_exclusive)]
    device: Any = None
    for block in wanted:
        if cache.entry("generated", block.key) is None:
            LOGGER.info("%s generates frames %d–%d", engine.name, block.start, block.end_exclusive)
            device = device or device_for(engine, settings.device)
            yield Progress(stage="generate", done=block.start, total=total)
            [window] = read_windows(outline.info, outline.array("frames"), engine, block.start, block.end_exclusive)
            with cache.making("generated", block.key) as made:
                for name, array in engine.generate(outline, window, device).items():
                    if len(array) != block.end_exclusive - block.start:
                        raise RuntimeError(
                            f"The engine “{engine.name}” made {len(array)} rows of {name} for frames {block.start}–{block.end_exclusive}."
                        )
                    np.save(made / f"{name}.npy", array)
                seen = _seen(engine, outline.array("frames"), block.start, block.end_exclusive)
                if _content(outline, seen, cache) != block.content:
                    raise UnreadableMedia("media.changed", file=outline.info.path.name)
            yield Progress(stage="generate", done=block.end_exclusive, total=total)
    return _read(engine, wanted, cache)


def missing_ranges(blocks: tuple[GenerationBlock, ...], cache: Cache, longest: int | None) -> tuple[tuple[int, int], ...]:
    """The frames of a take whose blocks are not there yet, as ranges of whole blocks (end exclusive) of at most `longest` frames."""
    ranges: list[tuple[int, int]] = []
    for block in blocks:
        if cache.entry("generated", block.key) is not None:
            continue
        last = ranges[-1] if ranges else None
        if last is not None and last[1] == block.start and (longest is None or block.end_exclusive - last[0] <= longest):
            ranges[-1] = (last[0], block.end_exclusive)
        else:
            ranges.append((block.start, block.end_exclusive))
    return tuple(ranges)


def _read(engine: GeneratingEngine, blocks: list[GenerationBlock], cache: Cache) -> Generated:
    folders = [cache.entry("generated", block.key) for block in blocks]
    if None in folders:
        raise OutputError("plan.generated-not-kept", folder=cache.root)
    return Generated(block=engine.block, folders=tuple(folder for folder in folders if folder is not None))
