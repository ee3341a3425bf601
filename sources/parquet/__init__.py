"""Parquet files: their footers, and the one layout that fits all of them."""
