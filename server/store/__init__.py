"""The only truth: jobs, shots, segments, attempts, takes and events in SQLite."""
