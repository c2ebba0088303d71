"""Keeps a take in pieces of about a second, so that a render draws only what no render before it drew; the rest is copied.

A piece is a silent file in the cache, found by what the plan says about its own frames and nothing else: where new speech leaves a second
as it was, its piece stays. It does not matter who drew it: a render of the whole take, of a range, or a segment for the server. Pieces
begin where engines may begin anew (`about_a_second`), at the same frames of the take whatever range is asked for.

Takes that would fill a good part of the cache, or of its disk, are drawn without pieces.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..engines.base import about_a_second
from ..engines.registry import ENGINES
from ..errors import OutputError
from ..machine.memory import give_memory_back
from ..media.content import frames_content
from ..planning.covered import found_cover
from ..storage.cache import Cache, default_limit, key_of
from .inputs import holdout_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engines.compositing import Drawn
    from ..media.deliverables import Deliverable
    from ..media.writer import TakeWriter
    from ..planning.plan import Plan
    from ..shot import RenderSettings

LOGGER = logging.getLogger(__name__)

SEGMENT_VERSION = 6  # raise it whenever the same plan would give other pixels, whatever the engine
PIECES = "pieces"  # in the cache
_SHARE_OF_CACHE, _SHARE_OF_FREE_DISK = 0.25, 0.5  # that the pieces of one take may fill
_BYTES_PER_PIXEL = {"libx264": 0.1, "libx265": 0.1, "libvpx-vp9": 0.1}  # rather too much than too little
_BYTES_PER_PIXEL_OF_OTHERS = 1.5  # formats that compress each frame by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some frames of a take, in one format."""

    start: int
    end_exclusive: int
    key: str


def length_of_pieces(plan: Plan, settings: RenderSettings) -> int:
    """In frames, a multiple of the engine's block."""
    return about_a_second(plan.facts.frames / float(plan.facts.duration), ENGINES.get(settings.engine).block)


def key_of_frames(plan: Plan, settings: RenderSettings, start: int, end_exclusive: int, cache: Cache, *written: object) -> str:
    """Hash of all that the pixels of some frames depend on, `start` at the beginning of a block; `written`: how they are written."""
    engine = ENGINES.get(settings.engine)
    frames, reasons = plan.array("frames"), plan.array("reasons")
    seen = frames[max(0, start - engine.reach) : end_exclusive + engine.reach].tolist()
    holdout = holdout_of(plan.facts.shot, plan.facts.settings, plan.info)
    behind = () if holdout is None else (holdout.content(min(seen), max(seen) + 1, cache), holdout.first)
    found = found_cover(plan.folder)
    if found is not None:
        rows = found.rows[start:end_exclusive].tolist()
        behind = (*behind, [row if row < 0 else _digest(found.masks[row], found.positions[row]) for row in rows])
    what = (
        *(SEGMENT_VERSION, codec_versions(), engine.version, *_of_pixels(settings), *written),
        *(frames_content(plan.info, min(seen), max(seen) + 1, cache), start, end_exclusive, seen, *behind),
        *(reasons[start:end_exclusive].tolist(), engine.digest(plan, start, end_exclusive).hex()),
    )
    return key_of(what)


def pieces_of(
    plan: Plan, settings: RenderSettings, row: Deliverable, suffix: str, start: int, end_exclusive: int, cache: Cache
) -> tuple[Piece, ...]:
    """The pieces of frames [start, end_exclusive), `start` at the beginning of a block; none where they are not kept."""
    width, height = plan.info.coded_size
    size = (end_exclusive - start) * width * height * _BYTES_PER_PIXEL.get(row.video_codec, _BYTES_PER_PIXEL_OF_OTHERS)
    if size > min(_SHARE_OF_CACHE * default_limit(), _SHARE_OF_FREE_DISK * shutil.disk_usage(cache.root).free):
        return ()
    step = length_of_pieces(plan, settings)
    bounds = [start, *range(start - start % step + step, end_exclusive, step), end_exclusive]
    return tuple(
        Piece(start=first, end_exclusive=end, key=key_of_frames(plan, settings, first, end, cache, row.name, row.muxer, suffix))
        for first, end in pairwise(bounds)
    )


def missing(pieces: Sequence[Piece], cache: Cache) -> list[list[Piece]]:
    """Those that have to be drawn, in runs of neighbours, each of which is decoded and drawn in one go."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        if cache.entry(PIECES, piece.key) is not None:
            continue
        if runs and runs[-1][-1].end_exclusive == piece.start:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    LOGGER.info("%d of %d pieces have to be drawn", sum(map(len, runs)), len(pieces))
    return runs


def keep_drawn(
    run: Sequence[Piece],
    drawn: Iterator[Drawn],
    suffix: str,
    cache: Cache,
    writer: Callable[[Path, Piece], TakeWriter],
    write: Callable[[TakeWriter, Drawn], None],
    check: Callable[[], None],
) -> Generator[Drawn, None, None]:
    """Writes the pieces of a run into the cache from their frames, and gives each frame on. What `check` raises keeps a piece out."""
    for piece in run:
        with cache.making(PIECES, piece.key) as folder:
            with writer(folder / f"piece{suffix}", piece) as take:
                for frame in islice(drawn, piece.end_exclusive - piece.start):
                    write(take, frame)
                    yield frame
            del take  # and with it the encoder, before there is another one
            check()
        give_memory_back()


def files_of(pieces: Sequence[Piece], suffix: str, cache: Cache) -> list[Path]:
    """The files of pieces that were found or made a moment ago. Raises: OutputError — one is gone."""
    folders = [cache.entry(PIECES, piece.key) for piece in pieces]
    if None in folders:
        raise OutputError("plan.not-kept", folder=cache.root)
    return [folder / f"piece{suffix}" for folder in folders if folder is not None]


def _digest(*arrays: NDArray[Any]) -> str:
    return blake2b(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays), digest_size=16).hexdigest()


def _of_pixels(settings: RenderSettings) -> tuple[object, ...]:
    """The settings that change the pixels of frames beyond what the plan says and how they are written."""
    return (settings.engine, settings.device, settings.kind, settings.deinterlace)


def codec_versions() -> tuple[int, ...]:
    """Other encoders write other files, which do not join."""
    import av

    return tuple(av.library_versions["libavcodec"])
