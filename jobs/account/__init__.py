"""The account of a run, with an outcome for each row: its status and its summary."""
