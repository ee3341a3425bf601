"""The identity of a set of rows in any order and in any files, by which an earlier import is found again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Self

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_SECOND = "second"
_HALF = 32
_LOW_BITS = 2**_HALF - 1


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The rows that files can hold, and how many events they can't hold, by reason.

    `bytes` of the lines with their ends; `hashes`: two 64-bit hashes of every line, one combined by XOR,
    the other added up, so that a repeated line counts twice.
    """

    rows: int
    bytes: int
    hashes: str
    left_out: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: DataFrame) -> Self:
        """Compute it from `rows` (columns `line`, `obstacle`) in one pass."""
        counts = rows.groupBy("obstacle").agg(
            F.count(F.lit(1)).alias("rows"),
            F.sum(F.octet_length("line") + 1).alias("bytes"),
            F.bit_xor(F.xxhash64("line")).alias("xor"),
            # As two halves, so that each sum fits into a long: a decimal would be an object for each row.
            F.sum(F.shiftright(_second_hash(), _HALF)).alias("high"),
            F.sum(_second_hash().bitwiseAND(F.lit(_LOW_BITS))).alias("low"),
        )
        found = {row["obstacle"]: row for row in counts.collect()}
        kept = found.pop(None, None)
        left_out = {reason: row["rows"] for reason, row in sorted(found.items())}
        if kept is None:
            return cls(0, 0, "", left_out)
        added_up = (kept["high"] << _HALF) + kept["low"]
        return cls(kept["rows"], kept["bytes"], f"{kept['xor']}.{added_up}", left_out)

    def name(self, *context: str) -> str:
        """Return a name for these rows in `context`: 32 hexadecimal digits, unique to rows and context."""
        text = "\n".join([*context, str(self.rows), str(self.bytes), self.hashes])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _second_hash() -> Column:
    return F.xxhash64("line", F.lit(_SECOND))
