"""The steps of a run: check, stage, send, count."""
