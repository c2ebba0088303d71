"""This machine: its devices and cards, the programs that it has, and how a Python is started on it."""
