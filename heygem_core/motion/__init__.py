"""Speech to mouth shape, free of pose and frame rate: predict, adapt to a person, train."""
