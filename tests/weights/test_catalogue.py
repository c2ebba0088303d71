"""The catalogue of models: what ships, what a user adds, and where models are found."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from heygem_core.errors import MissingWeights, SpecError
from heygem_core.weights.catalogue import licence_of, model, models
from heygem_core.weights.folders import models_folder
from heygem_core.weights.installed import first_installed, path_of
from heygem_core.weights.loading import load_strictly


def put(folder: Path, model_id: str, **tensors: torch.Tensor) -> Path:
    path = folder / model_id / "model.safetensors"
    path.parent.mkdir(parents=True)
    save_file(tensors or {"weight": torch.ones(1)}, path)
    return path


def test_every_entry_has_its_licence_and_a_file_that_is_known(folder: Path) -> None:
    assert {"wav2lip", "wav2lip-gan", "musetalk-1.5", "sd-vae-ft-mse", "whisper-tiny", "latentsync-1.5", "latentsync-1.6"} <= set(models())
    for name, entry in models().items():
        assert entry.id == name
        assert licence_of(entry).url.startswith("https://"), name
        assert entry.files, name
        assert entry.telling, name
        if entry.network is not None:
            module, _, function = entry.network.partition(":")
            with torch.device("meta"):
                built = getattr(importlib.import_module(module), function)()
            found = built if isinstance(built, dict) else {key: tuple(value.shape) for key, value in built.state_dict().items()}
            assert {key: found.get(key) for key in entry.telling} == entry.telling, name


def test_a_model_is_found_in_our_folder_and_in_further_ones(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models_folder() == folder
    with pytest.raises(MissingWeights, match=r"Wav2Lip GAN is not on this machine: fetch it with `heygem models get wav2lip-gan`"):
        path_of("wav2lip-gan")
    with pytest.raises(MissingWeights, match=r"`heygem models add wav2lip FILE`"):
        path_of("wav2lip")
    with pytest.raises(SpecError, match=r"no model “wav2lop”: choose one of wav2lip-gan, wav2lip, "):
        path_of("wav2lop")
    share = put(tmp_path / "share", "wav2lip")
    monkeypatch.setenv("HEYGEM_EXTRA_MODELS", str(tmp_path / "share"))
    assert path_of("wav2lip") == share
    assert first_installed(("wav2lip-gan", "wav2lip")) == "wav2lip"
    assert path_of("wav2lip") != put(folder, "wav2lip")
    put(folder, "wav2lip-gan")
    assert path_of("wav2lip").parent.parent == folder
    assert first_installed(("wav2lip-gan", "wav2lip")) == "wav2lip-gan"
    assert first_installed(("syncnet",)) is None


def test_a_users_own_entry_stands_for_a_known_model(folder: Path) -> None:
    folder.mkdir()
    own = folder / "catalogue.toml"
    own.write_text('[models.anna]\nlike = "wav2lip"\ntitle = "Anna, trained on"\n')
    assert (model("anna").title, model("anna").licence, model("anna").telling) == ("Anna, trained on", "wav2lip", model("wav2lip").telling)
    put(folder, "wav2lip")
    assert first_installed(("wav2lip",)) == "wav2lip"
    put(folder, "anna")
    assert first_installed(("wav2lip-gan", "wav2lip")) == "anna"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[models", "cannot be read"),
        ("[models.anna]\ntitle = 'A'\n", "cannot be read"),
        ("[models.anna]\nlike = 'nothing'\ntitle = 'A'\n", "needs a name of its own"),
        ("[models.wav2lip]\nlike = 'wav2lip'\ntitle = 'A'\n", "needs a name of its own"),
        ("[models.'../up']\nlike = 'wav2lip'\ntitle = 'A'\n", "needs a name of its own"),
        ("[models.anna]\nlike = 'wav2lip'\ntitle = 'A'\nlicence = 'mine'\n", "names the licence “mine”"),
        ("[models.anna]\nlike = 'wav2lip'\ntitle = 'A'\nnetwork = 'os:system'\n", "cannot be read"),
        ("[models.anna]\nlike = 'wav2lip'\ntitle = 'A'\n[[models.anna.files]]\nname = 'a'\nsha256 = 'x'\n", "cannot be read"),
    ],
)
def test_what_is_wrong_in_a_users_catalogue_is_told(folder: Path, text: str, words: str) -> None:
    folder.mkdir()
    (folder / "catalogue.toml").write_text(text)
    with pytest.raises(SpecError, match=words):
        models()


def test_a_network_is_loaded_with_every_tensor_accounted_for(folder: Path) -> None:
    weight, bias = torch.rand(2, 3), torch.rand(2)
    path = put(folder, "wav2lip", weight=weight.half(), bias=bias)
    network = load_strictly(torch.nn.Linear(3, 2), path)
    assert (network.weight.dtype, network.training, network.weight.requires_grad) == (torch.float32, False, False)
    with torch.device("meta"):
        bare = torch.nn.Linear(3, 2)
    assert load_strictly(bare, path).weight.dtype == torch.float16
    named = load_strictly(
        torch.nn.Sequential(torch.nn.Linear(3, 2)), path, lambda state: {f"0.{key}": value for key, value in state.items()}
    )
    assert torch.equal(named[0].bias, bias)
    cases = (
        (torch.nn.LayerNorm((2, 3)), "“bias” is 2 in place of 2×3"),
        (torch.nn.Linear(3, 2, bias=False), "holds “bias” and 1 unknown"),
        (torch.nn.BatchNorm1d(2), r"lacks “running_mean” \(3 of 5 tensors"),
    )
    for other, words in cases:
        with pytest.raises(MissingWeights, match=words):
            load_strictly(other, path)
    path.write_bytes(b"<html>" * 100)
    with pytest.raises(MissingWeights, match="is damaged or no safetensors file"):
        load_strictly(torch.nn.Linear(3, 2), path)
    path.unlink()
    with pytest.raises(MissingWeights, match="no model at"):
        load_strictly(torch.nn.Linear(3, 2), path)
