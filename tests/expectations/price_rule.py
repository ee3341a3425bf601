"""An entry of a suite: one expectation on the column `price`."""

from __future__ import annotations

from typing import Any


def price_rule(severity: str, **kwargs: object) -> dict[str, Any]:
    return {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "price", **kwargs},
        "severity": severity,
    }
