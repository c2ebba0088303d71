"""The panel in Resolve: its window, what it submits, and Resolve as the shared panel needs it."""
