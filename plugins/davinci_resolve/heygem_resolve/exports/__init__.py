"""Exports clips that only Resolve can decode, by its Deliver page, which is left as it was."""
