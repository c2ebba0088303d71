"""What lies on the disk: the cache and its artefacts, arrays, scratch files, and what a system says when it refuses."""
