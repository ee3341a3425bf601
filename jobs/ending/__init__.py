"""A run under way and its end: leases held, stops obeyed, the account written."""
