"""The cache: entries appear whole or not at all, whoever makes them, and the folder stays within its limit."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from heygem_core.errors import OutputError, SpecError
from heygem_core.shot import RenderSettings
from heygem_core.storage.cache import Cache, default_limit, default_root, key_of


def _fill(cache: Cache, key: str, size: int = 10, age_s: float = 0) -> Path:
    with cache.making("plans", key) as folder:
        (folder / "a.npy").write_bytes(bytes(size))
    made = cache.root / "plans" / key
    then = time.time() - age_s
    os.utime(made, (then, then))
    return made


def test_an_entry_appears_when_it_is_whole(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.making("plans", "k") as folder:
        (folder / "a.npy").write_bytes(b"half")
        assert cache.entry("plans", "k") is None
    found = cache.entry("plans", "k")
    assert found is not None
    assert (found / "a.npy").read_bytes() == b"half"
    assert cache.entry("plans", "other") is None
    assert cache.entry("tracks", "k") is None


def test_a_failed_entry_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def half() -> None:
        with cache.making("plans", "k") as folder:
            (folder / "a.npy").write_bytes(b"half")
            raise KeyError("stop")

    with pytest.raises(KeyError):
        half()
    assert list((tmp_path / "plans").iterdir()) == []


def test_two_makers_of_one_entry_both_succeed(tmp_path: Path) -> None:
    together, failures = threading.Barrier(2), []

    def maker(text: bytes) -> None:
        try:
            with Cache(tmp_path).making("plans", "k") as folder:
                (folder / "a").write_bytes(text)
                together.wait(10)
        except BaseException as error:  # told to the test below
            failures.append(error)

    threads = [threading.Thread(target=maker, args=(text,)) for text in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []
    assert [path.name for path in (tmp_path / "plans").iterdir()] == ["k"]
    assert (tmp_path / "plans" / "k" / "a").read_bytes() in (b"one", b"two")


def test_a_folder_that_cannot_be_written_is_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="HEYGEM_CACHE"), Cache(tmp_path / "file").making("plans", "k"):
        pass
    with pytest.raises(OutputError, match="free some space"), Cache(tmp_path).making("plans", "k"):
        raise OSError(28, "No space left on device")
    assert list((tmp_path / "plans").iterdir()) == []


def test_pruning_drops_what_was_unused_for_longest(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for age, key in enumerate("abcd"):
        _fill(cache, key, size=1000, age_s=(age + 2) * 3600)
    assert cache.entry("plans", "d") is not None, "looking it up makes it the most recently used"
    assert cache.prune(2500) == 2000
    assert sorted(path.name for path in (tmp_path / "plans").iterdir()) == ["a", "d"]


def test_pruning_spares_what_may_be_in_use_and_clears_what_was_killed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    _fill(cache, "recent", size=1000)
    for name, age in (("killed", 48 * 3600), ("working", 60)):
        folder = tmp_path / "plans" / f".{name}"
        folder.mkdir()
        then = time.time() - age
        os.utime(folder, (then, then))
    cache.prune(0)
    assert sorted(path.name for path in (tmp_path / "plans").iterdir()) == [".working", "recent"]
    assert cache.prune(0, spare_s=0) == 1000
    assert Cache(tmp_path / "not there").prune(0) == 0


def test_the_limit_and_the_folder_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEYGEM_CACHE_GB", raising=False)
    assert default_limit() == 20_000_000_000
    monkeypatch.setenv("HEYGEM_CACHE_GB", "1.5")
    assert default_limit() == 1_500_000_000
    for wrong in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("HEYGEM_CACHE_GB", wrong)
        with pytest.raises(SpecError, match="HEYGEM_CACHE_GB"):
            default_limit()
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv("HEYGEM_CACHE")
    assert default_root().name == "heygem-bridge"


def test_a_key_depends_on_every_part_and_its_place() -> None:
    keys = {key_of(1, "a"), key_of("a", 1), key_of(1, ["a"]), key_of(RenderSettings()), key_of(RenderSettings(intensity=0.5))}
    assert len(keys) == 5
    assert key_of(RenderSettings()) == key_of(RenderSettings())


def test_what_is_dropped_is_gone_where_no_folder_may_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows renames onto nothing that is there, also not onto an empty folder: nothing was ever deleted."""
    cache = Cache(tmp_path)
    _fill(cache, "old", age_s=7200)
    _fill(cache, "damaged")
    really = os.rename

    def rename(old: str | Path, new: str | Path) -> None:
        if os.path.lexists(new):
            raise FileExistsError(new)
        really(old, new)

    monkeypatch.setattr(os, "rename", rename)
    cache.drop("plans", "damaged")
    assert cache.entry("plans", "damaged") is None
    assert cache.prune(0) == 10
    assert list((tmp_path / "plans").iterdir()) == []


def test_what_cannot_be_dropped_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    made = _fill(cache, "k")

    def in_use(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "rename", in_use)
    cache.drop("plans", "k")
    assert list((tmp_path / "plans").iterdir()) == [made]


@pytest.mark.parametrize(
    ("error", "stays"), [(OSError(errno.EMFILE, "many"), True), (OSError(errno.EIO, "lost"), False), (OSError("?"), False)]
)
def test_an_entry_that_cannot_be_loaded_for_now_stays(tmp_path: Path, error: OSError, stays: bool) -> None:
    cache = Cache(tmp_path)
    made = _fill(cache, "k")

    def load(folder: Path) -> None:
        raise error

    if stays:
        with pytest.raises(OutputError, match="too many files are open"):
            cache.read("plans", "k", load)
    else:
        assert cache.read("plans", "k", load) is None
    assert made.exists() == stays
