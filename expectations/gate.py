"""The fraction of rejected rows above which nothing is sent."""

from __future__ import annotations


def too_many_rejected(rejected: int, read: int, max_fraction: float) -> str | None:
    """Return why the run is refused, or None if `rejected / read` is at most `max_fraction` (0 to 1).

    Nothing read is nothing rejected. The division is correctly rounded, so a share of exactly `max_fraction`
    passes.
    """
    if read == 0 or rejected / read <= max_fraction:
        return None
    share = rejected / read
    allowed = f"checks.max_rejected_fraction allows {max_fraction:.4%}"
    return f"{rejected:,} of {read:,} rows were rejected ({share:.4%}); {allowed}."
