"""Rows of the demo's columns, with some values drawn from the edges of what the service allows; it judges no row.

The edges are those of botocore's personalize-events model and of the developer guide (Endpoints and quotas; Schemas):
lengths, times, numbers, sizes, and words and blanks that are used for a missing value.
"""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa

FUZZED_COLUMNS = 2
"""The maximum number of unusual columns in a row: one alone shows what is wrong with it, two interact."""

_WORDS = (
    "",
    " ",
    "   ",
    "\t",
    "\n",
    "\u00a0",
    "\u2003",
    "null",
    "NULL",
    " null ",
    "None",
    "none",
    "nan",
    "NaN",
)
_ODD = (
    "a|b",
    'qu"ote',
    "back\\slash",
    "\u0000",
    "\u001f",
    "\u007f",
    "é",
    "日本",
    "🛒",
    "🛒" * 20,
    "nullable",
    "a\u2028b",
)
_EDGES = (1, 39, 40, 41, 255, 256, 257, 1000, 1001, 1023, 1024, 1025)
_LETTERS = ("x", "é", "🛒", '"')
_SECONDS = (
    0,
    -1,
    1,
    315_532_799,
    315_532_800,
    1_760_000_000,
    4_102_444_799,
    4_102_444_801,
    1_760_000_000_000,
    2**62,
)
_VALUES = (0.0, -0.0, -1.5, 1e-300, 3.4e38, 3.5e38, -3.5e38, float("nan"), float("inf"), float("-inf"), 0.1)
_SIZES = (0, 1, 3, 24, 25, 26, 40)

_TEXTS = (
    "user_id",
    "session_id",
    "event_type",
    "item_id",
    "recommendation_id",
    "event_attribution_source",
    "discount",
)
SCHEMA = pa.schema(
    [
        ("row_id", pa.string()),
        *((name, pa.string()) for name in _TEXTS),
        ("timestamp", pa.int64()),
        ("event_value", pa.float64()),
        ("shown_items", pa.list_(pa.string())),
    ]
)


def fuzzed_row(number: int, rng: random.Random) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Draw a row of the demo's columns, and name those that come from the edges."""
    row: dict[str, Any] = {
        "row_id": f"row-{number}",
        "user_id": f"user-{number % 997}",
        "session_id": f"session-{number % 9973}",
        "event_type": rng.choice(("view", "click", "purchase")),
        "item_id": f"item-{number % 1009}",
        "recommendation_id": None,
        "event_attribution_source": None,
        "discount": "10",
        "timestamp": 1_700_000_000 + number,
        "event_value": 1.0,
        "shown_items": None,
    }
    columns = tuple(sorted(rng.sample(tuple(row)[1:], rng.randint(0, FUZZED_COLUMNS))))
    return row | {name: _edge(name, rng) for name in columns}, columns


def _edge(name: str, rng: random.Random) -> Any:  # noqa: ANN401 - a value of the column's type
    if rng.random() < 0.1:
        return None
    if name == "timestamp":
        return rng.choice(_SECONDS)
    if name == "event_value":
        return rng.choice(_VALUES)
    if name == "shown_items":
        return [
            _edge_text(rng) if rng.random() < 0.1 else f"i{rng.randrange(99)}"
            for _ in range(rng.choice(_SIZES))
        ]
    return _edge_text(rng)


def _edge_text(rng: random.Random) -> str:
    kind = rng.randrange(3)
    if kind == 0:
        return rng.choice(_WORDS)
    return rng.choice(_ODD) if kind == 1 else rng.choice(_LETTERS) * rng.choice(_EDGES)
