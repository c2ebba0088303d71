"""Placing takes, switching between versions, and the speech beside them."""
