"""Engines decide and draw the mouth of a planned shot: what an engine is (`base`), where it is found (`registry`), and what all share."""
