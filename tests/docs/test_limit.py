"""What the pages say of the limit, its tolerance and its pace, is what the budget does."""

from __future__ import annotations

from delivery.pacing.driver.budget import allowed_in_a_second, pace_of
from tests.docs.blocks import ROOT

SMALL = 20
"""Requests a second: the limits below it have rules of their own."""


def page(name: str) -> str:
    return " ".join((ROOT / "docs" / name).read_text().split())


def test_the_tolerance_of_the_limit_is_the_budgets_own() -> None:
    over = round(allowed_in_a_second(1000) / 10 - 100)
    more = allowed_in_a_second(SMALL - 1) - (SMALL - 1)
    assert (
        f"at most {over} % more attempts than the limit, below {SMALL} requests/s {({1: 'one'})[more]} more"
        in page("guarantees.md")
    )


def test_the_pace_below_the_limit_is_the_budgets_own() -> None:
    large, small = round(pace_of(SMALL) / SMALL * 100), round(pace_of(SMALL - 1) / (SMALL - 1) * 100)
    for name in ("design.md", "performance.md"):
        assert f"at {large} % of the limit, below {SMALL} requests/s at {small} %" in page(name)
