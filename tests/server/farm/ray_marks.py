"""What marks tests that need Ray: only `make test-full` brings it."""

from __future__ import annotations

import importlib.util

import pytest

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: make test-full brings it")
