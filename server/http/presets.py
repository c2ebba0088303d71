"""The settings that people saved under a name, for everybody who uses this server; kept in presets.json."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from heygem_core.errors import SpecError
from heygem_core.shot import from_json, to_json

from ..errors import BadRequest
from ..log import LOGGER
from ..security.private_files import write_private
from ..wire import Preset

_MOST = 200


class Presets:
    """Safe to call from any thread."""

    def __init__(self, data_folder: Path) -> None:
        self._file = data_folder / "presets.json"
        self._changing = threading.Lock()

    def all(self) -> list[Preset]:
        """By name. One that another version wrote and this one does not understand stays in the file and is left out here."""
        return sorted(self._read()[0].values(), key=lambda preset: preset.name.casefold())

    def put(self, preset: Preset) -> None:
        """Raises: BadRequest — there are too many; OSError."""
        with self._changing:
            known, strange = self._read()
            if preset.name not in known and len(known) >= _MOST:
                raise BadRequest("preset.too-many", most=_MOST)
            self._write(known | {preset.name: preset}, strange)

    def forget(self, name: str) -> None:
        """Nothing happens where there is none of that name. Raises: OSError."""
        with self._changing:
            known, strange = self._read()
            if known.pop(name, None) is not None:
                self._write(known, strange)

    def _read(self) -> tuple[dict[str, Preset], list[msgspec.Raw]]:
        known: dict[str, Preset] = {}
        strange: list[msgspec.Raw] = []
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=list[msgspec.Raw])
        except FileNotFoundError:
            return known, strange
        except (OSError, msgspec.DecodeError) as error:
            LOGGER.warning("The presets in %s cannot be read: %s", self._file.name, error)
            return known, strange
        for each in kept:
            try:
                preset = from_json(bytes(each), Preset)
                known[preset.name] = preset
            except SpecError:
                strange.append(each)
        return known, strange

    def _write(self, known: dict[str, Preset], strange: list[msgspec.Raw]) -> None:
        parts = [*(to_json(preset) for preset in known.values()), *(bytes(each) for each in strange)]
        write_private(self._file, b"[" + b",\n".join(parts) + b"]")
