"""What the packages agree on: errors, URLs, path patterns."""
