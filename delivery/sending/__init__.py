"""Send a partition's requests, one after the other within each session."""
