"""A made-up shop's history, loaded into the stand-in."""
