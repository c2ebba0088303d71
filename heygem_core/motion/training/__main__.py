"""Trains a motion model from a spec: `python -m heygem_core.motion.training SPEC` (see `run`)."""

from __future__ import annotations

import sys

from .run import main

sys.exit(main())
