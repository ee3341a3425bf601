"""The deterministic event id, which makes every resend safe.

It is a hash over the event's canonical content and over nothing else: not the run, the partition, the row's
position, the time window, a derived session, the Java version or the order of the mapping. Later events
with an id that Personalize has seen are not used in training (developer guide, Recording events).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from transforms.identity import bits

HEX_DIGITS = 32
"""128 bits: among 10^12 texts, a clash has a chance below 10^-14. The service takes ids of up to 256 characters."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an event's content: its name, its value, and whether that is a floating-point number."""

    name: str
    value: Column
    fractional: bool = False


def content_id(parts: Sequence[Part]) -> Column:
    """Digest the parts; never null. Null parts are left out, so that mapping more columns changes no other id.

    Each part enters as `name=length:text`, so no two contents have the same text and an absent part differs
    from an empty one. Parts are ordered by name.
    """
    return digest(F.concat_ws("", *(_written(part) for part in sorted(parts, key=lambda part: part.name))))


def digest(text: Column) -> Column:
    """Return the first `HEX_DIGITS` of the text's SHA-256 (FIPS 180-4) over its UTF-8; null for null."""
    # Cut as bytes: as a string it is searched for the end of its 32nd character, which takes as long as the
    # hash.
    return F.substring(F.sha2(text, 256).cast("binary"), 1, HEX_DIGITS).cast("string")


def _written(part: Part) -> Column:
    """Write `name=length:text`; null when the value is, and concat_ws leaves nulls out."""
    text = bits(part.value) if part.fractional else part.value.cast("string")
    return F.concat(F.lit(f"{part.name}="), F.octet_length(text).cast("string"), F.lit(":"), text)
