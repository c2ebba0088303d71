"""What was written is what is opened: any damage to an artefact is noticed, and nothing gets its name before it is on the disk."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR

import numpy as np
import pytest
from msgspec.structs import replace

from heygem_core.errors import OutputError
from heygem_core.media.output import part_path, publish
from heygem_core.storage import artefacts
from heygem_core.storage.artefacts import (
    FOLDER_SEAL,
    FileState,
    array_of,
    digest_of,
    folder_is_whole,
    is_whole,
    seal,
    seal_folder,
    sync_all,
    sync_folder,
)
from heygem_core.storage.cache import Cache
from heygem_core.tasks.run import failure_of
from heygem_server.rendering.segment_files import keep, usable
from heygem_server.rendering.take_files import place


def flip(path: Path, at: float) -> None:
    data = bytearray(path.read_bytes())
    data[min(int(at * len(data)), len(data) - 1)] ^= 1
    path.write_bytes(data)


def zero_a_block(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    path.write_bytes(data)


def keep_size_and_time(path: Path) -> None:
    before = path.stat()
    flip(path, 0.9)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit at the beginning": lambda path: flip(path, 0),
    "a bit in the middle": lambda path: flip(path, 0.5),
    "the last bit": lambda path: flip(path, 1),
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "one byte more": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "a block of zeros": zero_a_block,
    "gone": Path.unlink,
}
if os.name == "posix":  # elsewhere the system keeps no time of its own of a change
    DAMAGES["changed at the same size and time"] = keep_size_and_time


def entry(cache: Cache, key: str, value: int) -> Path:
    with cache.making("plans", key) as folder:
        np.save(folder / "target.npy", np.full((40, 3), value, np.float32))
        np.save(folder / "source.npy", np.full((40, 3), value + 1, np.float32))
    found = cache.entry("plans", key)
    assert found is not None
    return found


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", ["target.npy", FOLDER_SEAL])
def test_an_entry_that_was_damaged_in_any_way_is_none_and_can_be_made_again(tmp_path: Path, name: str, how: str) -> None:
    """Only the sizes were looked at: a plan with other numbers drew wrong pixels, one with a damaged head ended as an internal error."""
    cache = Cache(tmp_path)
    DAMAGES[how](entry(cache, "k", 1) / name)
    assert cache.entry("plans", "k") is None
    assert list((tmp_path / "plans").iterdir()) == [], "thrown away"
    assert np.load(entry(cache, "k", 5) / "target.npy")[0, 0] == 5


def test_files_and_entries_that_were_swapped_are_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    one = entry(cache, "k", 1)
    (one / "target.npy").rename(one / "x")
    (one / "source.npy").rename(one / "target.npy")
    (one / "x").rename(one / "source.npy")
    assert cache.entry("plans", "k") is None
    one, other = entry(cache, "k", 1), entry(cache, "l", 2)
    one.rename(tmp_path / "x")
    other.rename(one)
    (tmp_path / "x").rename(other)
    assert cache.entry("plans", "k") is None
    assert cache.entry("plans", "l") is None
    shutil.copytree(entry(cache, "k", 1), tmp_path / "faces" / "k")
    assert cache.entry("faces", "k") is None, "the same key of another kind"


def test_what_lies_in_the_way_of_an_entry_is_no_error(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry(cache, "other", 1)
    (tmp_path / "plans" / "k").write_text("a file")
    (tmp_path / "plans" / "l").mkdir()
    for key in ("k", "l"):
        assert cache.entry("plans", key) is None
        assert entry(cache, key, 3)
    damaged = entry(cache, "m", 1)
    with cache.making("plans", "m") as folder:
        np.save(folder / "target.npy", np.zeros(3))
        flip(damaged / "target.npy", 0.5)  # while another one makes it too
    found = cache.entry("plans", "m")
    assert found is not None
    assert np.load(found / "target.npy").shape == (3,)


def test_an_entry_of_an_earlier_version_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "plans" / "k").mkdir(parents=True)
    (tmp_path / "plans" / "k" / "target.npy").write_bytes(b"x")
    (tmp_path / "plans" / "k" / "sizes.json").write_text('{"target.npy":1}')
    assert Cache(tmp_path).entry("plans", "k") is None


def test_an_array_that_vanishes_while_it_is_used_is_told_and_one_that_never_was_is_a_mistake(tmp_path: Path) -> None:
    folder = entry(Cache(tmp_path), "k", 1)
    with pytest.raises(FileNotFoundError):
        array_of(folder, "no such array")
    (folder / "target.npy").write_bytes(b"nothing")
    with pytest.raises(OutputError, match="start again"):
        array_of(folder, "target")
    shutil.rmtree(folder)
    with pytest.raises(OutputError, match="start again"):
        array_of(folder, "target")


def test_a_file_is_read_once_as_long_as_it_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "_TICK_NS", 0)
    reads = []
    really = artefacts.file_digest
    monkeypatch.setattr(artefacts, "file_digest", lambda file, kind: (reads.append(file.name), really(file, kind))[1])
    file = tmp_path / "a.mov"
    file.write_bytes(b"frames")
    first = digest_of(file)
    assert digest_of(file) == first
    assert len(reads) == 1
    flip(file, 0.5)
    assert digest_of(file) != first


def test_a_large_file_is_read_once_when_it_is_sealed_and_opened_a_moment_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan of a minute holds 140 MB, which were read three times while it was made."""
    read: list[object] = []
    really = artefacts.file_digest
    monkeypatch.setattr(artefacts, "file_digest", lambda file, *how: read.append(file) or really(file, *how))
    monkeypatch.setattr(artefacts, "_WORTH_WAITING", 1000)
    (tmp_path / "large").write_bytes(bytes(2000))
    seal_folder(tmp_path, "plans/key")
    assert folder_is_whole(tmp_path, "plans/key")
    assert len(read) == 1


def test_a_file_that_changed_a_moment_ago_is_read_again(tmp_path: Path) -> None:
    """Two changes within one tick of the clock have the same times."""
    file, digests = tmp_path / "a.mov", set()
    for number in range(20):
        file.write_bytes(b"%02d" % number)
        digests.add(digest_of(file))
    assert len(digests) == 20


class Disk:
    """Notes in which order files are written through and renamed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[tuple[str, str]] = []
        really = {"fsync": os.fsync, "rename": os.rename, "replace": os.replace}

        def fsync(descriptor: int) -> None:
            self.done.append(("sync", os.readlink(f"/proc/self/fd/{descriptor}")))
            really["fsync"](descriptor)

        def named(how: str) -> Callable[..., None]:
            def rename(old: str | Path, new: str | Path, **more: int) -> None:
                self.done.append(("name", str(new)))
                really[how](old, new, **more)

            return rename

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "rename", named("rename"))
        monkeypatch.setattr(os, "replace", named("replace"))

    def place(self, what: str, path: str) -> int:
        return next(place for place, (how, which) in enumerate(self.done) if how == what and which.endswith(path))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="finds out by Linux's own means what was written through")
def test_everything_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a loss of power leaves files of the right names and sizes that are full of zeros."""
    disk = Disk(monkeypatch)
    entry(Cache(tmp_path), "k", 1)
    name = disk.place("name", "plans/k")
    assert all(disk.place("sync", file) < name for file in ("target.npy", "source.npy", f"{FOLDER_SEAL}.part"))
    assert disk.place("sync", f"{FOLDER_SEAL}.part") < disk.place("name", FOLDER_SEAL) < name
    assert disk.done[name + 1] == ("sync", str(tmp_path / "plans")), "and the name itself"

    disk.done.clear()
    take = tmp_path / "take.mov"
    part = part_path(take)
    part.write_bytes(b"frames")
    publish(part, take)
    assert disk.done == [("sync", str(part)), ("name", str(take)), ("sync", str(tmp_path))]


def test_what_is_finished_together_is_written_through_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk takes milliseconds for each: a segment of a farm has six of them on its way, most of its cost beside the work."""
    files = [tmp_path / name for name in ("a.mov", "a.mov.report.json", "third")]
    for file in files:
        file.write_bytes(b"frames")
    meeting, really = threading.Barrier(4), os.fsync

    def fsync(descriptor: int) -> None:
        meeting.wait(20)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    sync_all([*files, files[0]])
    meeting = threading.Barrier(3)
    monkeypatch.setattr(artefacts, "sync_folder", lambda folder: None)
    seal(tmp_path / "seal", "a", files[:2])
    assert is_whole(tmp_path / "seal", "a", files[:2])
    monkeypatch.setattr(os, "fsync", lambda descriptor: refuse_all())
    with pytest.raises(OSError, match="Input/output"):
        sync_all(files)


def test_a_folder_is_whole_only_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "proxy.mp4").write_bytes(b"frames")
    assert not folder_is_whole(tmp_path, "a")
    seal_folder(tmp_path, "a")
    assert folder_is_whole(tmp_path, "a")
    assert not folder_is_whole(tmp_path, "b")
    assert not folder_is_whole(tmp_path / "none", "a")
    (tmp_path / "one more").touch()
    assert not folder_is_whole(tmp_path, "a")


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, winerror: int | None = None) -> None:
    """Every file that is opened from now on answers this."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        error = OSError(number, os.strerror(number), str(path))
        if winerror is not None:
            error.winerror = winerror  # type: ignore[attr-defined, unused-ignore]
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)


@pytest.mark.parametrize(
    ("number", "winerror"),
    [(errno.EMFILE, None), (errno.EACCES, None), (errno.ESTALE, None), (errno.ENOMEM, None), (errno.EACCES, 32), (errno.EACCES, 5)],
)
def test_what_cannot_be_read_for_now_is_not_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, winerror: int | None
) -> None:
    """Hours of renders were deleted because too many files were open."""
    cache = Cache(tmp_path)
    made = entry(cache, "k", 1)
    with monkeypatch.context() as patch:
        refusing(patch, number, winerror)
        with pytest.raises(OutputError) as caught:
            cache.entry("plans", "k")
    assert caught.value.said.code == "output.refused-at"
    assert failure_of(caught.value).exit_code == OutputError.exit_code
    assert cache.entry("plans", "k") == made


@pytest.mark.parametrize(("number", "winerror"), [(errno.EIO, None), (errno.ENOENT, None), (errno.EBADMSG, None), (errno.EACCES, 23)])
def test_what_the_disk_has_lost_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, winerror: int | None) -> None:
    cache = Cache(tmp_path)
    entry(cache, "k", 1)
    with monkeypatch.context() as patch:
        refusing(patch, number, winerror)
        assert cache.entry("plans", "k") is None
    assert not (tmp_path / "plans" / "k").exists()


def test_a_folder_in_the_place_of_a_file_is_damage(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    made = entry(cache, "k", 1)
    (made / "target.npy").unlink()
    (made / "target.npy").mkdir()
    assert cache.entry("plans", "k") is None


@pytest.mark.parametrize("days", [-1, 1])
def test_a_file_whose_time_lies_ahead_is_settled_too(tmp_path: Path, days: int) -> None:
    """A camera's clock that was wrong: its file was read anew at every look."""
    now = time.time_ns()
    state = FileState(device=1, inode=1, size=1, mtime_ns=now + days * 86_400 * 10**9 + 1, ctime_ns=now - 10**10 + 1)
    assert state.is_settled()
    assert not replace(state, mtime_ns=now + 1).is_settled()
    assert not replace(state, ctime_ns=now + 1).is_settled()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere folders cannot be opened")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_a_disk_that_cannot_write_folders_through_keeps_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Some network volumes answer so to every render, after all of its work."""
    really = os.fsync

    def fsync(descriptor: int) -> None:
        if S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    entry(Cache(tmp_path), "k", 1)
    (tmp_path / "a.part").write_bytes(b"frames")
    publish(tmp_path / "a.part", tmp_path / "a.mov")
    place(tmp_path / "a.mov", tmp_path / "b.mov")
    assert (tmp_path / "b.mov").read_bytes() == b"frames"
    monkeypatch.setattr(os, "fsync", lambda descriptor: refuse_all())
    with pytest.raises(OSError, match="Input/output"):
        sync_folder(tmp_path)


def refuse_all() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_segment_that_cannot_be_read_for_now_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = tmp_path / "abcd.mov"
    segment.write_bytes(b"frames")
    keep(segment)
    with monkeypatch.context() as patch:
        refusing(patch, errno.EMFILE)
        with pytest.raises(OutputError, match="too many files are open"):
            usable(segment)
    assert usable(segment)
