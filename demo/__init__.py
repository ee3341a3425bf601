"""A shop's made-up history, loaded into the stand-in."""
