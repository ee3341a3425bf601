"""The folders of runs in an output, and the list of them."""
