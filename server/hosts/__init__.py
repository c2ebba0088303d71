"""Connected editors ("hosts"): who is connected, what is asked of them, and the files they export."""
