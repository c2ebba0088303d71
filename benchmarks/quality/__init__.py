"""Renders clips with their own speech, another clip's, and none, measures the takes, and writes one table and one page.

python -m benchmarks.quality CLIP… -o FOLDER [--frames N] [--baseline OLD/quality.json]
"""
