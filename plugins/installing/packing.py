"""Packs the Premiere panels: `python -m heygem_plugins.installing.packing zxp|ccx FOLDER`.

zxp: a folder and a zip of it, ready for Adobe's ZXPSignCmd, which wants a certificate. ccx: a zip that UXP's Developer Tool and the
installer of Creative Cloud read. The same files give the same bytes.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from . import sources

_MOMENT = (2020, 1, 1, 0, 0, 0)


def pack(kind: str, folder: Path) -> Path:
    """Writes into `folder`; returns the archive. Raises: ValueError — another kind than zxp or ccx."""
    if kind not in ("zxp", "ccx"):
        raise ValueError(f"a panel is packed as zxp or ccx, got {kind!r}")
    files = sources.cep_panel() if kind == "zxp" else sources.uxp_panel()
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "ccx":
        return write_zip(folder / "heygem-bridge.ccx", files)
    for name, content in files.items():
        target = folder / "heygem-bridge-cep" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return write_zip(folder / "heygem-bridge-cep.zip", files)


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return path


def main(arguments: list[str]) -> int:
    kind, folder = arguments
    archive = pack(kind, Path(folder))
    print(archive)
    if kind == "zxp":
        print(f"sign it: ZXPSignCmd -sign {Path(folder) / 'heygem-bridge-cep'} heygem-bridge.zxp CERTIFICATE.p12 PASSWORD")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
