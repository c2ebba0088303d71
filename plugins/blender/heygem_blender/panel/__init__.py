"""The panel in the sequencer's side bar: what it shows, what it submits, and Blender as the shared panel needs it."""
