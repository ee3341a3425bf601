"""Tables: Delta Lake, Apache Iceberg, and those of a catalog, each read through its own connector."""
