"""Progress of a run, as lines or on a screen."""
