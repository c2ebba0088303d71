"""Timeline formats: one reader and one writer each, all through one OpenTimelineIO model."""
