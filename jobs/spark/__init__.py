"""The Spark session of a run: settings, connectors, failures."""
