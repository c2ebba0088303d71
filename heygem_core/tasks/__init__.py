"""Tasks of child processes: their specs, which function does each, and the process that does one after another."""
