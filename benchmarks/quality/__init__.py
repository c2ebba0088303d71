"""Looks at whole takes: each clip says its own speech, another clip's, and nothing; every measure, one table, one page.

python -m benchmarks.quality CLIP… -o FOLDER [--frames N] [--baseline OLD/quality.json]
"""
