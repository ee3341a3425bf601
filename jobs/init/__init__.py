"""A first configuration, guessed from a file of the source."""
