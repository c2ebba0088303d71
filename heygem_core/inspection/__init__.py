"""Looking at files: what they are, how they look and sound. Each task runs in a child process of its own."""
