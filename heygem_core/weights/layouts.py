"""Finds a model in a folder of another program: a checkout of MuseTalk, LatentSync or Wav2Lip with its checkpoints, the models of ComfyUI,
the cache of Hugging Face. A file is known by the end of its path (`found_as` of the catalogue); what it really is, its hash or its
tensors tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from .catalogue import Model

_MOST_FILES = 200_000  # that are looked at
_DEEPEST = 8
_PASSED_OVER = {".git", "node_modules", "__pycache__", "site-packages"}


def candidates(entry: Model, folder: Path) -> list[Path]:
    """Files below a folder that may be this model, the likeliest first: of a size that is known, then as the patterns stand."""
    patterns = [*(file.name.lower() for file in entry.files), *(pattern.lower() for pattern in entry.found_as)]
    sizes = {file.size for file in entry.files if file.size is not None}
    found: list[tuple[bool, int, str, Path]] = []
    for path in _files(folder):
        relative = path.relative_to(folder.parent).as_posix().lower()
        rank = next((number for number, pattern in enumerate(patterns) if _ends(relative, pattern)), None)
        if rank is not None:
            found.append((path.stat().st_size not in sizes, rank, relative, path))
    return [path for *_, path in sorted(found)]


def _ends(relative: str, pattern: str) -> bool:
    parts, wanted = relative.split("/"), pattern.split("/")
    return len(parts) >= len(wanted) and all(map(fnmatchcase, parts[-len(wanted) :], wanted))


def _files(folder: Path) -> Iterator[Path]:
    seen = 0
    for root, folders, names in os.walk(folder):
        depth = len(Path(root).relative_to(folder).parts)
        folders[:] = [] if depth >= _DEEPEST else sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(names):
            seen += 1
            if seen > _MOST_FILES:
                return
            path = Path(root, name)
            if path.is_file():  # links of Hugging Face's cache are followed
                yield path
