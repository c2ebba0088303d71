"""Reads what media files are, and makes the pictures and sounds by which people look at them. Each task runs in a child process."""
