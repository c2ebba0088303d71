"""Fetching models from servers that behave, and from such that do not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from heygem_core.errors import Cancelled, FetchFailed, HeygemError, LicenceNotAccepted, OutputError, UnusableWeights
from heygem_core.weights import download, store
from heygem_core.weights.licences import accepted
from heygem_core.weights.progress import Fetching

from .conftest import Catalogued
from .serving import Server, sha, toy_state

Usage = namedtuple("Usage", "total used free")


def left(folder: Path) -> list[str]:
    """What lies in the folder of models, but locks."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def same_as_toy(path: Path) -> bool:
    read, wanted = load_file(path), toy_state()
    return read.keys() == wanted.keys() and all(torch.equal(read[name], wanted[name]) for name in wanted)


@pytest.mark.usefixtures("in_child")
def test_a_model_is_fetched_checked_and_converted(catalogued: Catalogued, server: Server, folder: Path, published: bytes) -> None:
    catalogued()
    heard: list[Fetching] = []
    path = store.get("toy", tell_progress=heard.append)
    assert path == folder / "toy" / "model.safetensors"
    assert same_as_toy(path)
    assert left(folder) == ["toy/model.safetensors", "toy/origin.json"]
    assert {each.step for each in heard} == {"downloading", "converting"}
    assert max(each.done for each in heard) == heard[0].total == len(published)
    assert store.verify("toy").code == "weights.whole"
    assert store.get("toy") == path
    assert len(server.asked) == 1, "it was here, and not fetched again"
    assert store.remove("toy") > 0
    assert left(folder) == []


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_off_is_taken_up_again(
    catalogued: Catalogued, server: Server, folder: Path, published: bytes, ranges: bool
) -> None:
    catalogued()
    server.ranges, server.breaks_after = ranges, [2000, 1000, 1]
    assert same_as_toy(store.get("toy"))
    if ranges:
        assert server.asked == ["", "bytes=2000-", "bytes=3000-", "bytes=3001-"]
    assert len(server.asked) == 4


def test_what_came_is_kept_for_the_next_command(catalogued: Catalogued, server: Server, folder: Path, published: bytes) -> None:
    catalogued()
    server.breaks_after = [3000]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "_TRIES", 1)
        with pytest.raises(FetchFailed, match=r"could not be fetched from 127\.0\.0\.1.*goes on where it broke off"):
            store.get("toy")
    assert "toy/model.safetensors" not in left(folder)
    assert same_as_toy(store.get("toy"))
    assert server.asked == ["", "bytes=3000-"]


def test_bytes_of_another_state_of_the_file_are_fetched_anew(
    catalogued: Catalogued, server: Server, folder: Path, published: bytes
) -> None:
    catalogued()
    server.files["/toy.pth"] = b"x" * len(published)
    server.breaks_after = [3000]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "_TRIES", 1)
        with pytest.raises(FetchFailed):
            store.get("toy")
    server.files["/toy.pth"] = published
    assert same_as_toy(store.get("toy"))
    assert server.asked == ["", "bytes=3000-", ""]


def misbehave(server: Server, how: str, published: bytes) -> None:
    match how:
        case "another file":
            server.files["/toy.pth"] = b"x" * len(published)
        case "another size":
            server.files["/toy.pth"] = published + b"x"
        case "a page":
            server.files["/toy.pth"] = b"<!DOCTYPE html>" + b" " * (len(published) - 15)
        case "a page of its own size":
            server.files["/toy.html"] = b"<html>sign in"
        case "less than it says":
            server.files["/toy.pth"], server.lies = published[:-7], 7
        case "nothing":
            del server.files["/toy.pth"]
        case "trouble":
            server.statuses = [500] * 20
        case "forbidden":
            server.statuses = [403]


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ("another file", UnusableWeights, r"not the file that is known \(its SHA-256 begins"),
        ("another size", FetchFailed, r"offers another file under the name “toy\.pth” \(\d+ bytes, not"),
        ("a page", UnusableWeights, r"answered with a web page in place of “toy\.pth”"),
        ("a page of its own size", UnusableWeights, r"answered with a web page"),
        ("less than it says", FetchFailed, r"could not be fetched"),
        ("nothing", FetchFailed, r"does not give “toy\.pth” \(HTTP 404\)"),
        ("trouble", FetchFailed, r"could not be fetched from 127\.0\.0\.1 \(HTTP 500\)"),
        ("forbidden", FetchFailed, r"HTTP 403"),
    ],
)
def test_a_server_that_misbehaves_is_told_in_one_sentence(
    catalogued: Catalogued, server: Server, folder: Path, published: bytes, how: str, error: type[HeygemError], words: str
) -> None:
    catalogued(**({"url": f"{server.address}/toy.html"} if how == "a page of its own size" else {}))
    misbehave(server, how, published)
    with pytest.raises(error, match=words) as caught:
        store.get("toy")
    assert "\n" not in str(caught.value)
    assert [name for name in left(folder) if "source" not in name] == []
    if error is UnusableWeights or how == "another size":
        assert left(folder) == []


def test_a_server_that_sends_without_end_is_cut_off(
    catalogued: Catalogued, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued(size=None)
    monkeypatch.setattr(download, "_MOST_BYTES", 1000)
    monkeypatch.setattr(download, "_total", lambda source, answer, start: None)
    with pytest.raises(FetchFailed, match="offers another file"):
        store.get("toy")
    assert left(folder) == []


def test_the_disk_must_have_room_for_the_file_and_its_converted_form(
    catalogued: Catalogued, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued()
    monkeypatch.setattr(store.shutil, "disk_usage", lambda place: Usage(10, 10, 1000))
    with pytest.raises(FetchFailed, match=r"Toy needs 0\.1 GB on the disk"):
        store.get("toy")
    assert (server.asked, left(folder)) == ([], [])


def test_a_disk_that_fills_up_on_the_way_keeps_nothing(
    catalogued: Catalogued, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued()
    real = Path.open

    def full(path: Path, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        file = real(path, mode, *arguments, **named)
        if path.suffix == ".part" and "a" in mode:
            file.close()
            return Full(path)
        return file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="full"):
        store.get("toy")
    assert left(folder) == []


class Full:
    """A file on a disk that is full."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(b"some")

    def __enter__(self) -> Full:
        return self

    def __exit__(self, *error: object) -> None: ...

    def close(self) -> None: ...

    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_whoever_stops_it_leaves_no_model(catalogued: Catalogued, server: Server, folder: Path) -> None:
    catalogued()

    def stop(progress: Fetching) -> None:
        raise Cancelled("program.cancelled")

    with pytest.raises(Cancelled):
        store.get("toy", tell_progress=stop)
    assert [name for name in left(folder) if "source" not in name] == []
    assert same_as_toy(store.get("toy"))


def test_two_who_fetch_at_once_fetch_it_once(catalogued: Catalogued, server: Server, folder: Path) -> None:
    catalogued()
    server.hold = threading.Event()
    heard: list[Fetching] = []
    waits = threading.Event()

    def second_hears(progress: Fetching) -> None:
        heard.append(progress)
        if progress.step == "waiting":
            waits.set()

    found: list[Path] = []
    began = threading.Event()
    first = threading.Thread(target=lambda: found.append(store.get("toy", tell_progress=lambda progress: began.set())))
    first.start()
    assert began.wait(60)
    second = threading.Thread(target=lambda: found.append(store.get("toy", tell_progress=second_hears)))
    second.start()
    assert waits.wait(60)
    server.hold.set()
    first.join(120)
    second.join(120)
    assert found == [folder / "toy" / "model.safetensors"] * 2
    assert server.asked == [""]
    assert {progress.step for progress in heard} == {"waiting"}


def test_terms_are_accepted_before_anything_is_fetched(catalogued: Catalogued, server: Server, folder: Path) -> None:
    catalogued(licence="strict")
    with pytest.raises(LicenceNotAccepted, match=r"Toy has terms.*not for business.*`heygem models get toy --accept-licence`"):
        store.get("toy")
    assert (server.asked, accepted()) == ([], {})
    store.get("toy", accept_licence=True)
    assert accepted()["strict"].url == "https://example.org/strict"
    store.remove("toy")
    store.get("toy")  # it was accepted before


def test_a_model_that_nobody_publishes_is_fetched_from_where_the_user_says(
    catalogued: Catalogued, server: Server, folder: Path, published: bytes
) -> None:
    catalogued(url=None)
    with pytest.raises(FetchFailed, match=r"Nobody publishes Toy.*toy\.pth.*`heygem models add toy FILE`"):
        store.get("toy")
    with pytest.raises(FetchFailed, match="no address"):
        store.get("toy", url="file:///etc/passwd")
    server.files["/mirror/other.pth"] = b"x" * 100
    with pytest.raises(UnusableWeights, match="not the file that is known"):
        store.get("toy", url=f"{server.address}/mirror/other.pth")
    assert left(folder) == []
    server.files["/mirror/mine.pth"] = published
    assert same_as_toy(store.get("toy", url=f"{server.address}/mirror/mine.pth?download=true"))


def test_a_mirror_of_the_hub_is_obeyed_and_its_file_hashed(
    catalogued: Catalogued, server: Server, folder: Path, published: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("huggingface_hub")
    revision = "0" * 40
    catalogued(url=None, hub=f"someone/toys@{revision}:deep/toy.pth")
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    place = f"/someone/toys/resolve/{revision}/deep/toy.pth"
    with pytest.raises(FetchFailed, match=r"has no “toy\.pth” in someone/toys"):
        store.get("toy")
    assert left(folder) == []
    server.files[place] = b"x" * len(published)
    with pytest.raises(UnusableWeights, match="not the file that is known"):
        store.get("toy")
    assert left(folder) == []
    server.files[place] = published
    heard: list[Fetching] = []
    assert same_as_toy(store.get("toy", tell_progress=heard.append))
    assert {each.step for each in heard} == {"downloading", "checking", "converting"}
    assert left(folder) == ["toy/model.safetensors", "toy/origin.json"]


def test_the_cache_of_the_hub_is_looked_into_first(
    catalogued: Catalogued, server: Server, folder: Path, published: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    revision = "1" * 40
    catalogued(url=None, hub=f"someone/toys@{revision}:deep/toy.pth")
    snapshot = tmp_path / "hub" / "models--someone--toys" / "snapshots" / revision / "deep"
    snapshot.mkdir(parents=True)
    (snapshot / "toy.pth").write_bytes(published)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert same_as_toy(store.get("toy"))
    assert server.asked == []
    assert (snapshot / "toy.pth").exists()


def test_offline_is_offline(catalogued: Catalogued, folder: Path, tmp_path: Path) -> None:
    """The library reads its setting when it is imported, so in a process of its own."""
    pytest.importorskip("huggingface_hub")
    code = (
        "import sys; from pathlib import Path; from heygem_core.weights import hub; from heygem_core.weights.catalogue import ModelFile\n"
        f"file = ModelFile(name='toy.pth', sha256='{sha(b'')}', hub='someone/toys@{'0' * 40}:toy.pth')\n"
        f"hub.fetch(file, Path({str(tmp_path / 'in')!r}), lambda done, total: None)"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert "HF_HUB_OFFLINE forbids to fetch it" in done.stderr
