"""What all packages share: errors, URLs, path patterns, storage and access to AWS."""
