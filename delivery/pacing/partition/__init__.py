"""A partition's side: ask the driver for slots ahead of need, use them, and report."""
