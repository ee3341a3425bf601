"""A column by its name, of any characters."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def column_named(name: str) -> Column:
    """Return the column of exactly this name: a dot in it does not nest, and a backtick does not quote."""
    return F.col(f"`{name.replace('`', '``')}`")
