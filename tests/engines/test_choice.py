"""What `auto` means, and what is said of takes whose models are not for business."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from heygem_core.engines import choice
from heygem_core.engines.base import Needs, Package
from heygem_core.engines.choice import models_used, settled
from heygem_core.errors import DeviceUnavailable
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.rendering import provenance
from heygem_core.rendering.provenance import seal_of, xmp_packet
from heygem_core.shot import RenderSettings
from heygem_core.weights.licences import limits_of

AUTO = RenderSettings(engine="auto")


class Wanting:
    """An engine of which only the needs are told."""

    def __init__(self, name: str, **needs: Any) -> None:
        self.name, self.needs = name, Needs(**needs)


class Engines:
    def __init__(self, *engines: Wanting) -> None:
        self.known = {engine.name: engine for engine in (*engines, Wanting("mesh"))}

    def names(self) -> tuple[str, ...]:
        return tuple(self.known)

    def get(self, name: str) -> Wanting:
        return self.known[name]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says which engines there are, which models are installed, and what draws."""
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path))
    monkeypatch.delenv("HEYGEM_EXTRA_MODELS", raising=False)

    def said(*engines: Wanting, models: tuple[str, ...] = (), device: str | None = "cuda") -> None:
        def device_for(engine: Wanting, name: str) -> torch.device:
            if device is None:
                raise DeviceUnavailable("engine.no-device", engine=engine.name, devices=["cuda"])
            return torch.device(device)

        monkeypatch.setattr(choice, "ENGINES", Engines(*engines))
        monkeypatch.setattr(provenance, "ENGINES", Engines(*engines))
        monkeypatch.setattr(choice, "device_for", device_for)
        for model_id in models:
            (tmp_path / model_id).mkdir()
            (tmp_path / model_id / "model.safetensors").touch()

    return said


def test_what_is_named_stays(here: Any) -> None:
    here()
    for name in ("mesh", "of-another-package"):
        assert settled(RenderSettings(engine=name)) == (RenderSettings(engine=name), None)


def test_the_usual_engine_is_chosen_where_there_is_no_other(here: Any) -> None:
    here()
    settings, why = settled(AUTO)
    assert (settings.engine, why.code) == ("mesh", "engine.auto")


LATENTSYNC = {"models": (("latentsync-1.6", "latentsync-1.5"), "sd-vae-ft-mse")}


@pytest.mark.parametrize(
    ("models", "device", "engine", "words"),
    [
        ((), "cuda", "mesh", r"latentsync \(lacks its model: `heygem models get latentsync-1\.6`\), musetalk \(lacks its model"),
        (("latentsync-1.5",), "cuda", "mesh", r"latentsync \(lacks its model: `heygem models get sd-vae-ft-mse`\)"),
        (("latentsync-1.5", "sd-vae-ft-mse"), "cuda", "latentsync", r"“latentsync” was chosen: it is the best one"),
        (("latentsync-1.5", "sd-vae-ft-mse"), "cpu", "mesh", r"latentsync \(too slow without a graphics card\)"),
        (("latentsync-1.5", "sd-vae-ft-mse"), None, "mesh", r"latentsync \(not on this device, or with too little memory\)"),
        (("musetalk-1.5",), "mps", "musetalk", r"“musetalk” was chosen, the best one.*latentsync \(lacks"),
    ],
)
def test_the_best_that_is_here_and_runs_is_chosen(here: Any, models: tuple[str, ...], device: str | None, engine: str, words: str) -> None:
    here(Wanting("musetalk", models=("musetalk-1.5",)), Wanting("latentsync", **LATENTSYNC), models=models, device=device)
    settings, why = settled(AUTO)
    assert settings.engine == engine
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(why.message)


@pytest.mark.parametrize(
    ("draws_on", "engine"), [(None, "mesh"), ("cuda", "latentsync"), ("mps", "mesh"), ("cpu", "mesh")]
)  # another machine draws it
def test_what_a_machine_without_a_card_plans_is_chosen_for_the_one_that_draws_it(here: Any, draws_on: Any, engine: str) -> None:
    here(Wanting("latentsync", devices=("cuda", "cpu"), **LATENTSYNC), models=("latentsync-1.5", "sd-vae-ft-mse"), device=None)
    assert settled(AUTO, draws_on)[0].engine == engine


def test_a_package_that_is_missing_is_named(here: Any) -> None:
    here(Wanting("latentsync", packages=(Package(module="no_such_module", install="pip install it"),)))
    settings, why = settled(AUTO)
    assert (settings.engine, "latentsync (lacks the package no_such_module)" in why.message) == ("mesh", True)


def test_what_is_not_for_business_is_never_chosen_by_itself(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_BEST_FIRST", ("wav2lip",))
    here(Wanting("wav2lip", models=(("wav2lip-gan", "wav2lip"),)), models=("wav2lip",))
    settings, why = settled(AUTO)
    assert (settings.engine, "wav2lip (not for business)" in why.message) == ("mesh", True)


@pytest.mark.parametrize("label", [True, False])
@pytest.mark.parametrize("format_name", ["h264", "prores", "ffv1"])
def test_takes_of_what_is_not_for_business_say_so_in_their_files(here: Any, label: bool, format_name: str) -> None:
    engine = Wanting("wav2lip", models=(("wav2lip-gan", "wav2lip"),))
    here(engine, models=("wav2lip",))
    assert models_used(engine) == ("wav2lip",)
    (limit,) = limits_of(models_used(engine))
    row = DELIVERABLES.get(format_name)
    container = type("Container", (), {"metadata": {}})()
    seal = seal_of(RenderSettings(engine="wav2lip", label_synthetic=label), row)
    seal.mark(container, row)
    assert limit.message in container.metadata["comment"]
    assert "not for business" in limit.message
    assert ("Synthetic media" in container.metadata["comment"]) == label
    plain = type("Container", (), {"metadata": {}})()
    seal_of(RenderSettings(engine="mesh", label_synthetic=label), row).mark(plain, row)
    assert "business" not in str(plain.metadata)


def test_xmp_holds_the_terms_beside_the_rest() -> None:
    from defusedxml.ElementTree import fromstring

    text = xmp_packet("wav2lip", ("Not for <business>.",))
    root = fromstring(text)
    (terms,) = root.iter("{http://ns.adobe.com/xap/1.0/rights/}UsageTerms")
    assert "".join(terms.itertext()).strip() == "Not for <business>."
    assert "UsageTerms" not in xmp_packet("mesh")
