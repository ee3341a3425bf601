"""A first configuration, guessed from the files of the source."""
