"""The folders of runs below an output, and the list of them."""
