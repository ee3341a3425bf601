"""The base of all packages: errors, URLs, path patterns, storage and access to AWS."""
