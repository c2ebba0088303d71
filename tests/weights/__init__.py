"""Tests of `heygem_core.weights`."""
