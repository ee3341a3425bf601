"""The Spark that a run works on: session, settings, connectors, failures."""
