"""Java, jars and trust for a Spark that is started on this machine."""
