"""Which trackers a page offers: those that have what they need on this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from heygem_core.face.face_landmarker import VARIABLE
from heygem_core.face.tracker import TrackerKind
from heygem_core.face.tracker_registry import TRACKERS, offered_trackers


def absent(device: str) -> None:
    raise AssertionError("it is not opened to be listed")


def test_a_tracker_without_its_file_is_not_offered_and_with_it_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All were offered, and a render with one of them failed for want of a model."""
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "face_landmarker.task"))
    assert not {"face-landmarker", "face-alignment"} & set(offered_trackers())
    (tmp_path / "face_landmarker.task").write_bytes(b"a model")
    assert ("face-landmarker" in offered_trackers()) == (importlib.util.find_spec("mediapipe") is not None)


def test_a_tracker_whose_package_is_absent_is_not_offered_nor_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TRACKERS, "names", lambda: ("one", "other"))
    kinds = {
        "one": TrackerKind(name="one", open=absent, module="no_such_package"),  # type: ignore[arg-type]
        "other": TrackerKind(name="other", open=absent),  # type: ignore[arg-type]
    }
    monkeypatch.setattr(TRACKERS, "get", kinds.__getitem__)
    assert offered_trackers() == ("other",)
