"""Child processes that do the work, and who watches them."""
