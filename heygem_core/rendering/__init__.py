"""Draws planned shots and writes takes: any range of frames, whole takes, joined segments, reports."""
