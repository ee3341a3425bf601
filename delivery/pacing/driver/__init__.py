"""The driver's side: one budget of slots, granted to all partitions, and the orders that go with them."""
