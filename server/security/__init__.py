"""The door: who may come in, and what they may ask for. One idea per module; `access` puts them in order."""
