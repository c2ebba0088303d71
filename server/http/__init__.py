"""The server as a process: one per user, its resources in order, its routes, files in and out."""
