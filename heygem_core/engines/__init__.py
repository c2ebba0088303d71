"""Engines turn a planned shot and its frames into mouth pixels and a matte."""
