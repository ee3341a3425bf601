"""A number with its noun, for texts that users read."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return `number` of `noun`: 1 event, 2 events."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
