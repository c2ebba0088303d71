"""Media files: facts of them, exact frames and samples read from them, takes written to them."""
