"""Where models lie: one folder that is ours to write, and further ones that are only read.

    FOLDER/ID/model.safetensors      the model, converted
    FOLDER/ID/origin.json            of which file it was made (`installed.Origin`)

They are no part of the cache, which is pruned: a model is there until somebody removes it.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

VARIABLE = "HEYGEM_MODELS"  # our folder of models, in place of the one for a program's data
EXTRA_VARIABLE = "HEYGEM_EXTRA_MODELS"  # further folders of the same layout, as PATH lists them: on a share, of another user
WEIGHTS_FILE, ORIGIN_FILE = "model.safetensors", "origin.json"


def models_folder() -> Path:
    """Where models are put."""
    named = os.environ.get(VARIABLE)
    return Path(os.path.abspath(os.path.expanduser(named))) if named else platformdirs.user_data_path("heygem-bridge", False) / "models"


def folders() -> tuple[Path, ...]:
    """Where models are looked for, in this order; only the first is written to."""
    extra = [Path(os.path.abspath(os.path.expanduser(entry))) for entry in os.environ.get(EXTRA_VARIABLE, "").split(os.pathsep) if entry]
    return (models_folder(), *extra)
