"""Which devices a machine has is told without loading torch, where only the processor can be meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from heygem_core.machine import device
from heygem_core.machine.cards import Card


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Linux machine without any card."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(device, "_AMD_DRIVER", tmp_path / "kfd")
    monkeypatch.setattr(device, "cards_here", lambda: ())
    monkeypatch.setattr(device, "usable_devices", lambda: ("cuda", "cpu"))


def test_without_a_driver_it_is_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert device.devices_here() == ("cpu",)


def test_nvidias_driver_amds_and_a_mac_are_asked_through_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(device, "cards_here", lambda: (Card(visible="0", title="a card"),))
        assert device.devices_here() == ("cuda", "cpu")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "darwin")
        assert device.devices_here() == ("cuda", "cpu")
    (tmp_path / "kfd").touch()
    assert device.devices_here() == ("cuda", "cpu")
