"""Puts the panels where the editors look for them, and takes them away again."""
