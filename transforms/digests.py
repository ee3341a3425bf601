"""Digests: texts of any length as 32 hexadecimal digits, the same in every run and on every machine."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

HEX_DIGITS = 32
"""128 bits: among 10^12 texts, a clash has a chance below 10^-14. The service takes ids of up to 256 characters."""


def digest(text: Column) -> Column:
    """Return the first `HEX_DIGITS` of the text's SHA-256 (FIPS 180-4) over its UTF-8; null for null."""
    # Cut as bytes: as a string it is searched for the end of its 32nd character, which takes as long as the
    # hash.
    return F.substring(F.sha2(text, 256).cast("binary"), 1, HEX_DIGITS).cast("string")
