from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_core.weights import catalogue, conversion, download, store
from heygem_core.weights.catalogue import Licence, Model, ModelFile
from heygem_core.weights.converting import convert_in_child

from .serving import TOY, Server, saved, serving, sha, toy_state

Catalogued = Callable[..., Model]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models, empty."""
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path / "models"))
    for name in ("HEYGEM_EXTRA_MODELS", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "models"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as told:
        yield told


@pytest.fixture
def published(tmp_path: Path) -> bytes:
    """The toy's file as its authors would publish it: with the state of a training around it and a prefix."""
    state = {f"module.{name}": value for name, value in toy_state().items()}
    return saved({"state_dict": state, "optimizer": {"lr": 1e-4}, "global_step": 7}, tmp_path / "toy.pth", legacy=True)


@pytest.fixture
def catalogued(folder: Path, server: Server, published: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogued:
    """Puts a model `toy` and its file into the catalogue, and another model `other`; the file lies on the server.

    Files are converted in this process, which is quicker; `in_child` has it done as it is done for people.
    """
    code = tmp_path / "code"
    code.mkdir()
    monkeypatch.syspath_prepend(str(code))
    monkeypatch.delitem(sys.modules, "toy_network", raising=False)
    monkeypatch.setattr(store, "convert_in_child", conversion.convert)
    (code / "toy_network.py").write_text(TOY)
    monkeypatch.setenv("PYTHONPATH", str(code))
    monkeypatch.setattr(download, "_PAUSE_S", 0.0)
    server.files["/toy.pth"] = published

    def known(**changes: Any) -> Model:
        file = ModelFile(name="toy.pth", sha256=sha(published), size=len(published), url=f"{server.address}/toy.pth")
        fields = {name: changes.pop(name) for name in list(changes) if name in ModelFile.__struct_fields__ and name != "name"}
        toy = Model(
            id="toy",
            title="Toy",
            licence="free",
            kind="tensors",
            network="toy_network:toy",
            telling={"0.weight": (300, 4)},
            files=(msgspec.structs.replace(file, **fields),),
            found_as=("toy*.pth",),
        )
        toy = msgspec.structs.replace(toy, **changes)
        other = Model(id="other", title="The other", licence="free", kind="tensors", telling={"deep.weight": (2, 2)}, files=())
        licences = {
            "free": Licence(title="Free", url="https://example.org/free"),
            "strict": Licence(title="Strict", url="https://example.org/strict", commercial=False, ask=True),
        }
        ours = catalogue._Catalogue(models={"toy": toy, "other": other}, licences=licences)
        monkeypatch.setattr(catalogue, "_ours", lambda: ours)
        return toy

    return known


@pytest.fixture
def in_child(catalogued: Catalogued, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are converted in a child, as for people."""
    monkeypatch.setattr(store, "convert_in_child", convert_in_child)
