"""A speech encoder's folder may be a stranger's: only its numbers are used, and each refusal is one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heygem_core.errors import MediaNotFound, MissingWeights
from heygem_core.media.real_paths import hold_to_real_paths
from heygem_core.motion.motion_model import load_motion_model
from heygem_core.speech.encoder import open_encoder
from heygem_core.speech.encoder_names import encoder_named_in, is_path

pytest.importorskip("transformers")
import torch
from safetensors.torch import load_file, save_file

KEPT = Path(__file__).parents[1] / "contracts" / "material" / "motion"


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A tiny HuBERT checkpoint."""
    return Path(shutil.copytree(KEPT / "encoder", tmp_path / "encoder"))


def change(folder: Path, **settings: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The sentence; nothing was asked and none of the folder's code ran."""
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("a question on standard input"))
    with pytest.raises(MissingWeights) as error:
        open_encoder(str(folder))
    assert not (folder / "ran").exists()
    return str(error.value)


def test_an_honest_folder_is_opened(encoder: Path) -> None:
    assert open_encoder(str(encoder)).kind == "hubert"


@pytest.mark.parametrize("kind", ["hubert", "strange", None])
def test_code_that_an_encoder_brings_is_neither_run_nor_asked_about(
    encoder: Path, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\npathlib.Path(%r).touch()\nclass Config: pass\nclass Model: pass\n"
    )
    (encoder / "strange.py").write_text(code % str(encoder / "ran"))
    change(encoder, model_type=kind, auto_map={"AutoConfig": "strange.Config", "AutoModel": "strange.Model"})
    assert "brings code of its own" in refused(encoder, monkeypatch)


class Touches:
    """Unpickled, it leaves a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.ckpt"])
@pytest.mark.parametrize("whole", [True, False], ids=["weights", "a program"])
def test_pickles_are_not_opened(encoder: Path, name: str, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = load_file(encoder / "model.safetensors")
    (encoder / "model.safetensors").unlink()
    torch.save(weights if whole else Touches(encoder / "ran"), encoder / name)
    assert "is not opened: save it anew as model.safetensors" in refused(encoder, monkeypatch)


def test_a_pickle_beside_the_weights_is_left_alone(encoder: Path) -> None:
    torch.save(Touches(encoder / "ran"), encoder / "pytorch_model.bin")
    assert open_encoder(str(encoder)).kind == "hubert"
    assert not (encoder / "ran").exists()


def test_what_an_encoder_names_outside_its_folder_is_not_followed(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = load_file(encoder / "model.safetensors")
    for elsewhere in ("../other.safetensors", str(tmp_path / "other.safetensors"), "a\\..\\..\\b.safetensors", 5):
        shutil.copy(encoder / "model.safetensors", tmp_path / "other.safetensors")
        index = {"metadata": {}, "weight_map": dict.fromkeys(weights, elsewhere)}
        (encoder / "model.safetensors.index.json").write_text(json.dumps(index))
        if elsewhere != "a\\..\\..\\b.safetensors":
            assert "outside its own folder" in refused(encoder, monkeypatch)
    (encoder / "model.safetensors.index.json").unlink()
    (encoder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(tmp_path), "peft_type": "LORA"}))
    assert "outside its own folder" in refused(encoder, monkeypatch)


@pytest.mark.parametrize(
    "settings",
    [
        {"model_type": "no such kind"},
        {"hidden_size": "wide"},
        {"hidden_size": -1},
        {"conv_dim": []},
        {"num_hidden_layers": 10**30},
        {"encoder_layers": 1e12},
        {"conv_dim": [8] * 5000, "conv_kernel": [1] * 5000, "conv_stride": [1] * 5000, "num_feat_extract_layers": 5000},
        {"hidden_size": 1e9},
        {"hidden_size": 24},
        {"conv_kernel": {"a": 1}},
    ],
)
def test_settings_that_mean_nothing_are_a_sentence(encoder: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    change(encoder, **settings)
    assert "encoder" in refused(encoder, monkeypatch)


@pytest.mark.parametrize("damage", [b"", b"\xff" * 64, b"PK\x03\x04"])
def test_weights_that_are_none_are_a_sentence(encoder: Path, damage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (encoder / "model.safetensors").write_bytes(damage)
    assert "encoder" in refused(encoder, monkeypatch)


def test_paths_and_names() -> None:
    assert [name for name in ("offline", "openai/whisper-tiny.en", "hubert") if is_path(name)] == []
    paths = ("/a/b", "../b", "a/../b", "./a", "C:\\a", "\\\\s\\a", "a/b/c", "a\\b", "~/a", "..", "a/..", "", "a b")
    assert [name for name in paths if not is_path(name)] == []


# --- models that name an encoder


@pytest.fixture
def naming(tmp_path: Path) -> Iterator[Any]:
    """Makes a motion model that names this encoder."""

    def make(encoder: str) -> Path:
        from safetensors import safe_open

        with safe_open(KEPT / "encoder.safetensors", "pt") as file:
            facts = json.loads(file.metadata()["head"])
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 — not a dict
        facts["encoder"]["name"] = encoder
        save_file(state, tmp_path / "model.safetensors", metadata={"head": json.dumps(facts)})
        load_motion_model.cache_clear()
        return tmp_path / "model.safetensors"

    yield make
    load_motion_model.cache_clear()
    hold_to_real_paths(())


def test_the_head_of_a_model_tells_which_encoder_it_wants(naming: Any, tmp_path: Path) -> None:
    with naming("/elsewhere/encoder").open("rb") as file:
        assert encoder_named_in(file) == "/elsewhere/encoder"
    with (KEPT / "mel.safetensors").open("rb") as file:
        assert encoder_named_in(file) is None
    for damage in (b"", b"\xff" * 100, b"\x04" + bytes(7) + b"null", b"\x02" + bytes(7) + b"{}", b"\x08" + bytes(7) + b"[" * 8):
        (tmp_path / "damaged").write_bytes(damage)
        with (tmp_path / "damaged").open("rb") as file:
            assert encoder_named_in(file) is None


def test_a_worker_follows_no_path_that_a_model_names(naming: Any, encoder: Path) -> None:
    """The server checked the model's own path; the file may have been exchanged since."""
    model = naming(str(encoder))
    assert load_motion_model(str(model)).encoder.name == str(encoder)  # the command line: whoever names a model means it
    load_motion_model.cache_clear()
    hold_to_real_paths([str(model)])
    with pytest.raises(MissingWeights, match="which nobody allowed"):
        load_motion_model(str(model))
    assert load_motion_model(str(model), str(encoder)).encoder.name == str(encoder)


def test_a_model_or_an_encoder_behind_a_link_that_came_meanwhile_is_not_opened(naming: Any, encoder: Path, tmp_path: Path) -> None:
    model = naming(str(encoder))
    (tmp_path / "link").symlink_to(tmp_path)
    hold_to_real_paths([str(tmp_path / "link" / model.name), str(tmp_path / "link" / encoder.name)])
    with pytest.raises(MediaNotFound, match="there is a link now"):
        load_motion_model(str(tmp_path / "link" / model.name), str(encoder))
    with pytest.raises(MediaNotFound, match="there is a link now"):
        open_encoder(str(tmp_path / "link" / encoder.name))
