"""Trains motion models and the encoder that ships: what they learn from, the training itself, the report."""
