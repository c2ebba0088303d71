"""The package's own code runs here, with networks of its own architecture and random weights where it looks for them.

So the points mean nothing; that the path from picture to mesh works is what these tests show. How well the mesh follows
good points is in test_mesh_from_68.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from heygem_core.errors import MissingPackage, MissingWeights
from heygem_core.face.tracker import FaceTracker
from heygem_core.face.tracker_registry import open_tracker

pytest.importorskip("face_alignment")
DETECTOR, NETWORK = "s3fd-619a316812.pth", "3DFAN4-7835d9f11d.pth.tar"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A torch hub folder with random weights; the detector's are set to see a face 512 pixels wide around the middle."""
    import torch
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.models import FAN

    hub = tmp_path_factory.mktemp("hub")
    (hub / "checkpoints").mkdir()
    torch.manual_seed(0)
    detector = s3fd()
    with torch.no_grad():
        for name, weights in detector.named_parameters():
            if "mbox" in name:
                weights.zero_()
            if "mbox_conf.bias" in name:
                weights[0] = 9.0  # background
        detector.conv7_2_mbox_conf.bias[:] = torch.tensor([0.0, 9.0])
    torch.save(detector.state_dict(), hub / "checkpoints" / DETECTOR)
    torch.save(FAN(4).state_dict(), hub / "checkpoints" / NETWORK)
    return hub


@pytest.fixture
def tracker(hub: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaceTracker]:
    import torch

    monkeypatch.setattr(torch.hub, "_hub_dir", str(hub))
    monkeypatch.setenv("HEYGEM_MODELS", str(hub / "models"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two that share one core wait for each other: ten times slower
    yield open_tracker("face-alignment", "cpu")
    torch.set_num_threads(threads)


@pytest.mark.full
def test_a_picture_goes_through_both_networks_and_becomes_a_mesh(tracker: FaceTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heygem_core.face.face_alignment_68.MIN_SCORE", -np.inf)  # random heat maps have no peaks
    monkeypatch.setattr("heygem_core.face.face_alignment_68.MAX_FACES", 1)
    picture = np.random.default_rng(0).integers(0, 255, (192, 192, 3), dtype=np.uint8)
    for first in (True, False):  # the second time where the face was, without the detector
        (face,) = tracker.detect(picture, first=first)
        assert face.points.shape == (478, 3)
        assert face.points.dtype == np.float32
        assert np.isfinite(face.points).all()
    tracker.close()


@pytest.mark.full
def test_what_the_network_does_not_believe_is_no_face(tracker: FaceTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr("heygem_core.face.face_alignment_68.MAX_FACES", 1)
    with torch.no_grad():
        for weights in tracker._net.face_alignment_net.parameters():  # type: ignore[attr-defined]
            weights.zero_()
    assert tracker.detect(np.full((64, 64, 3), 128, np.uint8), first=True) == []


def test_weights_that_are_not_here_are_a_sentence_and_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    asked: list[object] = []
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda *arguments, **_: asked.append(arguments))
    with pytest.raises(MissingWeights, match=r"fetch them with `heygem models get s3fd`, `heygem models get fan-3d`"):
        open_tracker("face-alignment", "cpu")
    assert asked == []


def test_models_that_were_installed_are_used(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `heygem models` leaves them, and with nothing in torch's own folder."""
    import torch
    from safetensors.torch import save_file

    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "nothing"))
    for model_id, name in (("s3fd", DETECTOR), ("fan-3d", NETWORK)):
        place = tmp_path / "models" / model_id
        place.mkdir(parents=True)
        save_file(torch.load(hub / "checkpoints" / name, weights_only=True), place / "model.safetensors")
    tracker = open_tracker("face-alignment", "cpu")
    wanted = torch.load(hub / "checkpoints" / NETWORK, weights_only=True)["conv1.weight"]
    assert torch.equal(tracker._net.face_alignment_net.conv1.weight, wanted)  # type: ignore[attr-defined]
    tracker.close()


def test_broken_weights_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / DETECTOR).write_bytes(b"<html>busy</html>")
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path / "models"))
    with pytest.raises(MissingWeights, match="cannot be read"):
        open_tracker("face-alignment", "cpu")


def test_without_the_package_the_install_line_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(MissingPackage, match=r"pip install .*face-alignment"):
        open_tracker("face-alignment")
