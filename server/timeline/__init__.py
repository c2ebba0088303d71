"""Timelines in as shots, takes out as timelines."""
