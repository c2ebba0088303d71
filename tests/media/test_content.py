"""What a stretch of a file holds has one digest, wherever the file lies and whatever its times say; a changed byte gives another."""

from __future__ import annotations

import os
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import MediaNotFound
from heygem_core.media import content
from heygem_core.media.content import frames_content, read_content, sound_content, state_of
from heygem_core.media.files import open_media
from heygem_core.media.probe import probe
from heygem_core.shot import Progress
from heygem_core.storage.cache import Cache

from .make import sound, still, video

FRAMES = 60
KINDS: dict[str, dict[str, Any]] = {
    "h264.mp4": {"codec": "libx264", "options": {"g": "8", "bf": "2"}},
    "open.mkv": {"codec": "libx264", "options": {"g": "8", "bf": "3", "x264-params": "open-gop=1"}},
    "long.mp4": {"codec": "libx264", "options": {"g": "1000"}},
    "prores.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "8"}},
    "mpeg.ts": {"codec": "libx264", "options": {"g": "8", "bf": "2"}},
    "mpeg.mpg": {"codec": "mpeg2video", "options": {"g": "8", "bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "BLOCK", 8)
    monkeypatch.setattr(content, "_known", {})


def found(path: Path, first: int, last: int, cache: Path) -> str:
    return frames_content(probe(path), first, last, Cache(cache))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stretch_has_the_same_digest_whatever_was_looked_at_before(tmp_path: Path, kind: str) -> None:
    path = video(tmp_path / kind, frames=FRAMES, **KINDS[kind])
    stretches = [(0, 5), (20, 30), (47, FRAMES), (0, FRAMES)]
    alone = [found(path, *stretch, tmp_path / f"cache{number}") for number, stretch in enumerate(stretches)]
    content._known.clear()
    assert [found(path, *stretch, tmp_path / "one") for stretch in reversed(stretches)] == alone[::-1]
    assert alone[0] != alone[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_another_name_and_age_holds_the_same(tmp_path: Path, kind: str) -> None:
    path = video(tmp_path / kind, frames=FRAMES, **KINDS[kind])
    copy = tmp_path / f"copy of {kind}"
    shutil.copyfile(path, copy)
    os.utime(copy, (1000, 1000))
    for stretch in ((0, 10), (20, 30)):
        assert found(copy, *stretch, tmp_path / "cache") == found(path, *stretch, tmp_path / "cache")


def change(path: Path, frame: int) -> None:
    """One byte of a frame's packet, in place; size and time of the file stay."""
    before = path.stat()
    with open_media(path) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
        places = sorted((packet.pts if packet.pts is not None else number, packet) for number, packet in enumerate(packets))
        at, size = places[frame][1].pos, places[frame][1].size
    assert at is not None
    with path.open("r+b") as file:
        file.seek(at + size - 10)
        byte = file.read(1)
        file.seek(at + size - 10)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps no time of its own of a change")
@pytest.mark.parametrize("kind", ["h264.mp4", "prores.mov", "vp9.webm", "mjpeg.avi"])
def test_a_byte_that_changes_in_place_changes_the_stretches_that_need_it_and_no_other(tmp_path: Path, kind: str) -> None:
    """Size, time and three samples of a file were its identity: what lay between them was taken for what it had been."""
    path = video(tmp_path / kind, frames=FRAMES, **KINDS[kind])
    cache = tmp_path / "cache"
    stretches = [(first, first + 4) for first in range(0, FRAMES, 4)]
    before = [found(path, *stretch, cache) for stretch in stretches]
    change(path, 30)
    after = [found(path, *stretch, cache) for stretch in stretches]
    changed = [stretch for stretch, a, b in zip(stretches, before, after, strict=True) if a != b]
    assert (28, 32) in changed
    assert all(b[0] - a[0] == 4 for a, b in pairwise(changed))
    if kind != "mjpeg.avi":
        assert changed[-1][0] < 52, "what lies behind does not need it"
    assert changed[0][0] > 0, "nor what lies before"
    change(path, 30)
    assert [found(path, *stretch, cache) for stretch in stretches] == before, "restored, it is what it was"


def test_what_was_found_is_remembered_while_the_file_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = video(tmp_path / "prores.mov", frames=FRAMES, **KINDS["prores.mov"])
    monkeypatch.setattr("heygem_core.storage.artefacts._TICK_NS", 0)
    runs = []
    really = content._run
    monkeypatch.setattr(content, "_run", lambda info, first, last: (runs.append((first, last)), really(info, first, last))[1])
    first = found(path, 0, 20, tmp_path / "cache")
    assert found(path, 0, 20, tmp_path / "cache") == first
    content._known.clear()  # another process
    assert found(path, 0, 20, tmp_path / "cache") == first
    assert len(runs) == 1
    found(path, 0, FRAMES, tmp_path / "cache")
    assert runs[1] == (runs[0][1] + 1, (FRAMES - 1) // 8), "only what is not known yet"


def test_what_was_found_of_a_file_that_changes_this_moment_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second change within one tick of the clock would have the same times."""
    path = video(tmp_path / "prores.mov", frames=FRAMES, **KINDS["prores.mov"])
    monkeypatch.setattr("heygem_core.storage.artefacts._TICK_NS", 10**15)
    found(path, 0, 20, tmp_path / "cache")
    assert not (tmp_path / "cache" / "contents").exists()


@pytest.mark.parametrize("kind", ["h264.mp4", "prores.mov", "vp9.webm"])
def test_only_the_packets_of_the_stretch_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A clip may be a few seconds of a file of 50 GB."""
    path = video(tmp_path / kind, frames=200, **KINDS[kind])
    info, read = probe(path), []
    really = content._packets
    monkeypatch.setattr(content, "_packets", lambda *given: ((read.append(packet), (block, packet))[1] for block, packet in really(*given)))
    frames_content(info, 160, 164, Cache(tmp_path / "cache"))
    assert 0 < len(read) < 80


def test_a_still_and_a_sound_are_told_by_what_they_hold(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    one, other = still(tmp_path / "one.png", number=5), still(tmp_path / "other.png", number=6)
    assert found(one, 0, 1, cache.root) != found(other, 0, 1, cache.root)
    noise = np.random.default_rng(1).normal(0, 0.1, (1, 48_000)).astype(np.float32)
    voice, copy = sound(tmp_path / "voice.wav", noise), sound(tmp_path / "copy.wav", noise)
    begin, second = Fraction(0), Fraction(1, 2)
    assert sound_content(voice, begin, second, cache) == sound_content(copy, begin, second, cache)
    assert sound_content(voice, begin, second, cache) != sound_content(voice, second, second, cache)
    silent = video(tmp_path / "silent.mp4", frames=4)
    assert sound_content(silent, begin, second, cache) == "no sound"


def test_reading_ahead_tells_of_its_progress_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heygem_core.storage.artefacts._TICK_NS", 0)
    path = video(tmp_path / "prores.mov", frames=200, **KINDS["prores.mov"])
    info, cache = probe(path), Cache(tmp_path / "cache")
    told = list(read_content(info, 0, 200, cache))
    assert len(told) > 1
    assert list(read_content(info, 0, 200, cache)) == []
    assert frames_content(info, 0, 200, cache) == frames_content(info, 0, 200, Cache(tmp_path / "another"))


@pytest.mark.skipif(os.name != "posix", reason="named pipes of Unix")
def test_a_pipe_keeps_nobody_waiting_and_what_is_not_there_is_told(tmp_path: Path) -> None:
    """Whoever opens a pipe waits for somebody who writes: a worker stood still until it was ended."""
    os.mkfifo(tmp_path / "pipe.mp4")
    state_of(tmp_path / "pipe.mp4")
    with pytest.raises(MediaNotFound):
        probe(tmp_path / "pipe.mp4")
    with pytest.raises(MediaNotFound):
        state_of(tmp_path / "none.mp4")


@pytest.mark.parametrize("kind", KINDS)
def test_each_packet_is_read_about_once_however_a_file_is_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """What is always read from its beginning, or has one keyframe, was read anew for every few blocks."""
    monkeypatch.setattr(content, "_READ_AT_ONCE", 2)
    monkeypatch.setattr("heygem_core.storage.artefacts._TICK_NS", 0)
    path = video(tmp_path / kind, frames=160, **KINDS[kind])
    info, cache, read = probe(path), Cache(tmp_path / "cache"), []
    really = content._packets
    monkeypatch.setattr(content, "_packets", lambda *given: ((read.append(1), each)[1] for each in really(*given)))
    told = [event.done for event in read_content(info, 0, 160, cache) if isinstance(event, Progress)]
    assert len(read) < 2 * 160
    assert len(told) > 4
    assert told == sorted(told)
    assert told[-1] <= 160
    frames_content(info, 0, 160, cache)
    assert len(read) < 2 * 160, "all was found before"
