"""The matrix of containers, codecs and oddities: each file shows what the `ffmpeg` program shows, or is refused in a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .matrix import CODECS, CONTAINERS, ODDITIES, Row, look

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the ffmpeg program is not installed")

SAMPLE = (
    Row(".avi", "h264 B pyramid"),
    Row(".vfw.mkv", "mpeg4"),
    Row(".mxf", "h264 open GOP"),
    Row(".nut", "h264 B pyramid"),
    Row(".ts", "mpeg2", "the clock starts again"),
    Row(".mp4", "h264 open GOP", "cut at the front"),
)


@pytest.mark.parametrize("row", SAMPLE, ids=str)
def test_a_file_shows_what_ffmpeg_shows(row: Row, tmp_path: Path) -> None:
    outcome = look(row, tmp_path)
    assert outcome.kind == "same", outcome


@pytest.mark.full
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_file_shows_what_ffmpeg_shows_or_is_refused(container: str, codec: str, tmp_path: Path) -> None:
    outcomes = {}
    for number, oddity in enumerate(ODDITIES):
        folder = tmp_path / str(number)
        folder.mkdir()
        outcomes[oddity] = look(Row(container, codec, oddity), folder)
    assert not [found for found in outcomes.items() if found[1].kind == "differs"]
