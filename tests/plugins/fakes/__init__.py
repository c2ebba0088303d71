"""Editors that behave as recorded, silent failures included."""
