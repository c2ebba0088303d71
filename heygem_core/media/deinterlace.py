"""Makes interlaced pictures progressive at the same rate, by FFmpeg's bwdif: each frame from its own fields and its neighbours'.

Only by choice: half of the lines of every frame are new, so nothing of such a take is bit-identical to its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import av.error
from av.filter import Graph

from ..errors import UnsupportedMedia
from .colour import read_tags, write_tags

if TYPE_CHECKING:
    from av import VideoFrame

    from .info import MediaInfo

REACH = 2  # frames on either side that a frame is made from, with one to spare


def deinterlaced(info: MediaInfo, pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """As many pictures as are given, in the same pixel format. Their neighbours outside the range must be among them (`REACH`).
    Progressive ones come as they are, where only those that are marked are to be changed.

    Raises: UnsupportedMedia — a pixel format that the filter would convert.
    """
    graph: Graph | None = None
    before: VideoFrame | None = None
    waiting: list[VideoFrame | None] = []  # None: a neighbour that was given before
    for picture in pictures:
        if graph is None and info.deinterlacing == "marked" and not picture.interlaced_frame:
            yield picture
            before = picture
            continue
        if graph is None:
            graph = _graph(info, picture)
            if before is not None:
                waiting.append(None)
                graph.vpush(before)
        waiting.append(picture)
        graph.vpush(picture)
        yield from _ready(info, graph, waiting)
    if graph is not None:
        graph.vpush(None)
        yield from _ready(info, graph, waiting)


def _graph(info: MediaInfo, picture: VideoFrame) -> Graph:
    """Which field comes first is read from each picture."""
    graph = Graph()
    source = graph.add_buffer(width=picture.width, height=picture.height, format=picture.format, time_base=info.time_base)
    which = "interlaced" if info.deinterlacing == "marked" else "all"
    bwdif = graph.add("bwdif", f"mode=send_frame:parity=auto:deint={which}")
    graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
    return graph


def _ready(info: MediaInfo, graph: Graph, waiting: list[VideoFrame | None]) -> Iterator[VideoFrame]:
    while waiting:
        try:
            made = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if made.format.name != info.pix_fmt:
            raise UnsupportedMedia("media.interlaced-unsupported", file=info.path.name, pixels=info.pix_fmt)
        given = waiting.pop(0)
        if given is not None:
            write_tags(made, read_tags(given))
            yield made
