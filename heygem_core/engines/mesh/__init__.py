"""The default engine: the person's own pixels, moved to the wanted mouth shape. No downloaded weights."""
