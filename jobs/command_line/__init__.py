"""A command line: its options and its exit."""
