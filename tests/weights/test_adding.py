"""Adding models from files and from the folders of other programs, and what is refused."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from heygem_core.errors import MissingPackage, MissingWeights, UnusableWeights
from heygem_core.weights import conversion, store
from heygem_core.weights.catalogue import model
from heygem_core.weights.layouts import candidates

from .conftest import Catalogued
from .serving import saved, toy_state
from .test_fetching import left, same_as_toy

Writes = Callable[[Path], object]


class RunsCode:
    """Pickled, a program."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_published_file_is_known_by_its_hash_whatever_its_name(
    catalogued: Catalogued, folder: Path, published: bytes, tmp_path: Path
) -> None:
    catalogued()
    own = tmp_path / "downloads" / "renamed (1).bin"
    own.parent.mkdir()
    own.write_bytes(published)
    assert same_as_toy(store.add("toy", own))
    assert own.read_bytes() == published
    assert store.verify("toy").code == "weights.whole"


def test_another_training_is_taken_where_it_fits_exactly(catalogued: Catalogued, folder: Path, tmp_path: Path) -> None:
    catalogued()
    own = tmp_path / "mine.pt"
    saved(toy_state(2.0), own)
    with pytest.raises(UnusableWeights, match=r"“mine\.pt” is no published file of Toy.*--unverified"):
        store.add("toy", own)
    assert left(folder) == []
    path = store.add("toy", own, unverified=True)
    assert torch.equal(load_file(path)["0.weight"], toy_state(2.0)["0.weight"])
    assert store.verify("toy").code == "weights.whole-unknown"


def test_a_file_may_be_named_from_where_one_stands(
    catalogued: Catalogued, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child that reads it stands in another folder."""
    catalogued()
    saved(toy_state(2.0), tmp_path / "mine.pt")
    monkeypatch.chdir(tmp_path)
    path = store.add("toy", Path("mine.pt"), unverified=True)
    assert torch.equal(load_file(path)["0.weight"], toy_state(2.0)["0.weight"])


def kinds_of_files() -> dict[str, Writes]:
    half = {name: value.half() if value.is_floating_point() else value for name, value in toy_state(2.0).items()}
    return {
        "legacy pickle": lambda path: saved(toy_state(2.0), path, legacy=True),
        "wrapped and prefixed": lambda path: saved(
            {"state_dict": {f"module.{name}": value for name, value in toy_state(2.0).items()}}, path
        ),
        "half precision": lambda path: saved(half, path),
        "safetensors": lambda path: save_file(toy_state(2.0), path),
        "torchscript": lambda path: torch.jit.save(torch.jit.script(scripted()), str(path)),
        "shared and transposed": lambda path: saved(shared(), path),
    }


def scripted() -> torch.nn.Module:
    network = torch.nn.Sequential(torch.nn.Linear(4, 300), torch.nn.BatchNorm1d(300))
    network.load_state_dict(toy_state(2.0))
    return network


def shared() -> dict[str, torch.Tensor]:
    state = toy_state(2.0)
    state["0.weight"] = state["0.weight"].t().contiguous().t()
    state["1.running_mean"] = torch.zeros(900)[300:600]
    return state


@pytest.mark.parametrize("kind", kinds_of_files())
def test_every_way_of_storing_tensors_is_read(kind: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    kinds_of_files()[kind](own)
    target = tmp_path / "model.safetensors"
    conversion.convert(spec(own, target))
    read = load_file(target)
    wanted = toy_state(2.0)
    assert read.keys() == wanted.keys()
    assert all(read[name].dtype == wanted[name].dtype for name in wanted)
    assert all(torch.allclose(read[name].float(), wanted[name].float(), atol=2e-3) for name in wanted)


def spec(source: Path, target: Path, **changes: Any) -> conversion.ConversionSpec:
    fields: dict[str, Any] = {
        "source": str(source),
        "target": str(target),
        "file": source.name,
        "title": "Toy",
        "kind": "tensors",
        "telling": {"0.weight": (300, 4)},
        "others": {"The other": {"deep.weight": (2, 2)}},
        "network": f"{__name__}:scripted",
        "strict": True,
        "most_bytes": 1 << 20,
        "metadata": {},
    }
    return conversion.ConversionSpec(**fields | changes)


def refused_files(tmp_path: Path) -> dict[str, tuple[Writes, str]]:
    fewer, more, other_size = toy_state(), toy_state(), toy_state()
    del fewer["1.bias"]
    more["2.weight"] = torch.zeros(3)
    other_size["0.bias"] = torch.zeros(301)
    no_number = toy_state()
    no_number["1.running_var"][3] = float("nan")

    def truncated(legacy: bool) -> Writes:
        return lambda path: path.write_bytes(saved(toy_state(), path, legacy=legacy)[:-2500])

    return {
        "a tensor too few": (lambda path: saved(fewer, path), r"lacks “1\.bias” \(1 of 7 tensors are missing\)"),
        "a tensor too many": (lambda path: saved(more, path), r"holds “2\.weight” and 1 unknown tensors"),
        "another size": (lambda path: saved(other_size, path), r"“0\.bias” is 301 in place of 300"),
        "another model": (lambda path: saved({"deep.weight": torch.zeros(2, 2)}, path), r"is The other, not Toy"),
        "cut short": (truncated(False), r"is cut short, damaged or no model"),
        "an old one cut short": (truncated(True), r"is cut short, damaged or no model"),
        "safetensors cut short": (
            lambda path: (save_file(toy_state(), path), path.write_bytes(path.read_bytes()[:-9])),
            r"is cut short, damaged or no model",
        ),
        "a program": (lambda path: saved({"0.weight": RunsCode(tmp_path / "ran")}, path), r"holds more than tensors"),
        "an old program": (lambda path: saved(RunsCode(tmp_path / "ran"), path, legacy=True), r"holds more than tensors"),
        "a bare pickle": (
            lambda path: path.write_bytes(pickle.dumps(RunsCode(tmp_path / "ran"))),
            r"more than tensors|is cut short, damaged",
        ),
        "a web page": (lambda path: path.write_bytes(b"\n<!doctype html><title>Drive</title>" + b" " * 999), r"is a web page"),
        "empty": (lambda path: path.write_bytes(b""), r"is cut short, damaged or no model"),
        "noise": (lambda path: path.write_bytes(bytes(range(256)) * 20), r"is cut short, damaged or no model"),
        "no tensors": (lambda path: saved({"state_dict": {}}, path), r"holds no tensors of Toy"),
        "no dictionary": (lambda path: saved([torch.zeros(3)], path), r"is cut short, damaged or no model"),
        "not a number": (lambda path: saved(no_number, path), r"“1\.running_var” holds values that are no numbers"),
    }


@pytest.mark.parametrize("kind", refused_files(Path()))
def test_what_is_not_the_model_is_told_in_one_sentence(kind: str, tmp_path: Path) -> None:
    own, target = tmp_path / "own.pth", tmp_path / "model.safetensors"
    write, words = refused_files(tmp_path)[kind]
    write(own)
    with pytest.raises(UnusableWeights, match=words) as caught:
        conversion.convert(spec(own, target))
    assert "\n" not in str(caught.value)
    assert not target.exists()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["a program", pytest.param("cut short", marks=pytest.mark.full)])
@pytest.mark.usefixtures("in_child")
def test_nothing_is_left_of_what_was_refused(catalogued: Catalogued, folder: Path, tmp_path: Path, kind: str) -> None:
    """The same through the child that does it."""
    catalogued()
    own = tmp_path / "own.pth"
    write, words = refused_files(tmp_path)[kind]
    write(own)
    with pytest.raises(UnusableWeights, match=words):
        store.add("toy", own, unverified=True)
    assert left(folder) == []
    assert not (tmp_path / "ran").exists()


@pytest.mark.full
@pytest.mark.usefixtures("in_child")
def test_a_child_that_dies_of_a_file_is_told(catalogued: Catalogued, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogued()
    (tmp_path / "code" / "toy_network.py").write_text("import os\ndef toy():\n    os._exit(9)\n")
    own = tmp_path / "own.pth"
    saved(toy_state(), own)
    with pytest.raises(UnusableWeights, match=r"“own\.pth” could not be converted \(exit 9\)"):
        store.add("toy", own, unverified=True)
    assert left(folder) == []


def test_a_file_that_no_hash_vouches_for_needs_a_network_to_be_checked_against(tmp_path: Path) -> None:
    own, target = tmp_path / "own.pth", tmp_path / "model.safetensors"
    saved(toy_state(), own)
    with pytest.raises(UnusableWeights, match="cannot check its tensors otherwise"):
        conversion.convert(spec(own, target, network=None))
    with pytest.raises(MissingPackage, match="only be checked with the package no_such_module"):
        conversion.convert(spec(own, target, network="no_such_module:thing"))
    assert conversion.convert(spec(own, target, network="no_such_module:thing", strict=False)).tensors == 7


def test_folders_of_other_programs_are_understood(catalogued: Catalogued, folder: Path, published: bytes, tmp_path: Path) -> None:
    catalogued()
    place = tmp_path / "ComfyUI" / "models" / "lips"
    place.mkdir(parents=True)
    with pytest.raises(MissingWeights, match=r"no file of Toy in.*it would be called toy\.pth"):
        store.add("toy", tmp_path / "ComfyUI")
    saved(toy_state(3.0), place / "toy-old.pth")
    with pytest.raises(UnusableWeights, match="no published file"):
        store.add("toy", tmp_path / "ComfyUI")
    (place / "toy.pth").write_bytes(published)
    assert same_as_toy(store.add("toy", tmp_path / "ComfyUI"))
    with pytest.raises(MissingWeights, match="no file or folder at"):
        store.add("toy", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("model_id", "place"),
    [
        ("musetalk-1.5", "MuseTalk/models/musetalkV15/unet.pth"),
        ("sd-vae-ft-mse", "MuseTalk/models/sd-vae/diffusion_pytorch_model.bin"),
        ("whisper-tiny", "MuseTalk/models/whisper/pytorch_model.bin"),
        ("latentsync-1.6", "LatentSync/checkpoints/latentsync_unet.pt"),
        ("whisper-tiny", "LatentSync/checkpoints/whisper/tiny.pt"),
        ("syncnet", "LatentSync/checkpoints/auxiliary/syncnet_v2.model"),
        ("wav2lip-gan", "Easy-Wav2Lip/checkpoints/Wav2Lip_GAN.pth"),
        ("wav2lip", "Wav2Lip/checkpoints/wav2lip.pth"),
        ("musetalk-1.5", "hub/models--TMElyralab--MuseTalk/snapshots/3ef28b/musetalkV15/unet.pth"),
        ("sd-vae-ft-mse", "hub/models--stabilityai--sd-vae-ft-mse/snapshots/31f26f/diffusion_pytorch_model.safetensors"),
        ("latentsync-1.5", "ComfyUI/custom_nodes/ComfyUI-LatentSyncWrapper/checkpoints/latentsync_unet.pt"),
        ("s3fd", "torch/hub/checkpoints/s3fd-619a316812.pth"),
        ("fan-3d", "torch/hub/checkpoints/3DFAN4-7835d9f11d.pth.tar"),
    ],
)
def test_each_models_file_is_found_in_its_programs_folder(folder: Path, tmp_path: Path, model_id: str, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.touch()
    (path.parent / "readme.txt").touch()
    assert candidates(model(model_id), tmp_path / place.split("/")[0]) == [path]


def test_what_was_changed_after_it_was_installed_is_told(catalogued: Catalogued, folder: Path, published: bytes, tmp_path: Path) -> None:
    catalogued()
    path = store.get("toy")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(UnusableWeights, match=r"Toy in .* is not as it was installed: type `heygem models remove toy`"):
        store.verify("toy")


def test_a_folder_that_is_only_read_stays_as_it_is(
    catalogued: Catalogued, folder: Path, published: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued()
    store.get("toy")
    share = tmp_path / "share"
    folder.rename(share)
    monkeypatch.setenv("HEYGEM_EXTRA_MODELS", str(share))
    assert store.verify("toy").code == "weights.whole"
    with pytest.raises(MissingWeights, match="which is only read"):
        store.remove("toy")
    monkeypatch.delenv("HEYGEM_EXTRA_MODELS")
    with pytest.raises(MissingWeights, match="nothing to remove"):
        store.remove("toy")


def test_whispers_encoder_is_the_same_from_both_of_its_files(tmp_path: Path) -> None:
    torch.manual_seed(3)
    hugging = {"conv1.weight": torch.rand(2, 3), "embed_positions.weight": torch.rand(2), "layer_norm.bias": torch.rand(2)}
    layer = (
        "self_attn.q_proj.weight",
        "self_attn.out_proj.bias",
        "self_attn_layer_norm.weight",
        "fc1.bias",
        "fc2.weight",
        "final_layer_norm.bias",
    )
    hugging |= {f"layers.0.{name}": torch.rand(2) for name in layer}
    theirs = {value: key for key, value in conversion._OPENAI.items()}

    def openai(name: str) -> str:
        if not name.startswith("layers."):
            return {"embed_positions.weight": "positional_embedding", "layer_norm.bias": "ln_post.bias"}.get(name, name)
        inner, last = name.removeprefix("layers.0.").rsplit(".", 1)
        return f"blocks.0.{theirs[inner]}.{last}"

    noise = {"decoder.x": torch.zeros(1)}
    first = {f"model.encoder.{name}": value for name, value in hugging.items()} | noise
    second = {f"encoder.{openai(name)}": value for name, value in hugging.items()} | noise
    for read in (first, second):
        made = conversion._whisper_encoder(read)
        assert made.keys() == hugging.keys()
        assert all(torch.equal(made[name], hugging[name]) for name in hugging)
