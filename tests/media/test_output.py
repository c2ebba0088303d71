"""Nothing is left behind, nothing is overwritten half way, and what cannot be written is said before any work."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from heygem_core.errors import Cancelled, OutputError
from heygem_core.media.formats import format_for
from heygem_core.media.info import MediaInfo
from heygem_core.media.output import check_output
from heygem_core.media.pixels import component_views
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames
from heygem_core.media.take_timing import timing_of
from heygem_core.media.writer import TakeWriter

from .make import picture, video

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="uses /proc, resource limits or mounts of Linux")


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> MediaInfo:
    return probe(video(tmp_path_factory.mktemp("source") / "source.mp4", frames=8))


def write(info: MediaInfo, path: Path, frames: int = 8, promised: int = 8) -> None:
    with TakeWriter(path, format_for(path), info, timing_of(info, range(promised))) as take:
        for frame in read_frames(info, 0, frames):
            take.write(frame.picture)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist: create it first"):
        check_output(tmp_path / "nowhere" / "take.mov")


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path)


@LINUX
def test_a_folder_that_may_not_be_written_to_is_named() -> None:
    with pytest.raises(OutputError, match=r"may not be written to|cannot be written"):
        check_output("/proc/take.mov")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="may not be written to"):
        check_output(tmp_path / "take.mov")


def test_the_input_is_never_the_output(info: MediaInfo, tmp_path: Path) -> None:
    link = tmp_path / "link.mp4"
    link.symlink_to(info.path)
    for path in (info.path, link):
        with pytest.raises(OutputError, match="never overwritten"):
            TakeWriter(path, format_for(path), info, timing_of(info, range(8)))


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check_output(tmp_path / "take.mov")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Cancelled, GeneratorExit])
def test_an_interrupted_take_leaves_nothing_behind(error: type[BaseException], info: MediaInfo, tmp_path: Path) -> None:
    path = tmp_path / "take.mov"

    def interrupted() -> None:
        with TakeWriter(path, format_for(path), info, timing_of(info, range(8))) as take:
            take.write(next(read_frames(info)).picture)
            assert [entry.suffix for entry in tmp_path.iterdir()] == [".part"]
            raise error

    with pytest.raises(error):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_the_file_has_its_name_only_when_it_is_finished(info: MediaInfo, tmp_path: Path) -> None:
    path = tmp_path / "take.mov"
    path.write_bytes(b"the take from before")
    with TakeWriter(path, format_for(path), info, timing_of(info, range(8))) as take:
        for frame in read_frames(info):
            take.write(frame.picture)
            assert path.read_bytes() == b"the take from before"
    assert probe(path).frame_count == 8
    assert [entry.name for entry in tmp_path.iterdir()] == ["take.mov"]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_take_with_too_few_frames_is_not_published(suffix: str, info: MediaInfo, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="frame count"):
        write(info, tmp_path / f"take{suffix}", frames=7)
    assert not list(tmp_path.iterdir())


def test_a_frame_too_many_is_refused(info: MediaInfo, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="planned with 3 frames"):
        write(info, tmp_path / "take.mov", promised=3)
    assert not list(tmp_path.iterdir())


def test_names_may_hold_spaces_and_any_letters(info: MediaInfo, tmp_path: Path) -> None:
    folder = tmp_path / "Проект № 1 — été"
    folder.mkdir()
    for name in ("取 1 (final).mov", "100%d done.mp4", "a:b.mkv", "quote's.webm"):
        write(info, folder / name)
        assert probe(folder / name).frame_count == 8
    assert len(list(folder.iterdir())) == 4


def test_two_takes_may_be_written_beside_each_other(info: MediaInfo, tmp_path: Path) -> None:
    path = tmp_path / "take.mov"
    with TakeWriter(path, format_for(path), info, timing_of(info, range(8))) as one:
        write(info, path)
        for frame in read_frames(info):
            one.write(frame.picture)
    assert [entry.name for entry in tmp_path.iterdir()] == ["take.mov"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MB, where this user may mount one."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@LINUX
def test_a_full_disk_is_found_before_the_work(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(3 << 19))
    with pytest.raises(OutputError, match="is full: free some space"):
        check_output(small_disk / "take.mov")
    assert [entry.name for entry in small_disk.iterdir()] == ["filler"]


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


@LINUX
@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".mp4"])
def test_a_disk_that_fills_up_during_the_work_ends_it_cleanly(suffix: str, small_disk: Path, info: MediaInfo) -> None:
    path = small_disk / f"take{suffix}"

    def write_while_the_disk_fills() -> None:
        with TakeWriter(path, format_for(path), info, timing_of(info, range(8))) as take:
            fill(small_disk / "filler")
            for number in range(8):
                noise = picture(number)
                luma = component_views(noise)[0]
                luma[...] = np.random.default_rng(number).integers(0, 256, luma.shape)
                take.write(noise)

    with pytest.raises(OutputError, match="is full: free some space"):
        write_while_the_disk_fills()
    assert [entry.name for entry in small_disk.iterdir()] == ["filler"]


_LIMITED = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from heygem_core.errors import OutputError
from tests.media.test_output import write, probe
import tests.media.test_output as here
try:
    info = probe(sys.argv[1])
    path = Path(sys.argv[2])
    with here.TakeWriter(path, here.format_for(path), info, here.timing_of(info, [0] * 400)) as take:
        noise = here.picture(0)
        luma = here.component_views(noise)[0]
        luma[...] = here.np.random.default_rng(0).integers(0, 256, luma.shape)
        for _ in range(400):
            take.write(noise)
except OutputError as error:
    print(error)
    sys.exit(5)
"""


@LINUX
def test_a_file_larger_than_allowed_ends_cleanly_everywhere(info: MediaInfo, tmp_path: Path) -> None:
    """The same way as a full disk, with a limit that any user may set."""
    root = Path(__file__).resolve().parents[2]
    arguments = [sys.executable, "-c", _LIMITED, str(info.path), str(tmp_path / "take.mov")]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    assert done.returncode == 5, done.stderr
    assert os.strerror(errno.EFBIG) in done.stdout or "grew larger" in done.stdout
    assert not list(tmp_path.iterdir())
